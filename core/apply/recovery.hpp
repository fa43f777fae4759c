// SPDX-License-Identifier: Apache-2.0
// What a run that was killed has left in an image: undone, or brought to its end.
#pragma once

#include <string>
#include <vector>

#include "core/apply/file_operations.hpp"
#include "core/image/image_root.hpp"

namespace fromhost::core {

/// Finds what dead runs have left and makes of the image the old one or the new one. To be called under the
/// image's lock. Returns what was done, one sentence each, for a person. Throws Error (stage apply) where it
/// cannot be done, the image then still holding all that a later attempt needs.
std::vector<std::string> recover(const ImageRoot& image, FileOperations& files);

/// For a run that may not write: what recover() would find, in words for a warning; empty where there is
/// nothing. Throws Error where recover() would stop at somebody else's. Writes nothing.
std::vector<std::string> left_to_repair(const ImageRoot& image);

/// Is there anything that we could recover, or a run at work? Writes nothing.
bool needs_recovery(const ImageRoot& image);

}  // namespace fromhost::core
