// SPDX-License-Identifier: Apache-2.0
// What an earlier run has placed in the first ldconfig directory stays there.
#pragma once

#include <string_view>

#include "core/manifest/manifest.hpp"
#include "core/plan/plan.hpp"

namespace fromhost::core {

/// The end of PlannedFile::rule where ldconfig's first directory is the destination.
inline constexpr std::string_view kFirstLdconfigDirectory = "first ldconfig directory";

/// Lines for ld.so.conf that came with an injection may have put another directory first for the image's
/// loader. Then a provider's libraries that would go to the first of `directories`, and links beside them,
/// keep the one in which the manifest has all of them, from the same sources: a second run of the same
/// command changes nothing.
void keep_earlier_places(Plan& plan, const Manifest& manifest, const ImageRoot& image,
                         const LibraryDirectories& directories);

}  // namespace fromhost::core
