// SPDX-License-Identifier: Apache-2.0
// Copying the plan's files into the staging directory, several at once where that is worth it. All of the
// core's threads begin and end in here.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/apply/copy_file.hpp"
#include "core/apply/file_operations.hpp"
#include "core/file_stamp.hpp"
#include "core/host/host_system.hpp"

namespace fromhost::core {

struct FileToCopy {
  const HostPath* source;
  std::string name;         ///< in the staging directory
  std::uint64_t bytes = 0;  ///< about so many
};

struct CopiedFile {
  FileStamp source;  ///< as it was before
  Dropped dropped;
};

/// Told how the copying goes: 0 bytes when a file begins, then the bytes of each piece. The copying waits for
/// it; never two threads are in it at once.
using CopyObserver = std::function<void(const HostPath& source, std::uint64_t bytes)>;

/// How many files are copied at once: one for each `bytes_a_thread` of all, but never more than these, than
/// there are files, or than the processors that we may use.
struct CopyThreads {
  unsigned most = 4;
  std::uint64_t bytes_a_thread = 16u << 20;
};

/// Makes every file, with copy_file(), in the open `directory`; returns what was found, in the order of
/// `wanted`. The first failure, or a signal that waits, ends all of it; of several failures at once, the one
/// of the earliest file is thrown, as Error (stage apply). With threads the largest files come first. No
/// thread is left when it returns or throws. `files` and `host` must bear being called by several threads.
std::vector<CopiedFile> copy_files(FileOperations& files, const HostSystem& host, int directory,
                                   const std::vector<FileToCopy>& wanted, bool sync,
                                   const CopyObserver& observer = {}, const CopyThreads& threads = {});

}  // namespace fromhost::core
