// SPDX-License-Identifier: Apache-2.0
// Has the image all of this already?
#pragma once

#include "core/manifest/manifest.hpp"
#include "core/preflight/preflight.hpp"

namespace fromhost::core {

/// True if an earlier run injected every file of the plan, from sources that have not changed, and the image
/// still has them as that run left them; if nothing else is to be done; and, where `with_cache`, if nobody
/// has made another ld.so.cache since. Reads no contents.
bool already_there(const Plan& plan, const Preflight& preflight, const Manifest& manifest,
                   const ImageRoot& image, bool with_cache);

}  // namespace fromhost::core
