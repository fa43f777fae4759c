// SPDX-License-Identifier: Apache-2.0
// Lines for the image's loader configuration.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/image/image_root.hpp"
#include "core/plan/plan.hpp"

namespace fromhost::core {

/// What makes the loader read etc/ld.so.conf.d.
inline constexpr const char* kIncludeLine = "include /etc/ld.so.conf.d/*.conf";
inline constexpr const char* kLdSoConf = "/etc/ld.so.conf";

/// The files below etc/ld.so.conf.d with `lines` (by file name) added, each line once, and etc/ld.so.conf
/// with the include that reads them, if it has none. Other lines stay. Files that need no change are left
/// out.
std::vector<PlannedText> ld_so_conf_texts(const std::map<std::string, std::vector<std::string>>& lines,
                                          const ImageRoot& image);

}  // namespace fromhost::core
