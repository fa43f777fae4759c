// SPDX-License-Identifier: Apache-2.0
// Has the image all of this already?
#pragma once

#include "core/manifest/manifest.hpp"
#include "core/preflight/preflight.hpp"

namespace fromhost::core {

/// Marks the files of the plan that an earlier run injected, from sources that have not changed since, and
/// that the image still has as that run left them: they need not be copied. Reads no contents.
void find_unchanged(Preflight& preflight, const Plan& plan, const Manifest& manifest, const ImageRoot& image);

/// How many files are so marked.
std::size_t count_unchanged(const Preflight& preflight);

/// True if every file of the plan is unchanged; if nothing else is to be done; and, where `with_cache`, if
/// nobody has made another ld.so.cache since.
bool already_there(const Plan& plan, const Preflight& preflight, const Manifest& manifest,
                   const ImageRoot& image, bool with_cache);

}  // namespace fromhost::core
