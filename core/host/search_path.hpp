// SPDX-License-Identifier: Apache-2.0
// RPATH and RUNPATH as directories.
#pragma once

#include <string>
#include <vector>

#include "core/host/elf_file.hpp"

namespace fromhost::core {

/// The parts of a colon-separated list that are not empty.
std::vector<std::string> split_search_path(const std::string& path);

/// The directories of an RPATH or RUNPATH of the file `of` in the directory `origin`, in order, with $ORIGIN,
/// $LIB and $PLATFORM expanded; where only the loader's build would tell what one stands for, each
/// possibility. Source: ld.so(8).
std::vector<std::string> search_directories(const std::string& path, const std::string& origin,
                                            const ElfFacts& of);

}  // namespace fromhost::core
