// SPDX-License-Identifier: Apache-2.0
// What the manifest says after a transaction.
#pragma once

#include "core/apply/transaction.hpp"
#include "core/manifest/manifest.hpp"
#include "core/plan/plan.hpp"
#include "core/preflight/preflight.hpp"

namespace fromhost::core {

/// `old` with all that the transaction has staged, and without what the plan removes.
Manifest record(Manifest old, const Plan& plan, const Preflight& preflight, const Transaction& transaction,
                ManifestRun run);
/// What an undo leaves, with the cache and the texts as the transaction has staged them. Texts that `left`
/// does not have are not ours any more.
Manifest record_undo(Manifest left, const Transaction& transaction);

}  // namespace fromhost::core
