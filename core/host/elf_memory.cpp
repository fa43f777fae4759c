// SPDX-License-Identifier: Apache-2.0
// Host: remembering ELF files, within bounds.
#include "core/host/elf_memory.hpp"

#include <string>
#include <utility>

#include "core/file_times.hpp"

namespace fromhost::core {
namespace {

constexpr std::size_t kEntryBytes = 128;  // a node of the map

std::size_t bytes_of_text(const std::string& text) {
  return text.capacity() > 15 ? text.capacity() + 16 : 0;
}

}  // namespace

FileIdentity identity_of(const struct stat& status) {
  return {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
          static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

std::size_t bytes_of(const ElfFacts& facts) {
  std::size_t bytes = sizeof facts + 32;
  for (const std::string* one :
       {&facts.interpreter, &facts.soname, &facts.rpath, &facts.runpath, &facts.build_id})
    bytes += bytes_of_text(*one);
  for (const std::vector<std::string>* some : {&facts.needed, &facts.versions}) {
    bytes += some->capacity() * sizeof(std::string);
    for (const std::string& one : *some) bytes += bytes_of_text(one);
  }
  bytes += facts.version_needs.capacity() * sizeof(VersionNeed);
  for (const VersionNeed& one : facts.version_needs)
    bytes += bytes_of_text(one.library) + bytes_of_text(one.version);
  return bytes;
}

const ElfMemory::Facts* ElfMemory::find(const struct stat& status) const {
  const auto one = known_.find(identity_of(status));
  return one == known_.end() ? nullptr : &one->second;
}

ElfMemory::Facts ElfMemory::read(int fd, const struct stat& status) {
  if (const Facts* known = find(status)) return *known;
  auto found = read_elf(fd, status);
  const std::size_t bytes = kEntryBytes + (found ? bytes_of(*found) : 0);
  Facts facts = found ? std::make_shared<const ElfFacts>(std::move(*found)) : nullptr;
  if (bytes <= left_) {
    left_ -= bytes;
    known_.emplace(identity_of(status), facts);
  }
  return facts;
}

}  // namespace fromhost::core
