// SPDX-License-Identifier: Apache-2.0
// Host: library lookups, as its loader does them.
#include "core/host/host_libraries.hpp"

#include <fnmatch.h>

#include <system_error>

namespace fromhost::core {
namespace {

constexpr std::uint64_t kCacheLimit = 64u << 20;

}  // namespace

const std::vector<std::string>& usual_library_directories() {
  // Debian's (with its triplets) and everybody else's.
  static const std::vector<std::string> kDirectories = {"/lib/x86_64-linux-gnu",
                                                        "/usr/lib/x86_64-linux-gnu",
                                                        "/lib/aarch64-linux-gnu",
                                                        "/usr/lib/aarch64-linux-gnu",
                                                        "/lib64",
                                                        "/usr/lib64",
                                                        "/lib",
                                                        "/usr/lib",
                                                        "/lib32",
                                                        "/usr/lib32",
                                                        "/lib/i386-linux-gnu",
                                                        "/usr/lib/i386-linux-gnu"};
  return kDirectories;
}

const std::vector<LdSoCacheEntry>& HostLibraries::cache() {
  if (!cache_) {
    cache_.emplace();
    try {
      // A host without a cache, or with one of a format that we do not know, is searched by directories
      // alone.
      if (auto entries = read_ld_so_cache(host_.read_file(HostPath("/etc/ld.so.cache"), kCacheLimit)))
        cache_ = std::move(*entries);
    } catch (const std::system_error&) {
    }
  }
  return *cache_;
}

std::vector<LdSoCacheEntry> HostLibraries::in_cache(const std::string& pattern) {
  std::vector<LdSoCacheEntry> matching;
  for (const LdSoCacheEntry& entry : cache())
    if (::fnmatch(pattern.c_str(), entry.soname.c_str(), 0) == 0) matching.push_back(entry);
  return matching;
}

const std::optional<ElfFacts>& HostLibraries::facts(const HostPath& path) {
  const auto known = facts_.find(path);
  if (known != facts_.end()) return known->second;
  // A plugin may ask about every file of a long list.
  if (facts_.size() >= kMostRemembered) facts_.clear();
  const auto at = facts_.try_emplace(path).first;
  try {
    at->second = read_elf(host_.open_file(path).get());
  } catch (const std::system_error&) {
  }
  return at->second;
}

std::optional<HostPath> HostLibraries::find(const std::string& soname, std::uint16_t machine,
                                            std::uint8_t elf_class) {
  const auto fits = [&](const HostPath& path) {
    const auto& known = facts(path);
    return known && known->machine == machine && known->elf_class == elf_class;
  };
  // Never as a pattern: the name may be an image's.
  for (const LdSoCacheEntry& entry : cache())
    if (entry.hwcap == 0 && entry.soname == soname && fits(HostPath(entry.path))) return HostPath(entry.path);
  for (const std::string& directory : usual_library_directories())
    if (const HostPath path(directory + "/" + soname); fits(path)) return path;
  return std::nullopt;
}

}  // namespace fromhost::core
