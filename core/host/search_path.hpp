// SPDX-License-Identifier: Apache-2.0
// RPATH and RUNPATH as directories.
#pragma once

#include <string>
#include <vector>

#include "core/host/elf_file.hpp"

namespace fromhost::core {

/// The parts of a colon-separated list that are not empty.
std::vector<std::string> split_search_path(const std::string& path);

/// Does the text have $ORIGIN, ${LIB} or another of the words that glibc replaces?
bool has_tokens(const std::string& text);

/// The text with $ORIGIN, $LIB and $PLATFORM replaced as for the file `of` in the directory `origin`. What
/// $LIB stands for was settled when the loader was built: `lib`, or, where that is empty, each possibility.
/// Source: ld.so(8); is_dst() in glibc's elf/dl-load.c.
std::vector<std::string> expand_tokens(const std::string& text, const std::string& origin, const ElfFacts& of,
                                       const std::string& lib = "");

/// The directories of an RPATH or RUNPATH of the file `of` in the directory `origin`, in order, expanded.
std::vector<std::string> search_directories(const std::string& path, const std::string& origin,
                                            const ElfFacts& of, const std::string& lib = "");

}  // namespace fromhost::core
