// SPDX-License-Identifier: Apache-2.0
// The seam to the image: what can be a root, and looking at what is below without being led out or held up.
#include "core/image/image_root.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <system_error>

#include "core/error.hpp"
#include "core/host/resolve_in_root.hpp"
#include "tests/support/ordinary_user.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::TempImage;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string refusal(const std::string& path) {
  try {
    ImageRoot::open(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ImageRoot, OnlyADirectoryIsAnImage) {
  const TempImage image = TempImage{}.with_file("/file").with_link("/dangling", "nowhere");
  EXPECT_THAT(refusal(image.at("/file")),
              HasSubstr("image: image not a directory: " + image.at("/file") + ": Not a directory"));
  EXPECT_THAT(refusal(image.at("/missing")),
              HasSubstr("image not a directory: " + image.at("/missing") + ": No such file or directory"));
  EXPECT_THAT(refusal(image.at("/dangling")), HasSubstr("No such file or directory"));
  EXPECT_THAT(refusal(""), HasSubstr("image not a directory: "));
  EXPECT_EQ(refusal(image.root()), "");
}

TEST(ImageRoot, TheHostsOwnRootIsNoImage) {
  for (const char* path : {"/", "//", "/usr/.."}) {
    SCOPED_TRACE(path);
    EXPECT_THAT(refusal(path), HasSubstr("it is this host's own root directory"));
  }
}

TEST(ImageRoot, ADirectoryThatMayNotBeReadIsNamedWithTheReason) {
  const bool possible = test::as_ordinary_user([] {
    const TempImage image = TempImage{}.with_directory("/locked", 0000);
    EXPECT_THAT(refusal(image.at("/locked")), HasSubstr("Permission denied; you may not read it"));
  });
  if (!possible) GTEST_SKIP() << "cannot become an ordinary user here";
}

TEST(ImageRoot, KeepsThePathAsTypedAndKnowsTheAbsoluteOne) {
  const TempImage image = TempImage{}.with_directory("/inner").with_link("/link", "inner");
  const ImageRoot root = ImageRoot::open(image.at("/./link/"));
  EXPECT_EQ(root.path(), image.at("/./link/"));
  EXPECT_EQ(root.absolute_path(), std::filesystem::canonical(image.at("/inner")).string());
}

TEST(ImageRoot, StatFollowsLinksInsideAndLstatDoesNot) {
  const TempImage image = TempImage{}
                              .with_library("/usr/lib/libmpi.so.12")
                              .with_link("/abs", "/usr/lib/libmpi.so.12")
                              .with_link("/dangling", "/nowhere");
  const ImageRoot root = image.open();
  ASSERT_TRUE(root.stat(ImagePath("/abs")));
  EXPECT_TRUE(same_file(*root.stat(ImagePath("/abs")), image.status("/usr/lib/libmpi.so.12")));
  ASSERT_TRUE(root.lstat(ImagePath("/abs")));
  EXPECT_TRUE(S_ISLNK(root.lstat(ImagePath("/abs"))->st_mode));
  EXPECT_FALSE(root.stat(ImagePath("/dangling")));
  EXPECT_TRUE(root.lstat(ImagePath("/dangling")));
  EXPECT_FALSE(root.lstat(ImagePath("/missing")));
}

TEST(ImageRoot, KnowsDirectoriesThroughLinks) {
  const TempImage image =
      TempImage{}.with_directory("/usr/lib").with_link("/lib", "/usr/lib").with_file("/file");
  const ImageRoot root = image.open();
  EXPECT_TRUE(root.is_directory(ImagePath("/")));
  EXPECT_TRUE(root.is_directory(ImagePath("/lib")));
  EXPECT_FALSE(root.is_directory(ImagePath("/file")));
  EXPECT_FALSE(root.is_directory(ImagePath("/missing")));
}

TEST(ImageRoot, OpensADirectoryOrThrowsWithItsName) {
  const TempImage image = TempImage{}.with_directory("/usr").with_file("/file");
  const ImageRoot root = image.open();
  EXPECT_TRUE(root.open_directory(ImagePath("/usr")));
  try {
    root.open_directory(ImagePath("/file"));
    FAIL() << "a file was opened as a directory";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOTDIR);
    EXPECT_THAT(error.what(), HasSubstr("/file"));
  }
}

TEST(ImageRoot, ReadsAFileUpToTheLimit) {
  const TempImage image =
      TempImage{}.with_file("/file", "12345").with_file("/empty").with_link("/l", "/file");
  const ImageRoot root = image.open();
  EXPECT_EQ(root.read_file(ImagePath("/file"), 100), "12345");
  EXPECT_EQ(root.read_file(ImagePath("/l"), 5), "12345");
  EXPECT_EQ(root.read_file(ImagePath("/empty"), 0), "");
  EXPECT_EQ(root.read_file(ImagePath("/file"), 4), std::nullopt);
}

TEST(ImageRoot, ReadsNothingButRegularFilesAndIsNotHeldUp) {
  TempImage image = TempImage{}.with_fifo("/fifo").with_link("/to_fifo", "fifo").with_directory("/directory");
  image.with_link("/out", image.beside("outside/kept"));
  const ImageRoot root = image.open();
  for (const char* path : {"/fifo", "/to_fifo", "/directory", "/missing", "/out"}) {
    SCOPED_TRACE(path);
    EXPECT_EQ(root.read_file(ImagePath(path), 100), std::nullopt);
  }
}

TEST(ImageRoot, ListsNamesSortedWithoutDots) {
  const TempImage image =
      TempImage{}.with_file("/usr/b").with_directory("/usr/a").with_link("/usr/c", "x").with_file("/usr/.d");
  const ImageRoot root = image.open();
  EXPECT_THAT(root.list(ImagePath("/usr")), ElementsAre(".d", "a", "b", "c"));
  EXPECT_THAT(root.list(ImagePath("/usr/a")), IsEmpty());
  EXPECT_THAT(root.list(ImagePath("/missing")), IsEmpty());
  EXPECT_THAT(root.list(ImagePath("/usr/b")), IsEmpty());
}

TEST(ImageRoot, ResolvesToAPathInsideTheImage) {
  TempImage image;
  image.with_library("/usr/lib/libmpi.so.12.1").with_link("/usr/lib/libmpi.so.12", "libmpi.so.12.1");
  image.with_link("/lib", "/usr/lib").with_link("/up", "../../../usr").with_link("/loop", "loop");
  image.with_link("/out", image.beside("outside"));
  struct Row {
    const char* name;
    const char* path;
    std::optional<std::string> resolved;
  };
  const Row rows[] = {
      {"root", "/", "/"},
      {"no link", "/usr/lib", "/usr/lib"},
      {"links in the middle and at the end", "/lib/libmpi.so.12", "/usr/lib/libmpi.so.12.1"},
      {"above root", "/up/lib", "/usr/lib"},
      {"up", "/lib/../lib", "/usr/lib"},
      {"loop", "/loop", std::nullopt},
      {"missing", "/missing", std::nullopt},
      {"outside", "/out", std::nullopt},
  };
  const ImageRoot root = image.open();
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const auto resolved = root.resolve(ImagePath(row.path));
    EXPECT_EQ(resolved ? std::optional(resolved->text()) : std::nullopt, row.resolved);
  }
}

TEST(ImageRoot, FollowsTheDirectoryNotItsName) {
  const TempImage image = TempImage{}.with_file("/inner/file", "right");
  const ImageRoot root = ImageRoot::open(image.at("/inner"));
  std::filesystem::rename(image.at("/inner"), image.at("/moved"));
  TempImage(image).with_file("/inner/file", "wrong");
  EXPECT_EQ(root.read_file(ImagePath("/file"), 100), "right");
}

TEST(ListDirectory, KindsAreThoseOfTheEntriesThemselves) {
  const TempImage image =
      TempImage{}.with_file("/d/file", "").with_link("/d/link", "file").with_directory("/d/directory");
  ASSERT_EQ(::mkfifo(image.at("/d/fifo").c_str(), 0600), 0);
  const UniqueFd directory = image.open().open_directory(ImagePath("/d"));
  for (int i = 0; i < 2; ++i) {  // reading moves no offset
    std::vector<std::pair<std::string, bool>> listed;
    for (const ListedName& one : list_kinds(directory.get())) listed.emplace_back(one.name, one.regular);
    EXPECT_THAT(listed, testing::ElementsAre(testing::Pair("directory", false), testing::Pair("fifo", false),
                                             testing::Pair("file", true), testing::Pair("link", false)));
  }
  EXPECT_THAT(list_kinds(-1), IsEmpty());
}

TEST(ListDirectory, OfNoDescriptorIsEmpty) {
  EXPECT_THAT(list_directory(UniqueFd()), IsEmpty());
}

}  // namespace
}  // namespace fromhost::core
