// SPDX-License-Identifier: Apache-2.0
// Does a libfabric that replaces the image's define what the image's programs want of it?
#pragma once

#include <vector>

#include "core/host/elf_memory.hpp"
#include "core/image/image_root.hpp"
#include "core/preflight/finding.hpp"

namespace fromhost::core {

/// Looks at the libraries in the directories of the image's ld.so.cache and at the programs in the usual
/// directories. One finding for each file that needs a FABRIC_ symbol version which `libfabric` does not
/// define; and one of kind unchecked where there are so many that it stops. What the libraries say is kept in
/// `memory`.
std::vector<Finding> check_libfabric_versions(const std::string& source, const ElfFacts& libfabric,
                                              const ImageRoot& image, ElfMemory& memory);

}  // namespace fromhost::core
