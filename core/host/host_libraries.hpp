// SPDX-License-Identifier: Apache-2.0
// Where this machine's loader finds libraries: its ld.so.cache and the usual directories, read, never
// executed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/host/elf_file.hpp"
#include "core/host/host_system.hpp"
#include "core/host/ld_so_cache.hpp"

namespace fromhost::core {

class HostLibraries {
 public:
  /// `host` must outlive it. The cache is read at the first question.
  explicit HostLibraries(const HostSystem& host) : host_(host) {}

  /// The entries of the cache whose soname matches the glob `pattern`, in the loader's order of preference.
  std::vector<LdSoCacheEntry> in_cache(const std::string& pattern);
  /// The first file of this soname that is ELF of this machine and class: from the cache, else from the usual
  /// directories.
  std::optional<HostPath> find(const std::string& soname, std::uint16_t machine, std::uint8_t elf_class);
  /// What the file says of itself; nullopt where it cannot be read or is not ELF. Remembered, within bounds:
  /// the answer is good until the next question.
  const std::optional<ElfFacts>& facts(const HostPath& path);

  /// Of so many files the facts are kept; the next one makes us begin anew.
  static constexpr std::size_t kMostRemembered = 4096;

 private:
  const std::vector<LdSoCacheEntry>& cache();

  const HostSystem& host_;
  std::optional<std::vector<LdSoCacheEntry>> cache_;
  std::map<HostPath, std::optional<ElfFacts>> facts_;
};

/// The directories that loaders of the common distributions search without being told.
const std::vector<std::string>& usual_library_directories();

}  // namespace fromhost::core
