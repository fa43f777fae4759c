// SPDX-License-Identifier: Apache-2.0
// Copying one file into the staging directory, with what is kept of its attributes.
#pragma once

#include <string>
#include <vector>

#include "core/apply/file_operations.hpp"

namespace fromhost::core {

/// What a copy does not carry over, in words: "setuid bit", "file capabilities".
using Dropped = std::vector<std::string>;

/// Makes `name` in `directory` with the bytes, mode, times, owner (where permitted) and user attributes of
/// the open file `from`. Set-id bits and file capabilities are never kept: an image belongs to whoever
/// unpacked it. `sync`: on disk before it returns. `copied` is told how the bytes go. Throws
/// std::system_error, and what `copied` throws.
Dropped copy_file(FileOperations& files, int from, int directory, const std::string& name, bool sync = false,
                  const PieceCopied& copied = {});

}  // namespace fromhost::core
