// SPDX-License-Identifier: Apache-2.0
// glibc's binary ld.so.cache (sysdeps/generic/dl-cache.h), read without trust: it may come from a hostile
// image.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fromhost::core {

struct LdSoCacheEntry {
  std::string soname;       ///< the key
  std::string path;         ///< where ldconfig saw it, absolute
  std::uint32_t flags = 0;  ///< ELF kind in the low byte, architecture in the next
  std::uint64_t hwcap = 0;  ///< 0: for every processor
};

/// The entries in file order, which is the loader's order of preference among entries of one key; nullopt if
/// the bytes are not a cache in the format "glibc-ld.so.cache1.1", alone or behind the old format's part.
/// Entries whose offsets lie outside the file are dropped.
std::optional<std::vector<LdSoCacheEntry>> read_ld_so_cache(std::string_view bytes);

/// The flags that a loader of this ELF machine and class looks for; nullopt for a machine unknown here.
/// Source: sysdeps/generic/ldconfig.h and sysdeps/*/dl-cache.h of glibc 2.36.
std::optional<std::uint32_t> cache_flags(std::uint16_t machine, std::uint8_t elf_class);

}  // namespace fromhost::core
