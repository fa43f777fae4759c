// SPDX-License-Identifier: Apache-2.0
// The loader's configuration: our lines are added once, other lines stay.
#include "core/plan/ld_so_conf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "tests/support/ordinary_user.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using Lines = std::map<std::string, std::vector<std::string>>;
using test::TempImage;

constexpr const char* kInclude = "include /etc/ld.so.conf.d/*.conf\n";

/// Path and new content of each file to be changed.
std::map<std::string, std::string> changed(const Lines& lines, const TempImage& image) {
  const ImageRoot root = image.open();
  std::map<std::string, std::string> texts;
  for (const PlannedText& one : ld_so_conf_texts(lines, root)) texts[one.path.text()] = one.content;
  return texts;
}

TEST(LdSoConf, FilesBelowTheDirectoryGetEachLineOnce) {
  struct Row {
    const char* name;
    const char* old;
    std::vector<std::string> lines;
    std::optional<std::string> content;
  };
  const Row rows[] = {
      {"new", nullptr, {"/opt/lib"}, "/opt/lib\n"},
      {"two lines in order", nullptr, {"/z", "/a"}, "/z\n/a\n"},
      {"the same twice", nullptr, {"/a", "/a"}, "/a\n"},
      {"other lines stay", "# mine\n/b\n", {"/a"}, "# mine\n/b\n/a\n"},
      {"already there", "/b\n/a\n", {"/a"}, std::nullopt},
      {"already there without newline", "/a", {"/a"}, std::nullopt},
      {"last line without newline", "/b", {"/a"}, "/b\n/a\n"},
      {"part of a line is not the line", "/a/b\n", {"/a"}, "/a/b\n/a\n"},
      {"in a comment it does not count", "#/a\n", {"/a"}, "#/a\n/a\n"},
      {"empty file", "", {"/a"}, "/a\n"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    TempImage image = TempImage{}.with_file("/etc/ld.so.conf", kInclude);
    if (row.old) image.with_file("/etc/ld.so.conf.d/x.conf", row.old);
    std::map<std::string, std::string> expected;
    if (row.content) expected["/etc/ld.so.conf.d/x.conf"] = *row.content;
    EXPECT_EQ(changed({{"x.conf", row.lines}}, image), expected);
  }
}

TEST(LdSoConf, GetsTheIncludeOnlyIfItHasNone) {
  struct Row {
    const char* name;
    const char* old;
    std::optional<std::string> content;
  };
  const std::string include = kInclude;
  const Row rows[] = {
      {"missing file", nullptr, include},
      {"empty file", "", include},
      {"Debian's", "include /etc/ld.so.conf.d/*.conf\n", std::nullopt},
      {"Red Hat's", "include ld.so.conf.d/*.conf\n", std::nullopt},
      {"tab and blanks", "  include\t/etc/ld.so.conf.d/*.conf  \n", std::nullopt},
      {"without newline", "include ld.so.conf.d/*.conf", std::nullopt},
      {"with a comment behind", "include ld.so.conf.d/*.conf # all\n", std::nullopt},
      {"commented out", "#include ld.so.conf.d/*.conf\n", "#include ld.so.conf.d/*.conf\n" + include},
      {"among others", "include /opt/*.conf ld.so.conf.d/*.conf\n", std::nullopt},
      {"another include", "include /opt/*.conf\n", "include /opt/*.conf\n" + include},
      {"other lines without newline", "/opt/lib", "/opt/lib\n" + include},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    TempImage image = TempImage{}.with_file("/etc/ld.so.conf.d/x.conf", "/a\n");
    if (row.old) image.with_file("/etc/ld.so.conf", row.old);
    std::map<std::string, std::string> expected;
    if (row.content) expected["/etc/ld.so.conf"] = *row.content;
    EXPECT_EQ(changed({{"x.conf", {"/a"}}}, image), expected);
  }
}

TEST(LdSoConf, NoLinesNoChangeWhateverIsThere) {
  EXPECT_THAT(changed({}, TempImage{}), testing::IsEmpty());
  const TempImage large = TempImage{}.with_file("/etc/ld.so.conf", std::string((1u << 20) + 1, '#'));
  EXPECT_THAT(changed({}, large), testing::IsEmpty());
}

TEST(LdSoConf, ReadsThroughLinksInsideTheImageOnly) {
  TempImage image;
  image.with_file("/usr/share/conf", kInclude).with_link("/etc/ld.so.conf", "/usr/share/conf");
  image.with_link("/etc/ld.so.conf.d/x.conf", image.beside("outside/kept"));
  EXPECT_EQ(changed({{"x.conf", {"/a"}}}, image),
            (std::map<std::string, std::string>{{"/etc/ld.so.conf.d/x.conf", "/a\n"}}));
}

TEST(LdSoConf, WhatCannotBeReadIsNotReplaced) {
  // Taken for empty, it would lose all its lines.
  const bool possible = test::as_ordinary_user([] {
    TempImage image = TempImage{}.with_file("/etc/ld.so.conf", "/opt/precious\n", 0000);
    EXPECT_THROW(changed({{"x.conf", {"/a"}}}, image), Error);
    image.with_mode("/etc/ld.so.conf", 0644).with_file("/etc/ld.so.conf.d/x.conf", "/precious\n", 0000);
    EXPECT_THROW(changed({{"x.conf", {"/a"}}}, image), Error);
  });
  if (!possible) GTEST_SKIP() << "cannot become an ordinary user here";
}

TEST(LdSoConf, WhatIsTooLargeIsNotReplaced) {
  const TempImage image = TempImage{}.with_file("/etc/ld.so.conf", std::string((1u << 20) + 1, '#') + "\n");
  EXPECT_THROW(changed({{"x.conf", {"/a"}}}, image), Error);
}

}  // namespace
}  // namespace fromhost::core
