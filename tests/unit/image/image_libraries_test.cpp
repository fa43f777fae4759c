// SPDX-License-Identifier: Apache-2.0
// What the image's loader finds, without running it.
#include "core/image/image_libraries.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include "tests/support/cache_bytes.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::cache_bytes;
using test::TempImage;

std::uint32_t flags(std::uint16_t machine, std::uint8_t elf_class) {
  return cache_flags(machine, elf_class).value();
}
const std::uint32_t kOurs = flags(EM_X86_64, ELFCLASS64);

std::string text(const std::optional<ImagePath>& path) {
  return path ? path->text() : "(none)";
}

std::string in_cache(const TempImage& image, const std::string& soname, std::uint16_t machine = EM_X86_64,
                     std::uint8_t elf_class = ELFCLASS64) {
  return text(ImageLibraries::read(image.open()).in_cache(soname, machine, elf_class));
}

TEST(ImageLibraries, TheFirstEntryOfASonameCounts) {
  const TempImage image =
      TempImage{}.with_file("/etc/ld.so.cache", cache_bytes({{"liba.so.1", "/opt/liba.so.1", kOurs, 0},
                                                             {"libb.so.1", "/lib/libb.so.1", kOurs, 0},
                                                             {"libb.so.1", "/usr/lib/libb.so.1", kOurs, 0}}));
  EXPECT_EQ(in_cache(image, "liba.so.1"), "/opt/liba.so.1");
  EXPECT_EQ(in_cache(image, "libb.so.1"), "/lib/libb.so.1");
  EXPECT_EQ(in_cache(image, "libc.so.6"), "(none)");
}

TEST(ImageLibraries, AnotherMachinesEntryDoesNotCount) {
  const TempImage image = TempImage{}.with_file(
      "/etc/ld.so.cache", cache_bytes({{"liba.so.1", "/lib32/liba.so.1", flags(EM_386, ELFCLASS32), 0},
                                       {"liba.so.1", "/lib64/liba.so.1", kOurs, 0}}));
  EXPECT_EQ(in_cache(image, "liba.so.1"), "/lib64/liba.so.1");
  EXPECT_EQ(in_cache(image, "liba.so.1", EM_386, ELFCLASS32), "/lib32/liba.so.1");
  EXPECT_EQ(in_cache(image, "liba.so.1", EM_AARCH64, ELFCLASS64), "(none)");
  EXPECT_EQ(text(ImageLibraries::read(image.open()).in_cache("liba.so.1")), "/lib32/liba.so.1");
}

TEST(ImageLibraries, AMachineUnknownHereIsNotCompared) {
  const TempImage image =
      TempImage{}.with_file("/etc/ld.so.cache", cache_bytes({{"liba.so.1", "/lib/liba.so.1", 0x1234, 0}}));
  EXPECT_EQ(in_cache(image, "liba.so.1", EM_SPARCV9, ELFCLASS64), "/lib/liba.so.1");
}

TEST(ImageLibraries, EntriesForSpecialProcessorsDoNotCount) {
  const TempImage image = TempImage{}.with_file(
      "/etc/ld.so.cache",
      cache_bytes({{"liba.so.1", "/lib/glibc-hwcaps/x86-64-v3/liba.so.1", kOurs, std::uint64_t{1} << 62},
                   {"liba.so.1", "/lib/liba.so.1", kOurs, 0}}));
  EXPECT_EQ(in_cache(image, "liba.so.1"), "/lib/liba.so.1");
}

TEST(ImageLibraries, AMissingOrMalformedCacheIsEmpty) {
  EXPECT_EQ(in_cache(TempImage{}, "liba.so.1"), "(none)");
  EXPECT_EQ(in_cache(TempImage{}.with_file("/etc/ld.so.cache", "garbage"), "liba.so.1"), "(none)");
  EXPECT_EQ(in_cache(TempImage{}.with_fifo("/etc/ld.so.cache"), "liba.so.1"), "(none)");
}

TEST(ImageLibraries, ACacheOutsideIsNotRead) {
  const TempImage image;
  std::ofstream(image.beside("outside/cache"), std::ios::binary)
      << cache_bytes({{"liba.so.1", "/host/liba.so.1", kOurs, 0}});
  TempImage(image).with_link("/etc/ld.so.cache", image.beside("outside/cache"));
  EXPECT_EQ(in_cache(image, "liba.so.1"), "(none)");
}

TEST(FindLibfabric, TakesTheCachesElseTheFirstDirectoryThatHasOne) {
  struct Row {
    const char* name;
    TempImage image;
    const char* found;
  };
  const std::string cache = cache_bytes({{"libfabric.so.1", "/opt/fi/libfabric.so.1", kOurs, 0}});
  const Row rows[] = {
      {"in the cache",
       TempImage{}
           .with_file("/etc/ld.so.cache", cache)
           .with_library("/opt/fi/libfabric.so.1")
           .with_library("/first/libfabric.so.1"),
       "/opt/fi/libfabric.so.1"},
      {"in the cache, but not there",
       TempImage{}.with_file("/etc/ld.so.cache", cache).with_library("/first/libfabric.so.1"),
       "/first/libfabric.so.1"},
      {"in ldconfig's directories, in order",
       TempImage{}.with_library("/second/libfabric.so.1").with_library("/first/libfabric.so.1"),
       "/first/libfabric.so.1"},
      {"in the second of them", TempImage{}.with_library("/second/libfabric.so.1"), "/second/libfabric.so.1"},
      {"ldconfig's before the usual ones",
       TempImage{}.with_library("/usr/lib/libfabric.so.1").with_library("/second/libfabric.so.1"),
       "/second/libfabric.so.1"},
      {"soname before the development name",
       TempImage{}.with_library("/first/libfabric.so").with_library("/first/libfabric.so.1"),
       "/first/libfabric.so.1"},
      {"development name", TempImage{}.with_library("/first/libfabric.so"), "/first/libfabric.so"},
      {"a usual place", TempImage{}.with_library("/usr/local/lib/libfabric.so.1"),
       "/usr/local/lib/libfabric.so.1"},
      {"a link keeps its name",
       TempImage{}
           .with_library("/x/libfabric.so.1.2")
           .with_link("/first/libfabric.so.1", "/x/libfabric.so.1.2"),
       "/first/libfabric.so.1"},
      {"anywhere else in the image", TempImage{}.with_library("/elsewhere/deep/libfabric.so.1"),
       "/elsewhere/deep/libfabric.so.1"},
      {"a directory of that name is none",
       TempImage{}.with_directory("/first/libfabric.so.1").with_library("/second/libfabric.so.1"),
       "/second/libfabric.so.1"},
      {"a dangling link is none", TempImage{}.with_link("/first/libfabric.so.1", "nowhere"), "(none)"},
      {"nowhere", TempImage{}.with_library("/first/libfabric.so.1.2.3"), "(none)"},
  };
  const std::vector<ImagePath> directories = {ImagePath("/first"), ImagePath("/second")};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const auto found = find_libfabric(row.image.open(), directories);
    EXPECT_EQ(found ? found->path.text() : "(none)", row.found);
  }
}

TEST(FindLibfabric, TellsTheFileBehindTheLinksAndTheOthersOnce) {
  TempImage image;
  image.with_library("/first/libfabric.so.1.2").with_link("/first/libfabric.so.1", "libfabric.so.1.2");
  image.with_link("/first/libfabric.so", "libfabric.so.1");
  image.with_library("/second/libfabric.so.1").with_link("/second/libfabric.so", "libfabric.so.1");
  const auto found = find_libfabric(image.open(), {ImagePath("/first"), ImagePath("/second")});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path.text(), "/first/libfabric.so.1");
  EXPECT_EQ(found->file.text(), "/first/libfabric.so.1.2");
  ASSERT_EQ(found->others.size(), 1u);
  EXPECT_EQ(found->others[0].text(), "/second/libfabric.so.1");
}

TEST(FindLibfabric, TheWalkFollowsNoLinkOutOrInCircles) {
  TempImage image;
  image.with_link("/out", image.beside("outside")).with_link("/circle", "/").with_directory("/a/b");
  image.with_link("/a/b/up", "../..");
  std::ofstream(image.beside("outside/libfabric.so.1")) << "the host's";
  EXPECT_FALSE(find_libfabric(image.open(), {}));
}

}  // namespace
}  // namespace fromhost::core
