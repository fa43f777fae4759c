// SPDX-License-Identifier: Apache-2.0
// What ELF files have said of themselves, so that none is read twice in a run. By what the file is, not by
// its name: one that was changed or swapped since is another file, and is read anew.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <tuple>

#include "core/host/elf_file.hpp"
#include "core/host/unique_fd.hpp"

namespace fromhost::core {

/// Which file, and which state of it.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0, bytes = 0;
  std::int64_t modification = 0, change = 0;  ///< nanoseconds since 1970
  auto operator<=>(const FileIdentity&) const = default;
};
FileIdentity identity_of(const struct stat& status);

class ElfMemory {
 public:
  /// Null: the file is not ELF, or a malformed one.
  using Facts = std::shared_ptr<const ElfFacts>;
  /// What an image can make us keep: a few thousand libraries. What is beyond it is read, and forgotten.
  static constexpr std::size_t kMostBytes = 4u << 20;

  ElfMemory() = default;
  explicit ElfMemory(std::size_t most_bytes) : left_(most_bytes) {}

  /// Null: no such file has been read, or there was no room.
  const Facts* find(const struct stat& status) const;
  /// What the open file says, from memory or read now; `status` is what fstat(2) says of it.
  Facts read(int fd, const struct stat& status);
  /// The same by what lstat(2) has said; only a file that is not known is opened, by `open`. What that opens
  /// may be another file by then: it is taken as what it is.
  template <typename Open>
  Facts of(const struct stat& status, const Open& open) {
    if (const Facts* known = find(status)) return *known;
    const UniqueFd file = open();
    struct stat opened;
    return file && ::fstat(file.get(), &opened) == 0 ? read(file.get(), opened) : nullptr;
  }

 private:
  std::map<FileIdentity, Facts> known_;
  std::size_t left_ = kMostBytes;
};

/// How much memory facts take, about.
std::size_t bytes_of(const ElfFacts& facts);

}  // namespace fromhost::core
