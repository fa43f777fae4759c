// SPDX-License-Identifier: Apache-2.0
// How much preflight looks at before it gives up: an image may be made to keep it looking for ever.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/host/elf_file.hpp"

namespace fromhost::core {

/// Counted in steps of about a microsecond, so that the same image always gets the same answer. Everything
/// that an image can multiply spends: paths looked up, files read, names and versions compared.
class Budget {
 public:
  static constexpr std::uint64_t kPath = 5;   ///< a path of the image looked up
  static constexpr std::uint64_t kFile = 50;  ///< a file opened and its headers read

  /// A graphics driver's fifty files spend ten thousand steps on an ordinary image. What a plan has is
  /// this host's, so that many files may take their time.
  explicit Budget(std::size_t files = 0) : left_(3'000'000 + std::uint64_t{300} * files) {}

  void spend(std::uint64_t steps) { left_ -= std::min(left_, steps); }
  /// From here on, nothing is looked up any more, and no answer counts.
  bool used_up() const { return left_ == 0; }

 private:
  std::uint64_t left_;
};

/// What reading an ELF file has cost, by what came of it.
/// Null: no ELF file. What memory answers costs the same, so that the same image always gets the same answer.
inline std::uint64_t cost_of(const ElfFacts* facts) {
  if (!facts) return Budget::kFile;
  std::uint64_t bytes = facts->rpath.size() + facts->runpath.size();
  for (const std::string& one : facts->needed) bytes += one.size();
  for (const std::string& one : facts->versions) bytes += one.size();
  for (const VersionNeed& one : facts->version_needs) bytes += one.library.size() + one.version.size();
  return Budget::kFile + facts->needed.size() + facts->versions.size() + facts->version_needs.size() +
         bytes / 64;
}

}  // namespace fromhost::core
