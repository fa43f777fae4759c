// SPDX-License-Identifier: Apache-2.0
// Which file of an image is its libfabric, and which ones are only named so.
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/image/image_libraries.hpp"
#include "tests/support/cache_bytes.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::cache_bytes;
using test::TempImage;

std::string found(const TempImage& image, const std::vector<ImagePath>& directories = {}) {
  const auto libfabric = find_libfabric(image.open(), directories);
  if (!libfabric) return "none";
  std::string text = libfabric->path.text() + " is " + libfabric->file.text();
  for (const ImagePath& other : libfabric->others) text += " not " + other.text();
  return text;
}

TEST(FindLibfabric, TakesTheCachesFirstAndNamesTheOthers) {
  const auto flags = cache_flags(EM_X86_64, ELFCLASS64).value();
  EXPECT_EQ(found(TempImage{}
                      .with_file("/opt/a/libfabric.so.1.20", "a")
                      .with_link("/opt/a/libfabric.so.1", "libfabric.so.1.20")
                      .with_file("/usr/lib/libfabric.so.1", "b")
                      .with_file("/etc/ld.so.cache",
                                 cache_bytes({{"libfabric.so.1", "/opt/a/libfabric.so.1", flags, 0},
                                              {"libfabric.so.1", "/usr/lib/libfabric.so.1", flags, 0}}))),
            "/opt/a/libfabric.so.1 is /opt/a/libfabric.so.1.20 not /usr/lib/libfabric.so.1");
}

TEST(FindLibfabric, StaleCacheEntryDoesNotCount) {
  const auto flags = cache_flags(EM_X86_64, ELFCLASS64).value();
  EXPECT_EQ(found(TempImage{}
                      .with_file("/usr/lib/libfabric.so", "b")
                      .with_file("/etc/ld.so.cache",
                                 cache_bytes({{"libfabric.so.1", "/opt/a/libfabric.so.1", flags, 0}}))),
            "/usr/lib/libfabric.so is /usr/lib/libfabric.so");
}

TEST(FindLibfabric, WalksTheTreeAtLast) {
  EXPECT_EQ(found(TempImage{}.with_file("/opt/mpi/deep/lib/libfabric.so.1", "b")),
            "/opt/mpi/deep/lib/libfabric.so.1 is /opt/mpi/deep/lib/libfabric.so.1");
  EXPECT_EQ(found(TempImage{}.with_file("/opt/mpi/libfabric.so.2", "b").with_link("/a", "a")), "none");
}

TEST(FindLibfabric, LinksDoNotLeaveTheImage) {
  EXPECT_EQ(found(TempImage{}.with_link("/usr/lib/libfabric.so.1", "/../../../../etc/passwd")), "none");
}

}  // namespace
}  // namespace fromhost::core
