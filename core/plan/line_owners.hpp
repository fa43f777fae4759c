// SPDX-License-Identifier: Apache-2.0
// Whose the lines are that we added to texts of the image (ld.so.conf), and what becomes of a text when lines
// go.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/manifest/manifest.hpp"
#include "core/plan/plan.hpp"

namespace fromhost::core {

/// Provider and set of all that a plan brings in a set.
std::set<std::pair<std::string, std::string>> sets_in(const Plan& plan);

/// Settles whose the lines of texts are after this plan: who wants a line, or has a library in the directory
/// that it names, owns it, if we added it. A line that was in the image before us is nobody's. What the
/// plan's sets do not want any more goes, as their files do, with the text if it was the last of our lines.
/// To be called before plan_superseded(), on a plan whose destinations are final.
void settle_line_owners(Plan& plan, const Manifest& manifest, const ImageRoot& image);

/// Why lines go from a text.
struct LinesGo {
  std::string reason;
  bool undo = false;   ///< a warning then tells of --force
  bool force = false;  ///< with our last line, also what somebody changed since
};

/// What a text then is.
enum class TextFate {
  ours,      ///< lines of ours are left in it
  not_ours,  ///< none is: it is removed, or given back, or has only what somebody else wrote
  stays,     ///< as it is: somebody has put something there that cannot be edited
};

/// Adds to the plan what leaves only the lines `left` of those of the entry, each being taken out once. Other
/// lines, also those that somebody added since, stay.
TextFate plan_lines_left(Plan& plan, const ManifestEntry& entry, const std::vector<OwnedLine>& left,
                         const LinesGo& why, const ImageRoot& image);

}  // namespace fromhost::core
