// SPDX-License-Identifier: Apache-2.0
// The two kinds of paths: normal forms inside the image, bytes as given on the host, no way from one to the
// other.
#include "core/paths.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace fromhost::core {
namespace {

static_assert(!std::is_convertible_v<HostPath, ImagePath> && !std::is_constructible_v<ImagePath, HostPath>);
static_assert(!std::is_convertible_v<ImagePath, HostPath> && !std::is_constructible_v<HostPath, ImagePath>);
static_assert(!std::is_convertible_v<std::string, HostPath> &&
              !std::is_convertible_v<std::string_view, ImagePath>);

TEST(ImagePath, HasOneFormForOnePath) {
  struct Row {
    const char* name;
    const char* given;
    const char* text;
    const char* below;
    const char* last;
    const char* parent;
  };
  const Row rows[] = {
      {"root", "/", "/", ".", "", "/"},
      {"nothing is the root", "", "/", ".", "", "/"},
      {"many slashes are the root", "////", "/", ".", "", "/"},
      {"one component", "/usr", "/usr", "usr", "usr", "/"},
      {"no leading slash", "usr/lib", "/usr/lib", "usr/lib", "lib", "/usr"},
      {"trailing slash", "/usr/lib/", "/usr/lib", "usr/lib", "lib", "/usr"},
      {"repeated slashes", "//usr///lib//", "/usr/lib", "usr/lib", "lib", "/usr"},
      {"dots stay", "/a/../b/.", "/a/../b/.", "a/../b/.", ".", "/a/../b"},
      {"blanks stay", "/a b/ c", "/a b/ c", "a b/ c", " c", "/a b"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const ImagePath path{std::string_view(row.given)};
    EXPECT_EQ(path.text(), row.text);
    EXPECT_STREQ(path.below_root(), row.below);
    EXPECT_EQ(path.name(), row.last);
    EXPECT_EQ(path.parent().text(), row.parent);
    EXPECT_EQ(path.is_root(), path.text() == "/");
  }
}

TEST(ImagePath, JoinsNamesWithOneSlash) {
  EXPECT_EQ((ImagePath("/usr") / "lib").text(), "/usr/lib");
  EXPECT_EQ((ImagePath("/") / "lib").text(), "/lib");
  EXPECT_EQ((ImagePath() / "/lib/").text(), "/lib");
}

TEST(ImagePath, ComparesByItsForm) {
  EXPECT_EQ(ImagePath("/usr//lib/"), ImagePath("usr/lib"));
  EXPECT_LT(ImagePath("/a"), ImagePath("/b"));
}

TEST(HostPath, KeepsEveryByte) {
  EXPECT_EQ(HostPath("a//b/../c ").text(), "a//b/../c ");
  EXPECT_STREQ(HostPath("rel").c_str(), "rel");
}

TEST(HostPath, ANameIsWhatFollowsTheLastSlash) {
  EXPECT_EQ(HostPath("/usr/lib/libfoo.so").name(), "libfoo.so");
  EXPECT_EQ(HostPath("libfoo.so").name(), "libfoo.so");
  EXPECT_EQ(HostPath("/usr/lib/").name(), "");
  EXPECT_EQ(HostPath("").name(), "");
}

}  // namespace
}  // namespace fromhost::core
