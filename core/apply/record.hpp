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

}  // namespace fromhost::core
