// SPDX-License-Identifier: Apache-2.0
// The links by which programs find libraries: libfoo.so.1, as the library calls itself, to libfoo.so.1.2.3.
#pragma once

#include <string>
#include <vector>

#include "core/manifest/manifest.hpp"
#include "core/preflight/preflight.hpp"

namespace fromhost::core {

/// Adds to the findings the links that ldconfig would make for the plan's libraries in `directories`, which
/// it scans; and earlier injections by the same provider of the same library under another version's name,
/// which make room. As with ldconfig, of several versions the highest gets the link, and a file of that name
/// stays.
void find_soname_links(Preflight& preflight, const Plan& plan, const Manifest& manifest,
                       const ImageRoot& image, const std::vector<ImagePath>& directories);

/// ldconfig's order of file names: runs of digits count as numbers. Source: _dl_cache_libcmp in glibc.
/// Below, equal to or above zero.
int compare_library_names(const std::string& a, const std::string& b);

/// Does ldconfig look at a file of this name?
bool is_library_name(const std::string& name);

}  // namespace fromhost::core
