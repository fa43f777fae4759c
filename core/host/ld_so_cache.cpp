// SPDX-License-Identifier: Apache-2.0
// ld.so.cache: the table that ldconfig writes and the loader looks libraries up in, from bytes to entries.
#include "core/host/ld_so_cache.hpp"

#include <elf.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

namespace fromhost::core {
namespace {

constexpr std::string_view kOldMagic = "ld.so-1.7.0";
constexpr std::string_view kNewMagic = "glibc-ld.so.cache1.1";
// A whole distribution has some ten thousand libraries. Entries may share one string, so that a small file
// could name gigabytes of text.
constexpr std::size_t kMaxEntries = 1u << 18;
constexpr std::size_t kMaxStringBytes = 4096;  // PATH_MAX
constexpr std::size_t kMaxTextBytes = 64u << 20;

// The structures of sysdeps/generic/dl-cache.h; numbers are in the byte order of the machine that uses the
// file.
struct OldHeader {
  char magic[11];
  std::uint32_t count;
};
struct OldEntry {
  std::int32_t flags;
  std::uint32_t key, value;
};
struct NewHeader {
  char magic[20];
  std::uint32_t count;
  std::uint32_t string_bytes;
  std::uint8_t flags;
  std::uint8_t padding[3];
  std::uint32_t extension_offset;
  std::uint32_t unused[3];
};
struct NewEntry {
  std::uint32_t flags;
  std::uint32_t key, value;
  std::uint32_t os_version;
  std::uint64_t hwcap;
};
static_assert(sizeof(OldHeader) == 16 && sizeof(OldEntry) == 12 && sizeof(NewHeader) == 48 &&
              sizeof(NewEntry) == 24);

/// Copied, since nothing says that the bytes are aligned.
template <typename T>
std::optional<T> read_at(std::string_view bytes, std::size_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::optional<std::string_view> string_at(std::string_view bytes, std::size_t offset) {
  if (offset >= bytes.size()) return std::nullopt;
  const std::string_view rest = bytes.substr(offset, kMaxStringBytes);
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, end);
}

/// The bytes from the new header on, to which its string offsets relate; empty if there is none.
std::string_view new_part(std::string_view bytes) {
  if (bytes.starts_with(kNewMagic)) return bytes;
  const auto old = read_at<OldHeader>(bytes, 0);
  if (!bytes.starts_with(kOldMagic) || !old) return {};
  if (old->count > (bytes.size() - sizeof(OldHeader)) / sizeof(OldEntry)) return {};
  const std::size_t end = sizeof(OldHeader) + old->count * sizeof(OldEntry);
  // "Aligned" is to 8 bytes, except on i386, where a 64-bit number in a structure is aligned to 4.
  for (const std::size_t alignment : {8u, 4u}) {
    const std::size_t start = (end + alignment - 1) / alignment * alignment;
    if (start <= bytes.size() && bytes.substr(start).starts_with(kNewMagic)) return bytes.substr(start);
  }
  return {};
}

bool is_in_our_byte_order(const NewHeader& header) {
  constexpr int kMask = 3, kUnset = 0, kLittle = 2, kBig = 3;
  const int order = header.flags & kMask;  // unset before glibc 2.33
  return order == kUnset || order == (std::endian::native == std::endian::little ? kLittle : kBig);
}

}  // namespace

std::optional<std::vector<LdSoCacheEntry>> read_ld_so_cache(std::string_view bytes) {
  bytes = new_part(bytes);
  const auto header = read_at<NewHeader>(bytes, 0);
  if (!header || !is_in_our_byte_order(*header)) return std::nullopt;
  if (header->count > std::min(kMaxEntries, (bytes.size() - sizeof(NewHeader)) / sizeof(NewEntry)))
    return std::nullopt;

  std::vector<LdSoCacheEntry> entries;
  entries.reserve(header->count);
  std::size_t text_bytes = 0;
  for (std::size_t i = 0; i < header->count; ++i) {
    const auto entry = read_at<NewEntry>(bytes, sizeof(NewHeader) + i * sizeof(NewEntry));
    if (!entry) return std::nullopt;
    const auto soname = string_at(bytes, entry->key);
    const auto path = string_at(bytes, entry->value);
    // ldconfig writes absolute paths only.
    if (!soname || !path || !path->starts_with('/')) continue;
    text_bytes += soname->size() + path->size();
    if (text_bytes > kMaxTextBytes) return std::nullopt;
    entries.push_back({std::string(*soname), std::string(*path), entry->flags, entry->hwcap});
  }
  return entries;
}

std::optional<std::uint32_t> cache_flags(std::uint16_t machine, std::uint8_t elf_class) {
  constexpr std::uint32_t kElfLibc6 = 0x0003;
  struct Row {
    std::uint16_t machine;
    std::uint8_t elf_class;
    std::uint32_t architecture;
  };
  static constexpr Row kRows[] = {
      {EM_X86_64, ELFCLASS64, 0x0300},
      {EM_X86_64, ELFCLASS32, 0x0800},  // x32
      {EM_386, ELFCLASS32, 0x0000},
      {EM_AARCH64, ELFCLASS64, 0x0a00},
      {EM_PPC64, ELFCLASS64, 0x0500},  // both byte orders
      {EM_S390, ELFCLASS64, 0x0400},
      {EM_ARM, ELFCLASS32,
       0x0900},  // hard float; soft float would be 0x0b00, and e_machine does not tell them apart
      {EM_RISCV, ELFCLASS64, 0x1000},  // double float, as all distributions
  };
  for (const Row& row : kRows)
    if (row.machine == machine && row.elf_class == elf_class) return row.architecture | kElfLibc6;
  return std::nullopt;
}

}  // namespace fromhost::core
