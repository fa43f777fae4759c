// SPDX-License-Identifier: Apache-2.0
// Looking libraries up as the loader does: a cache that was written here, and libraries with headers of any
// machine.
#include "core/host/host_libraries.hpp"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/cache_bytes.hpp"
#include "tests/support/elf_bytes.hpp"
#include "tests/support/fake_host.hpp"

namespace fromhost::core {
namespace {

using test::cache_bytes;
using test::elf32;
using test::elf64;
using test::FakeHost;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t kX86_64 = 0x0303, kI386 = 0x0003;

class HostLibrariesTest : public testing::Test {
 protected:
  void cache(const std::vector<LdSoCacheEntry>& entries) {
    host_.with_file("/etc/ld.so.cache", cache_bytes(entries));
  }
  std::string found(const std::string& soname, std::uint16_t machine = EM_X86_64,
                    std::uint8_t elf_class = ELFCLASS64) {
    const auto path = libraries_.find(soname, machine, elf_class);
    return path ? path->text() : "none";
  }
  std::vector<std::string> cached(const std::string& pattern) {
    std::vector<std::string> paths;
    for (const LdSoCacheEntry& entry : libraries_.in_cache(pattern)) paths.push_back(entry.path);
    return paths;
  }

  FakeHost host_;
  HostLibraries libraries_{host_};
};

TEST_F(HostLibrariesTest, CacheIsSearchedByGlobInItsOwnOrder) {
  cache({{"libnvidia-ml.so.1", "/b/libnvidia-ml.so.1", kX86_64, 0},
         {"libcuda.so.1", "/b/libcuda.so.1", kX86_64, 0},
         {"libcuda.so.1", "/a/libcuda.so.1", kI386, 0},
         {"libcuda.so", "/a/libcuda.so", kX86_64, 0}});
  EXPECT_THAT(cached("libcuda.so.*"), ElementsAre("/b/libcuda.so.1", "/a/libcuda.so.1"));
  EXPECT_THAT(cached("lib*nvidia*.so.?"), ElementsAre("/b/libnvidia-ml.so.1"));
  EXPECT_THAT(cached("libcuda"), IsEmpty());
}

TEST_F(HostLibrariesTest, CacheIsReadOnce) {
  cache({{"libcuda.so.1", "/a/libcuda.so.1", kX86_64, 0}});
  cached("*");
  cached("lib*");
  EXPECT_THAT(host_.read, ElementsAre("/etc/ld.so.cache"));
}

TEST_F(HostLibrariesTest, FirstCachedFileOfTheMachineAndClassWins) {
  cache({{"libfoo.so.1", "/lib32/libfoo.so.1", kI386, 0},
         {"libfoo.so.1", "/first/libfoo.so.1", kX86_64, 0},
         {"libfoo.so.1", "/second/libfoo.so.1", kX86_64, 0}});
  host_.with_file("/lib32/libfoo.so.1", elf32(EM_386))
      .with_file("/first/libfoo.so.1", elf64(EM_X86_64))
      .with_file("/second/libfoo.so.1", elf64(EM_X86_64));
  EXPECT_EQ(found("libfoo.so.1"), "/first/libfoo.so.1");
  EXPECT_EQ(found("libfoo.so.1", EM_386, ELFCLASS32), "/lib32/libfoo.so.1");
  EXPECT_EQ(found("libfoo.so.1", EM_AARCH64), "none");
}

TEST_F(HostLibrariesTest, EntryWhoseFileIsGoneOrNoElfIsPassedOver) {
  cache({{"libfoo.so.1", "/gone/libfoo.so.1", kX86_64, 0},
         {"libfoo.so.1", "/text/libfoo.so.1", kX86_64, 0},
         {"libfoo.so.1", "/closed/libfoo.so.1", kX86_64, 0},
         {"libfoo.so.1", "/good/libfoo.so.1", kX86_64, 0}});
  host_.with_file("/text/libfoo.so.1", "INPUT(libbar.so)")
      .with_bad_file("/closed/libfoo.so.1", EACCES)
      .with_file("/good/libfoo.so.1", elf64(EM_X86_64));
  EXPECT_EQ(found("libfoo.so.1"), "/good/libfoo.so.1");
}

TEST_F(HostLibrariesTest, EntriesForSomeProcessorsOnlyAreNotTaken) {
  cache({{"libfoo.so.1", "/lib/glibc-hwcaps/x86-64-v4/libfoo.so.1", kX86_64, 1},
         {"libfoo.so.1", "/lib/libfoo.so.1", kX86_64, 0}});
  host_.with_file("/lib/glibc-hwcaps/x86-64-v4/libfoo.so.1", elf64(EM_X86_64))
      .with_file("/lib/libfoo.so.1", elf64(EM_X86_64));
  EXPECT_EQ(found("libfoo.so.1"), "/lib/libfoo.so.1");
}

TEST_F(HostLibrariesTest, UsualDirectoriesServeWhereTheCacheDoesNot) {
  host_.with_file("/usr/lib64/libfoo.so.1", elf64(EM_X86_64))
      .with_file("/usr/lib/libfoo.so.1", elf32(EM_386));
  EXPECT_EQ(found("libfoo.so.1"), "/usr/lib64/libfoo.so.1");
  EXPECT_EQ(found("libfoo.so.1", EM_386, ELFCLASS32), "/usr/lib/libfoo.so.1");
  EXPECT_THAT(cached("*"), IsEmpty());
}

TEST_F(HostLibrariesTest, EachUsualDirectoryIsSearched) {
  for (const std::string& directory : usual_library_directories()) {
    FakeHost host;
    host.with_file(directory + "/libfoo.so.1", elf64(EM_X86_64));
    EXPECT_EQ(HostLibraries(host).find("libfoo.so.1", EM_X86_64, ELFCLASS64),
              HostPath(directory + "/libfoo.so.1"));
  }
}

TEST_F(HostLibrariesTest, CacheOfAnUnknownFormatIsNoObstacle) {
  host_.with_file("/etc/ld.so.cache", "ld.so-1.7.0 and nothing new behind it")
      .with_file("/lib/libfoo.so.1", elf64(EM_X86_64));
  EXPECT_THAT(cached("*"), IsEmpty());
  EXPECT_EQ(found("libfoo.so.1"), "/lib/libfoo.so.1");
}

TEST_F(HostLibrariesTest, CacheThatCannotBeReadIsNoObstacle) {
  host_.with_bad_file("/etc/ld.so.cache", EACCES).with_file("/lib/libfoo.so.1", elf64(EM_X86_64));
  EXPECT_THAT(cached("*"), IsEmpty());
  EXPECT_EQ(found("libfoo.so.1"), "/lib/libfoo.so.1");
}

TEST_F(HostLibrariesTest, SonameIsNoGlobWhenOneFileIsLookedFor) {
  cache({{"libfoo.so.1", "/a/libfoo.so.1", kX86_64, 0}});
  host_.with_file("/a/libfoo.so.1", elf64(EM_X86_64));
  EXPECT_EQ(found("libfoo.so.*"), "none");
}

TEST_F(HostLibrariesTest, FactsAreReadOnceAndMissingOnesToo) {
  host_.with_file("/a", elf64(EM_AARCH64)).with_file("/text", "text");
  for (int i = 0; i < 2; ++i) {
    const auto& facts = libraries_.facts(HostPath("/a"));
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->machine, EM_AARCH64);
    EXPECT_EQ(facts->elf_class, ELFCLASS64);
    EXPECT_FALSE(libraries_.facts(HostPath("/text")));
    EXPECT_FALSE(libraries_.facts(HostPath("/none")));
  }
  EXPECT_THAT(host_.opened, ElementsAre("/a", "/text", "/none"));
}

TEST_F(HostLibrariesTest, OfManyFilesFewAreRemembered) {
  for (std::size_t i = 0; i <= HostLibraries::kMostRemembered; ++i)
    libraries_.facts(HostPath("/" + std::to_string(i)));
  const std::size_t asked = host_.opened.size();
  libraries_.facts(HostPath("/" + std::to_string(HostLibraries::kMostRemembered)));
  EXPECT_EQ(host_.opened.size(), asked) << "the last one is known";
  libraries_.facts(HostPath("/0"));
  EXPECT_EQ(host_.opened.size(), asked + 1) << "the first one has been forgotten";
}

}  // namespace
}  // namespace fromhost::core
