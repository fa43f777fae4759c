// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/image/image_root.hpp"

namespace fromhost::core {

/// What the image calls itself, for people: "Debian GNU/Linux 11 (bullseye)"; empty where it does not say.
/// Source: os-release(5).
std::string distribution(const ImageRoot& image);

}  // namespace fromhost::core
