// SPDX-License-Identifier: Apache-2.0
// Will what is injected run in the image? Known from ELF files alone; nothing is executed.
#pragma once

#include <vector>

#include "core/host/host_system.hpp"
#include "core/image/image_root.hpp"
#include "core/plan/plan.hpp"
#include "core/preflight/preflight.hpp"

namespace fromhost::core {

/// Adds a finding for each reason why a loader of the image would not load a program or library of the plan:
/// no loader for it, a library that is missing, a symbol version that a library does not define, another
/// library that is found in its place. Files with the same trouble share a finding. Looks at the image as it
/// will be after the injection; `directories` are those that ldconfig will scan, empty where it does not run.
/// Symbols without a version are not compared.
void check_compatibility(Preflight& preflight, const Plan& plan, const ImageRoot& image,
                         const std::vector<ImagePath>& directories, const HostSystem& host);

}  // namespace fromhost::core
