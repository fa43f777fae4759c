// SPDX-License-Identifier: Apache-2.0
// What goes from an image: by --undo, or since an injection takes the place of an earlier one.
#pragma once

#include <string>

#include "core/manifest/manifest.hpp"
#include "core/plan/plan.hpp"

namespace fromhost::core {

/// Adds to the plan the removal of what its sets injected earlier and do not inject any more: an old driver's
/// files. What somebody changed since stays, with a warning.
void plan_superseded(Plan& plan, const Manifest& manifest, const ImageRoot& image);

struct Undo {
  Plan plan;      ///< removals, and texts without our lines; has_libraries: the image needs a new cache
  Manifest left;  ///< what stays; empty: nothing of ours will be in the image
};

/// The way back to the image before the first injection; of `provider` only if not empty: its files, and the
/// lines of which it is the last owner. What somebody changed since stays with a warning, unless `force`; of
/// a text, without our lines. Throws Error (stage plan) where nothing is injected, by nobody or not by that
/// provider.
Undo plan_undo(const Manifest& manifest, const ImageRoot& image, const std::string& provider, bool force);

}  // namespace fromhost::core
