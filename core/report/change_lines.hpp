// SPDX-License-Identifier: Apache-2.0
// A plan for people: a line for each change, in columns.
#pragma once

#include <string>
#include <vector>

#include "core/preflight/changes.hpp"
#include "core/text_sink.hpp"

namespace fromhost::core {

/// "0 bytes", "17.0 kB", "480 MB": decimal, for people.
std::string human_bytes(std::uint64_t bytes);

/// What is done, how large, where, from where, why; each line ends with a newline. Names are made harmless.
std::string change_lines(const std::vector<Change>& changes);
/// The same, line by line.
void write_change_lines(const std::vector<Change>& changes, const TextSink& sink);

}  // namespace fromhost::core
