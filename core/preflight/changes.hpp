// SPDX-License-Identifier: Apache-2.0
// What a run does to an image, name by name and in order, told before it is done.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/manifest/manifest.hpp"
#include "core/plan/plan.hpp"
#include "core/plan/removals.hpp"
#include "core/preflight/preflight.hpp"
#include "core/shared_text.hpp"

namespace fromhost::core {

/// One name in the image that is made, replaced or taken away.
struct Change {
  enum class Action { make_directory, copy, write, link, remove, give_back, remove_directory, run_ldconfig };
  /// What had the name before: nothing; something of the image's own, which is kept for --undo; or something
  /// that was injected earlier.
  enum class Replaced { nothing, images_own, injected };
  Action action = Action::copy;
  ImagePath path;                       ///< links of its directory resolved, as in the manifest
  std::string source;                   ///< copy: the file on the host; link: its target
  std::optional<std::uint64_t> bytes;   ///< copy and write, where known beforehand
  std::vector<std::string> lines;       ///< write: those that the old text does not have
  std::vector<std::string> lines_gone;  ///< write: those that only the old text has
  FileRole role = FileRole::data;       ///< copy
  Replaced replaced = Replaced::nothing;
  mode_t old_mode = 0;  ///< what is placed: st_mode of what has the name now; 0: nothing
  SharedText rule;      ///< why there; may be empty
  SharedText reason;    ///< why at all
  SharedText provider;  ///< empty: the core's own
};

/// "copy", "give back", "run ldconfig": as in JSON and for people.
std::string_view to_string(Change::Action action);

/// Is given one change after another.
using ChangeVisitor = std::function<void(Change&&)>;

/// Tells what a transaction of this plan makes of the image as it is now. `with_cache`: ldconfig runs. Reads
/// the image, writes nothing.
void visit_injection(const Plan& plan, const Preflight& preflight, const Manifest& manifest,
                     const ImageRoot& image, bool with_cache, const ChangeVisitor& visit);
/// The same for an undo. A directory counts as removed only if nothing else is in it.
void visit_undo(const Undo& undo, const Manifest& manifest, const ImageRoot& image, bool with_cache,
                const ChangeVisitor& visit);

}  // namespace fromhost::core
