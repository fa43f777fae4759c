// SPDX-License-Identifier: Apache-2.0
// ld.so.cache: built here in both formats, broken here in many ways, and the machine's own.
#include "core/host/ld_so_cache.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <fstream>

#include "core/host/elf_file.hpp"
#include "core/host/linux_host.hpp"

namespace fromhost::core {
namespace {

constexpr std::size_t kHeaderBytes = 48;
constexpr std::size_t kEntryBytes = 24;

void put(std::string& bytes, auto number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}
void put_at(std::string& bytes, std::size_t at, std::uint32_t number) {
  bytes.replace(at, sizeof number, reinterpret_cast<const char*>(&number), sizeof number);
}

/// A cache in the making, in this machine's byte order.
class CacheBuilder {
 public:
  CacheBuilder& with(const std::string& soname, const std::string& path, std::uint32_t flags = 0x0303,
                     std::uint64_t hwcap = 0) {
    entries_.push_back({soname, path, flags, hwcap});
    return *this;
  }
  CacheBuilder& with_order_mark(char mark) {
    order_mark_ = mark;
    return *this;
  }
  std::string new_format() const {
    std::string bytes = "glibc-ld.so.cache1.1", strings;
    put(bytes, static_cast<std::uint32_t>(entries_.size()));
    const std::size_t strings_start = kHeaderBytes + entries_.size() * kEntryBytes;
    const auto add = [&](const std::string& text) {
      const std::size_t start = strings_start + strings.size();
      strings += text + '\0';
      return static_cast<std::uint32_t>(start);
    };
    std::string table;
    for (const LdSoCacheEntry& entry : entries_) {
      put(table, entry.flags);
      put(table, add(entry.soname));
      put(table, add(entry.path));
      put(table, std::uint32_t{0});
      put(table, entry.hwcap);
    }
    put(bytes, static_cast<std::uint32_t>(strings.size()));
    bytes += order_mark_;
    bytes.resize(kHeaderBytes);
    return bytes + table + strings;
  }
  std::string both_formats(std::size_t alignment = 8) const {
    std::string bytes = "ld.so-1.7.0";
    bytes.resize(12);
    put(bytes, static_cast<std::uint32_t>(entries_.size()));
    for (std::size_t i = 0; i < entries_.size(); ++i)
      for (std::uint32_t number : {3u, 0u, 0u}) put(bytes, number);
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    return bytes + new_format();
  }

 private:
  std::vector<LdSoCacheEntry> entries_;
  char order_mark_ = 0;
};

CacheBuilder three() {
  return CacheBuilder()
      .with("libb.so.1", "/opt/b/libb.so.1")
      .with("liba.so.1", "/usr/lib/haswell/liba.so.1", 0x0303, 4)
      .with("liba.so.1", "/usr/lib/liba.so.1", 0x0003);
}

void expect_three(const std::optional<std::vector<LdSoCacheEntry>>& entries) {
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ((*entries)[0].soname, "libb.so.1");
  EXPECT_EQ((*entries)[0].path, "/opt/b/libb.so.1");
  EXPECT_EQ((*entries)[0].flags, 0x0303u);
  EXPECT_EQ((*entries)[0].hwcap, 0u);
  EXPECT_EQ((*entries)[1].path, "/usr/lib/haswell/liba.so.1");
  EXPECT_EQ((*entries)[1].hwcap, 4u);
  EXPECT_EQ((*entries)[2].path, "/usr/lib/liba.so.1");
  EXPECT_EQ((*entries)[2].flags, 0x0003u);
}

TEST(LdSoCache, NewFormatGivesEntriesInFileOrder) {
  expect_three(read_ld_so_cache(three().new_format()));
}

TEST(LdSoCache, NewFormatBehindTheOldOneHasOffsetsOfItsOwn) {
  expect_three(read_ld_so_cache(three().both_formats()));
}

TEST(LdSoCache, NewFormatBehindAnOddNumberOfOldEntriesIsAlignedAsTheMachineDoes) {
  // 16 + 12 × 3 = 52: aligned to 8 on most machines, to 4 on i386.
  expect_three(read_ld_so_cache(three().both_formats(4)));
  const CacheBuilder two = CacheBuilder().with("liba.so", "/lib/liba.so").with("libb.so", "/lib/libb.so");
  EXPECT_EQ(read_ld_so_cache(two.both_formats())->size(), 2u);
}

TEST(LdSoCache, UnalignedBytesAreRead) {
  const std::string shifted = "x" + three().new_format();
  expect_three(read_ld_so_cache(std::string_view(shifted).substr(1)));
}

TEST(LdSoCache, EmptyCacheHasNoEntries) {
  const auto entries = read_ld_so_cache(CacheBuilder().new_format());
  ASSERT_TRUE(entries);
  EXPECT_TRUE(entries->empty());
}

TEST(LdSoCache, OtherBytesAreNoCache) {
  EXPECT_FALSE(read_ld_so_cache(""));
  EXPECT_FALSE(read_ld_so_cache("# not a cache\n"));
  EXPECT_FALSE(read_ld_so_cache("glibc-ld.so.cache1.2" + std::string(100, '\0')));
  EXPECT_FALSE(read_ld_so_cache("glibc-ld.so.cache1.1"));
}

TEST(LdSoCache, OldFormatAloneIsNotSupported) {
  const std::string both = three().both_formats();
  EXPECT_FALSE(read_ld_so_cache(std::string_view(both).substr(0, both.find("glibc-ld.so.cache"))));
}

TEST(LdSoCache, CacheOfTheOtherByteOrderIsRefused) {
  const bool little = std::endian::native == std::endian::little;
  expect_three(read_ld_so_cache(three().with_order_mark(little ? 2 : 3).new_format()));
  EXPECT_FALSE(read_ld_so_cache(three().with_order_mark(little ? 3 : 2).new_format()));
  EXPECT_FALSE(read_ld_so_cache(three().with_order_mark(1).new_format()));
}

TEST(LdSoCache, EntriesWithOffsetsOutsideTheFileAreDropped) {
  const std::string whole = three().new_format();
  const std::size_t second = kHeaderBytes + kEntryBytes;
  for (const std::size_t field : {second + 4, second + 8})
    for (const std::size_t offset :
         {whole.size(), whole.size() + 1, std::size_t{0xffffffff}, std::size_t{0x80000000}}) {
      std::string bytes = whole;
      put_at(bytes, field, static_cast<std::uint32_t>(offset));
      const auto entries = read_ld_so_cache(bytes);
      ASSERT_TRUE(entries);
      ASSERT_EQ(entries->size(), 2u) << offset;
      EXPECT_EQ((*entries)[1].path, "/usr/lib/liba.so.1");
    }
}

TEST(LdSoCache, PathsThatAreNotAbsoluteAreDropped) {
  EXPECT_TRUE(
      read_ld_so_cache(CacheBuilder().with("liba.so", "liba.so").with("libb.so", "").new_format())->empty());
}

TEST(LdSoCache, HugeCountsAreRefused) {
  for (const std::uint32_t count : {4u, 0x0aaaaaabu, 0x7fffffffu, 0xffffffffu}) {
    std::string bytes = three().new_format();
    bytes.resize(kHeaderBytes + 3 * kEntryBytes);
    put_at(bytes, 20, count);
    EXPECT_FALSE(read_ld_so_cache(bytes)) << count;
    std::string both = three().both_formats();
    put_at(both, 12, count == 4u ? 1u << 20 : count);
    EXPECT_FALSE(read_ld_so_cache(both)) << count;
  }
}

TEST(LdSoCache, SharedStringsDoNotMultiplyWithoutBound) {
  const std::string path = "/" + std::string(4000, 'x');
  CacheBuilder cache;
  for (int i = 0; i < 20'000; ++i) cache.with("a", "/a");
  std::string bytes = cache.new_format();
  const auto start = static_cast<std::uint32_t>(bytes.size());
  bytes += path + '\0';
  for (std::size_t i = 0; i < 20'000; ++i) put_at(bytes, kHeaderBytes + i * kEntryBytes + 8, start);
  EXPECT_FALSE(read_ld_so_cache(bytes));
}

TEST(LdSoCache, EveryTruncationIsSurvived) {
  for (const std::string& whole : {three().new_format(), three().both_formats()})
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
      // A copy of its own, so that the sanitizer sees a read past its end.
      const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes));
      const auto entries = read_ld_so_cache({cut.data(), cut.size()});
      EXPECT_TRUE(!entries || entries->size() < 3) << bytes;
    }
}

TEST(LdSoCache, EveryFlippedByteIsSurvived) {
  for (std::string bytes : {three().new_format(), three().both_formats()})
    for (char& byte : bytes)
      for (const int flip : {0x01, 0x80, 0xff}) {
        const char original = byte;
        byte = static_cast<char>(original ^ flip);
        read_ld_so_cache(bytes);
        byte = original;
      }
}

TEST(LdSoCache, FlagsAreThoseOfGlibc) {
  struct Row {
    std::uint16_t machine;
    std::uint8_t elf_class;
    std::optional<std::uint32_t> flags;
  };
  for (const Row& row : {Row{EM_X86_64, ELFCLASS64, 0x0303}, Row{EM_X86_64, ELFCLASS32, 0x0803},
                         Row{EM_386, ELFCLASS32, 0x0003}, Row{EM_AARCH64, ELFCLASS64, 0x0a03},
                         Row{EM_PPC64, ELFCLASS64, 0x0503}, Row{EM_S390, ELFCLASS64, 0x0403},
                         Row{EM_ARM, ELFCLASS32, 0x0903}, Row{EM_RISCV, ELFCLASS64, 0x1003},
                         Row{EM_386, ELFCLASS64, std::nullopt}, Row{EM_68K, ELFCLASS32, std::nullopt}})
    EXPECT_EQ(cache_flags(row.machine, row.elf_class), row.flags) << row.machine;
}

TEST(LdSoCache, OwnCacheHasLibcWithTheFlagsOfThisMachine) {
  const LinuxHost host;
  std::string bytes;
  try {
    bytes = host.read_file(HostPath("/etc/ld.so.cache"), 64u << 20);
  } catch (const std::system_error& error) {
    GTEST_SKIP() << "no ld.so.cache here: " << error.what();
  }
  const auto ourselves = read_elf(host.open_file(HostPath("/proc/self/exe")).get());
  ASSERT_TRUE(ourselves);
  const auto flags = cache_flags(ourselves->machine, ourselves->elf_class);
  const auto entries = read_ld_so_cache(bytes);
  ASSERT_TRUE(entries);
  EXPECT_TRUE(std::any_of(entries->begin(), entries->end(), [&](const LdSoCacheEntry& entry) {
    return entry.soname == "libc.so.6" && entry.flags == flags && entry.path.ends_with("/libc.so.6");
  }));
}

}  // namespace
}  // namespace fromhost::core
