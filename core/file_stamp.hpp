// SPDX-License-Identifier: Apache-2.0
// Size and times of a file, by which it is known again.
#pragma once

#include <sys/stat.h>

#include <cstdint>

#include "core/file_times.hpp"

namespace fromhost::core {

/// Of a file, what is told of it later: of 100,000 files, a struct stat each would be 14 MB.
struct FileStamp {
  FileStamp() = default;
  explicit FileStamp(const struct stat& facts)
      : size(static_cast<std::uint64_t>(facts.st_size)),
        access(nanoseconds(facts.st_atim)),
        modification(nanoseconds(facts.st_mtim)) {}
  std::uint64_t size = 0;
  std::int64_t access = 0, modification = 0;  ///< nanoseconds since 1970
};

}  // namespace fromhost::core
