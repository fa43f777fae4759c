// SPDX-License-Identifier: Apache-2.0
// From contributions to a plan: the first rule that holds, duplicates, and every problem in one stop.
#include "core/plan/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::TempImage;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Destination = std::optional<std::string>;
constexpr auto kNone = std::nullopt;

TempImage usual_image() {
  return TempImage{}
      .with_directory("/usr/bin")
      .with_directory("/usr/lib/x86_64-linux-gnu")
      .with_directory("/opt/dst")
      .with_file("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n")
      .with_link("/lib", "usr/lib")
      .with_link("/bin", "usr/bin");
}

Contribution item(ItemKind kind, const std::string& source, Destination destination = kNone) {
  return {kind, source, std::move(destination), "because", "generic"};
}

class PlanTest : public testing::Test {
 protected:
  Plan plan(const Contributions& contributions) {
    asked_ = 0;
    const ImageRoot root = image_.open();
    return make_plan(contributions, root, [this]() -> const std::vector<ImagePath>& {
      ++asked_;
      return directories_;
    });
  }
  /// What is said of contributions that cannot be planned; "" if nothing.
  std::string refusal(const Contributions& contributions) {
    try {
      plan(contributions);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  TempImage image_ = usual_image();
  std::vector<ImagePath> directories_ = {ImagePath("/lib/x86_64-linux-gnu"), ImagePath("/lib")};
  int asked_ = 0;  // how often for ldconfig's directories
};

TEST_F(PlanTest, EachKindGoesToItsPlaceByTheFirstRuleThatHolds) {
  struct Row {
    const char* name;
    Contribution item;
    const char* directory;
    FileRole role;
    const char* rule;
    bool by_path_alone;
    bool make_directory;
    int asked;
  };
  const auto program = FileRole::program, library = FileRole::library, data = FileRole::data;
  const char* first = "/lib/x86_64-linux-gnu";
  const Row rows[] = {
      {"listed program", item(ItemKind::file, "/opt/bin/tool"), "/usr/bin", program, "path contains /bin",
       true, false, 0},
      {"listed system program", item(ItemKind::file, "/usr/sbin/ibstat"), "/usr/bin", program,
       "path contains /sbin", true, false, 0},
      {"listed library", item(ItemKind::file, "/opt/lib/libfoo.so.1"), first, library,
       "path contains /lib; first ldconfig directory", true, false, 1},
      {"listed .so", item(ItemKind::file, "/opt/foo.so"), first, library,
       "path contains .so; first ldconfig directory", true, false, 1},
      {"listed library with --dest", item(ItemKind::file, "/opt/lib/libfoo.so.1", "/opt/dst"), "/opt/dst",
       library, "--dest", false, false, 0},
      {"listed program with --dest", item(ItemKind::file, "/opt/bin/tool", "/opt/dst"), "/opt/dst", program,
       "--dest", false, false, 0},
      {"listed anything with --dest", item(ItemKind::file, "/etc/foo.conf", "/opt/dst/"), "/opt/dst", data,
       "--dest", false, false, 0},
      {"--dest through a link", item(ItemKind::file, "/etc/foo.conf", "/lib"), "/lib", data, "--dest", false,
       false, 0},
      {"--dest root", item(ItemKind::file, "/etc/foo.conf", "/"), "/", data, "--dest", false, false, 0},
      {"--dest above root", item(ItemKind::file, "/etc/foo.conf", "/../opt/dst"), "/../opt/dst", data,
       "--dest", false, false, 0},
      {"provider's program", item(ItemKind::program, "/opt/x/tool"), "/usr/bin", program, "programs", false,
       false, 0},
      {"provider's program whose path looks like a library", item(ItemKind::program, "/opt/lib/tool"),
       "/usr/bin", program, "programs", false, false, 0},
      {"provider's library", item(ItemKind::library, "/opt/bin/libfoo.so.1"), first, library,
       "libraries; first ldconfig directory", false, false, 1},
      {"provider's library with --dest", item(ItemKind::library, "/opt/libfoo.so.1", "/opt/dst"), "/opt/dst",
       library, "--dest", false, false, 0},
      {"provider's data in a new directory", item(ItemKind::data, "/etc/foo.json", "/usr/share/new/deep"),
       "/usr/share/new/deep", data, "its own place", false, true, 0},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    try {
      const Plan made = plan({row.item});
      ASSERT_EQ(made.files.size(), 1u);
      const PlannedFile& file = made.files[0];
      EXPECT_EQ(file.source.text(), row.item.source);
      EXPECT_EQ(file.directory.text(), row.directory);
      EXPECT_EQ(file.name, last_component(row.item.source));
      EXPECT_EQ(file.role, row.role);
      EXPECT_EQ(file.rule, row.rule);
      EXPECT_EQ(file.by_path_alone, row.by_path_alone);
      EXPECT_EQ(file.make_directory, row.make_directory);
      EXPECT_EQ(file.reason, "because");
      EXPECT_EQ(file.provider, "generic");
      EXPECT_EQ(made.has_libraries, row.role == FileRole::library);
      EXPECT_EQ(asked_, row.asked) << "times asked for ldconfig's directories";
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

TEST_F(PlanTest, WhatCannotBePlannedIsToldInTheManualsWords) {
  struct Row {
    const char* name;
    Contributions items;
    const char* said;
  };
  const Row rows[] = {
      {"nothing", {}, "plan: empty file list"},
      {"neither program nor library",
       {item(ItemKind::file, "/etc/foo.conf")},
       "plan: no destination for: /etc/foo.conf: its path looks like neither a program nor a library; put "
       "--dest DIR "
       "before it"},
      {"relative without destination", {item(ItemKind::file, "foo")}, "plan: no destination for: foo"},
      {"colon",
       {item(ItemKind::file, "/usr/lib/a:b.so")},
       "plan: paths can't contain colon: /usr/lib/a:b.so"},
      {"colon with --dest",
       {item(ItemKind::file, "/x/a:b", "/opt/dst")},
       "plan: paths can't contain colon: /x/a:b"},
      {"newline", {item(ItemKind::file, "/usr/lib/a\nb.so")}, "plan: paths can't contain newline: "},
      {"relative --dest",
       {item(ItemKind::file, "/usr/bin/x", "opt/dst")},
       "plan: not an absolute path: opt/dst"},
      {"missing --dest",
       {item(ItemKind::file, "/usr/bin/x", "/nowhere")},
       "plan: not a directory: /nowhere: No such file or directory"},
      {"--dest is a file",
       {item(ItemKind::file, "/usr/bin/x", "/etc/ld.so.conf")},
       "plan: not a directory: /etc/ld.so.conf; --dest"},
      {"a directory's path",
       {item(ItemKind::file, "/usr/lib/")},
       "plan: cannot inject: /usr/lib/: Is a directory"},
      {"a path that ends with dots",
       {item(ItemKind::file, "/usr/lib/..")},
       "plan: cannot inject: /usr/lib/..: Is a directory"},
      {"a path that ends with a dot",
       {item(ItemKind::file, "/usr/lib/.")},
       "plan: cannot inject: /usr/lib/.: Is a directory"},
      {"relative directory", {item(ItemKind::directory, "", "opt/x")}, "plan: not an absolute path: opt/x"},
      {"libfabric provider without libfabric",
       {item(ItemKind::libfabric_provider, "/opt/libx-fi.so")},
       "plan: no libfabric in the image: nothing provides libfabric.so.1"},
      {"libfabric without libfabric",
       {item(ItemKind::libfabric, "/opt/libfabric.so")},
       "plan: no libfabric in the image"},
      {"ld.so.conf, relative",
       {item(ItemKind::ld_so_conf, "opt/lib")},
       "plan: cannot add to ld.so.conf: opt/lib"},
      {"ld.so.conf, second line smuggled in",
       {item(ItemKind::ld_so_conf, "/a\n/b")},
       "plan: cannot add to ld.so.conf"},
      {"ld.so.conf, blank", {item(ItemKind::ld_so_conf, "/a /b")}, "plan: cannot add to ld.so.conf"},
      {"ld.so.conf, glob", {item(ItemKind::ld_so_conf, "/a/*")}, "plan: cannot add to ld.so.conf"},
      {"ld.so.conf, file elsewhere",
       {item(ItemKind::ld_so_conf, "/a", "../passwd")},
       "plan: cannot add to ld.so.conf"},
      {"ld.so.conf, hidden file", {item(ItemKind::ld_so_conf, "/a", ".x")}, "plan: cannot add to ld.so.conf"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_THAT(refusal(row.items), testing::StartsWith(row.said));
  }
}

TEST_F(PlanTest, AnImageWithoutTheProgramDirectoryIsToldWithTheWayOut) {
  image_ = TempImage{};
  EXPECT_THAT(refusal({item(ItemKind::file, "/opt/bin/x")}),
              HasSubstr("not a directory: /usr/bin: the image has no such directory; is " + image_.root() +
                        " the directory that ch-convert unpacked?"));
  image_ = TempImage{}.with_directory("/etc");
  EXPECT_THAT(
      refusal({item(ItemKind::file, "/opt/bin/x")}),
      HasSubstr(
          "not a directory: /usr/bin: the image has no such directory; put --dest DIR before /opt/bin/x"));
}

TEST_F(PlanTest, ALibraryDirectoryThatLdconfigInventedIsRefused) {
  directories_ = {ImagePath("/../outside")};
  EXPECT_THAT(refusal({item(ItemKind::library, "/opt/libfoo.so")}),
              HasSubstr("not a directory: /../outside"));
}

TEST_F(PlanTest, OfAListedFileThatIsMissingTheListIsTold) {
  const ImageRoot root = image_.open();
  const auto said = [&](const std::string& source, const char* reason) -> std::string {
    try {
      make_plan(
          {{ItemKind::file, source, kNone, reason, "generic"}},
          root, [this]() -> const auto& { return directories_; },
          [](const std::string&) { return "No such file or directory"; });
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(said("notes", "--file list"),
            "plan: no destination for: notes: No such file or directory; --file list names it");
  EXPECT_EQ(said("/bin/x/", "--cmd ls x"),
            "plan: cannot inject: /bin/x/: No such file or directory; --cmd ls x names it");
  EXPECT_EQ(said("notes", "--path"), "plan: no destination for: notes: No such file or directory");
}

TEST_F(PlanTest, EveryProblemIsToldInTheOrderOfTheCommandLine) {
  const std::string said = refusal({item(ItemKind::file, "/etc/first"), item(ItemKind::file, "/usr/bin/good"),
                                    item(ItemKind::file, "/a:b"), item(ItemKind::file, "/etc/last")});
  EXPECT_THAT(said, testing::MatchesRegex("plan: no destination for: /etc/first[^\n]*\n"
                                          "plan: paths can't contain colon: /a:b\n"
                                          "plan: no destination for: /etc/last[^\n]*"));
}

TEST_F(PlanTest, KeepsTheOrderOfTheCommandLine) {
  const Plan made = plan({item(ItemKind::file, "/usr/bin/z"), item(ItemKind::file, "/usr/lib/liba.so"),
                          item(ItemKind::file, "/usr/bin/a")});
  ASSERT_EQ(made.files.size(), 3u);
  EXPECT_EQ(made.files[0].name, "z");
  EXPECT_EQ(made.files[1].name, "liba.so");
  EXPECT_EQ(made.files[2].name, "a");
}

TEST_F(PlanTest, OfTwoFilesForOnePlaceTheLaterWinsWithAWarning) {
  const Plan made = plan({item(ItemKind::file, "/a/lib/libx.so"), item(ItemKind::file, "/usr/bin/y"),
                          item(ItemKind::file, "/b/lib/libx.so")});
  ASSERT_EQ(made.files.size(), 2u);
  EXPECT_EQ(made.files[0].source.text(), "/b/lib/libx.so");
  EXPECT_THAT(made.warnings, ElementsAre("/b/lib/libx.so and /a/lib/libx.so both go to "
                                         "/lib/x86_64-linux-gnu/libx.so; the later one is injected"));
}

TEST_F(PlanTest, TheSameFileTwiceIsOneFileWithoutAWord) {
  const Plan made = plan({item(ItemKind::file, "/usr/bin/y"), item(ItemKind::file, "/usr/bin/y")});
  EXPECT_EQ(made.files.size(), 1u);
  EXPECT_THAT(made.warnings, IsEmpty());
}

TEST_F(PlanTest, OneDirectoryByTwoNamesIsOnePlace) {
  const Plan made = plan({item(ItemKind::file, "/a/x", "/lib"), item(ItemKind::file, "/b/x", "/usr/lib")});
  ASSERT_EQ(made.files.size(), 1u);
  EXPECT_EQ(made.files[0].source.text(), "/b/x");
  EXPECT_EQ(made.warnings.size(), 1u);
}

TEST_F(PlanTest, TheSameNameInTwoDirectoriesIsTwoFiles) {
  const Plan made =
      plan({item(ItemKind::file, "/a/x", "/opt/dst"), item(ItemKind::file, "/a/x", "/usr/lib")});
  EXPECT_EQ(made.files.size(), 2u);
  EXPECT_THAT(made.warnings, IsEmpty());
}

TEST_F(PlanTest, DirectoriesAndLinksArePlannedAsGiven) {
  const Plan made =
      plan({item(ItemKind::directory, "", "/var/opt//x/"), item(ItemKind::link, "../y", "/opt/dst/link")});
  ASSERT_EQ(made.directories.size(), 1u);
  EXPECT_EQ(made.directories[0].path.text(), "/var/opt/x");
  ASSERT_EQ(made.links.size(), 1u);
  EXPECT_EQ(made.links[0].path.text(), "/opt/dst/link");
  EXPECT_EQ(made.links[0].target, "../y");
  EXPECT_FALSE(made.has_libraries);
}

TEST_F(PlanTest, ARelativeLinkIsOneWhereLibrariesGo) {
  const Plan made = plan({item(ItemKind::link, "libfoo.so.1", "libfoo.so")});
  ASSERT_EQ(made.links.size(), 1u);
  EXPECT_EQ(made.links[0].path.text(), "/lib/x86_64-linux-gnu/libfoo.so");
  EXPECT_EQ(asked_, 1);
}

TEST_F(PlanTest, LdconfigIsWantedForWhatLooksLikeALibraryWhereverItGoes) {
  struct Row {
    const char* name;
    Contribution item;
    bool wanted;
  };
  const Row rows[] = {
      {"listed library with --dest", item(ItemKind::file, "/opt/libfoo.so", "/opt/dst"), true},
      {"listed library below bin", item(ItemKind::file, "/opt/bin/libfoo.so"), true},
      {"listed program", item(ItemKind::file, "/usr/bin/tool"), false},
      {"provider's library", item(ItemKind::library, "/opt/x"), true},
      {"provider's program below lib", item(ItemKind::program, "/opt/lib/tool"), false},
      {"provider's data below lib", item(ItemKind::data, "/opt/lib/x", "/opt/dst"), false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(plan({row.item}).has_libraries, row.wanted);
  }
}

TEST_F(PlanTest, DirectoriesForTheLoaderBecomeTextsAndWantLdconfig) {
  const Plan made = plan({item(ItemKind::ld_so_conf, "/opt/a"), item(ItemKind::ld_so_conf, "/opt/b"),
                          item(ItemKind::ld_so_conf, "/opt/c", "mine.conf")});
  ASSERT_EQ(made.texts.size(), 2u);
  EXPECT_EQ(made.texts[0].path.text(), "/etc/ld.so.conf.d/ch-fromhost.conf");
  EXPECT_EQ(made.texts[0].content, "/opt/a\n/opt/b\n");
  EXPECT_EQ(made.texts[1].path.text(), "/etc/ld.so.conf.d/mine.conf");
  EXPECT_TRUE(made.has_libraries);
}

TEST_F(PlanTest, DirectoriesForTheLoaderThatAreThereAlreadyAreNoEmptyList) {
  image_.with_file("/etc/ld.so.conf.d/ch-fromhost.conf", "/opt/a\n");
  const Plan made = plan({item(ItemKind::ld_so_conf, "/opt/a")});
  EXPECT_THAT(made.texts, IsEmpty());
  EXPECT_TRUE(made.has_libraries);
}

TEST_F(PlanTest, ALibfabricProviderGoesBesideTheImagesLibfabric) {
  image_.with_library("/usr/lib/libfabric.so.1.2").with_link("/usr/lib/libfabric.so.1", "libfabric.so.1.2");
  const Plan made = plan({item(ItemKind::libfabric_provider, "/opt/libx-fi.so")});
  ASSERT_EQ(made.files.size(), 1u);
  EXPECT_EQ(made.files[0].directory.text(), "/lib/libfabric");
  EXPECT_EQ(made.files[0].name, "libx-fi.so");
  EXPECT_TRUE(made.files[0].make_directory);
}

TEST_F(PlanTest, ALibfabricReplacesTheImagesUnderItsName) {
  image_.with_library("/usr/lib/libfabric.so.1.2").with_link("/usr/lib/libfabric.so.1", "libfabric.so.1.2");
  const Plan made = plan({item(ItemKind::libfabric, "/opt/libfabric.so.1.99")});
  ASSERT_EQ(made.files.size(), 1u);
  EXPECT_EQ(made.files[0].directory.text(), "/usr/lib");
  EXPECT_EQ(made.files[0].name, "libfabric.so.1.2");
}

TEST_F(PlanTest, WithDestALibfabricNeedsNone) {
  const Plan made = plan({item(ItemKind::libfabric, "/opt/libfabric.so.1", "/opt/dst")});
  ASSERT_EQ(made.files.size(), 1u);
  EXPECT_EQ((made.files[0].directory / made.files[0].name).text(), "/opt/dst/libfabric.so.1");
}

TEST_F(PlanTest, WritesNothing) {
  image_.with_old_times();
  const std::string before = image_.tree({true, true});
  plan({item(ItemKind::file, "/usr/bin/y"), item(ItemKind::ld_so_conf, "/opt/a"),
        item(ItemKind::directory, "", "/new"), item(ItemKind::link, "x", "/l")});
  EXPECT_EQ(image_.tree({true, true}), before);
}

}  // namespace
}  // namespace fromhost::core
