// SPDX-License-Identifier: Apache-2.0
// After ldconfig: is each injected library what the image's loader finds?
#pragma once

#include <vector>

#include "core/image/image_root.hpp"
#include "core/plan/plan.hpp"
#include "core/preflight/preflight.hpp"

namespace fromhost::core {

/// Returns how many libraries were looked up and found. Reads the image's new cache; executes nothing. Looks
/// at libraries that are ELF, named as ldconfig wants them (lib*.so*) and in one of `directories`, which
/// ldconfig scans. Throws Error (stage validate) with each that is not found, or where another file is found
/// under its soname.
std::size_t validate(const Plan& plan, const Preflight& preflight, const ImageRoot& image,
                     const std::vector<ImagePath>& directories);

}  // namespace fromhost::core
