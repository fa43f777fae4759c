// SPDX-License-Identifier: Apache-2.0
// An ld.so.cache as ldconfig would write it, without running one.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/host/ld_so_cache.hpp"

namespace fromhost::test {

/// The format "glibc-ld.so.cache1.1", in this machine's byte order.
inline std::string cache_bytes(const std::vector<core::LdSoCacheEntry>& entries) {
  const auto number = [](std::string& to, auto value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    to.append(bytes, sizeof value);
  };
  std::string table, strings;
  const auto strings_begin = static_cast<std::uint32_t>(48 + 24 * entries.size());
  const auto text = [&](const std::string& one) {
    const auto offset = static_cast<std::uint32_t>(strings_begin + strings.size());
    strings += one + '\0';
    return offset;
  };
  for (const core::LdSoCacheEntry& entry : entries) {
    number(table, entry.flags);
    number(table, text(entry.soname));
    number(table, text(entry.path));
    number(table, std::uint32_t{0});
    number(table, entry.hwcap);
  }
  std::string bytes = "glibc-ld.so.cache1.1";
  number(bytes, static_cast<std::uint32_t>(entries.size()));
  number(bytes, static_cast<std::uint32_t>(strings.size()));
  bytes.append(20, '\0');
  return bytes + table + strings;
}

}  // namespace fromhost::test
