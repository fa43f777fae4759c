// SPDX-License-Identifier: Apache-2.0
// A file's bytes, copied once, by the best means that the kernel has for the two file systems.
#pragma once

#include <cstdint>
#include <functional>

namespace fromhost::core {

/// Told after each piece of a copy how many bytes it had, holes included. What it throws ends the copy.
using PieceCopied = std::function<void(std::uint64_t bytes)>;

/// Gives the new, empty file `to` the contents of `from`: shared blocks where the file system has them
/// (reflink), else copied by the kernel, else through a buffer. Holes stay holes. Throws std::system_error.
void copy_contents(int from, int to, const PieceCopied& copied);

}  // namespace fromhost::core
