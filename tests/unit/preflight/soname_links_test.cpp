// SPDX-License-Identifier: Apache-2.0
// The links by which programs find libraries: as ldconfig would make them.
#include "core/preflight/soname_links.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file_times.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::TempImage;
using testing::ElementsAre;
using Words = std::vector<std::string>;

TEST(LibraryNames, AreComparedAsLdconfigDoes) {
  struct Row {
    const char* lower;
    const char* higher;
  };
  const Row rows[] = {{"libx.so.1.2", "libx.so.1.10"},   {"libx.so.9", "libx.so.10"},
                      {"libx.so", "libx.so.1"},          {"libx.so.535.9", "libx.so.535.161.07"},
                      {"libx.so.1-beta", "libx.so.1.2"}, {"libx.so.550.54", "libx.so.550.54.14"},
                      {"libx.so.a", "libx.so.1"},        {"liba.so.1", "libb.so.1"}};
  for (const Row& row : rows) {
    EXPECT_LT(compare_library_names(row.lower, row.higher), 0) << row.lower << " " << row.higher;
    EXPECT_GT(compare_library_names(row.higher, row.lower), 0) << row.lower << " " << row.higher;
    EXPECT_EQ(compare_library_names(row.lower, row.lower), 0) << row.lower;
  }
  EXPECT_EQ(compare_library_names("libx.so.01", "libx.so.1"), 0);
}

TEST(LibraryNames, AreTheOnesThatLdconfigLooksAt) {
  for (const char* name : {"libx.so", "libx.so.1", "ld-linux.so.2", "libx.so.backup"})
    EXPECT_TRUE(is_library_name(name)) << name;
  for (const char* name : {"x.so", "libx.a", "nvidia_drv.so", "lib", "libx.so1~"})
    EXPECT_EQ(is_library_name(name), std::string(name) == "libx.so1~") << name;
}

class SonameLinks : public testing::Test {
 protected:
  /// Plans libraries of these names, all of the soname libx.so.1, for /usr/lib; what links come of it.
  Words links(const Words& names, FileRole role = FileRole::library,
              const std::string& soname = "libx.so.1") {
    Plan plan;
    findings_ = {};
    for (const std::string& name : names) {
      PlannedFile file;
      file.directory = ImagePath("/lib");
      file.name = name;
      file.role = role;
      file.provider = "fake";
      plan.files.push_back(file);
      ElfFacts facts;
      facts.dynamic = true;
      facts.soname = soname;
      findings_.facts.emplace_back(facts);
    }
    const ImageRoot root = image_.open();
    find_soname_links(findings_, plan, manifest_, root, scanned_);
    Words words;
    for (const PlannedLink& one : findings_.soname_links) words.push_back(one.path.text() + " " + one.target);
    return words;
  }
  TempImage image_ = TempImage{}.with_directory("/usr/lib").with_link("/lib", "usr/lib");
  std::vector<ImagePath> scanned_ = {ImagePath("/usr/lib")};
  Manifest manifest_;
  Preflight findings_;
};

TEST_F(SonameLinks, LeadFromTheSonameToTheHighestVersion) {
  EXPECT_THAT(links({"libx.so.1.2"}), ElementsAre("/usr/lib/libx.so.1 libx.so.1.2"));
  EXPECT_THAT(links({"libx.so.1.9", "libx.so.1.10", "libx.so.1.2"}),
              ElementsAre("/usr/lib/libx.so.1 libx.so.1.10"));
}

TEST_F(SonameLinks, AreNotMadeWhereLdconfigWouldMakeNone) {
  EXPECT_THAT(links({"libx.so.1"}), ElementsAre()) << "it has its soname";
  EXPECT_THAT(links({"libx.so.1", "libx.so.1.2"}), ElementsAre()) << "a file has that name";
  EXPECT_THAT(links({"x.so.1.2"}), ElementsAre()) << "ldconfig does not look at it";
  EXPECT_THAT(links({"libx.so.1.2"}, FileRole::data), ElementsAre());
  EXPECT_THAT(links({"libx.so.1.2"}, FileRole::library, ""), ElementsAre());
  EXPECT_THAT(links({"libx.so.1.2"}, FileRole::library, "../etc/x"), ElementsAre()) << "no name";
  scanned_ = {ImagePath("/opt")};
  EXPECT_THAT(links({"libx.so.1.2"}), ElementsAre()) << "where ldconfig does not look";
}

TEST_F(SonameLinks, AHigherVersionOfTheImageKeepsItsLink) {
  image_.with_library("/usr/lib/libx.so.1.5").with_link("/usr/lib/libx.so.1", "libx.so.1.5");
  EXPECT_THAT(links({"libx.so.1.2"}), ElementsAre());
  EXPECT_THAT(links({"libx.so.1.7"}), ElementsAre("/usr/lib/libx.so.1 libx.so.1.7"));
}

TEST_F(SonameLinks, AHigherVersionWithoutALinkGetsOneSinceItWouldAtTheNextLdconfig) {
  const std::string soname = "libstdc++.so.6";
  std::filesystem::copy_file(test::a_real_library(), image_.at("/usr/lib/libstdc++.so.6.9"));
  EXPECT_THAT(links({"libstdc++.so.6.2"}, FileRole::library, soname),
              ElementsAre("/usr/lib/libstdc++.so.6 libstdc++.so.6.9"));
  EXPECT_THAT(links({"libstdc++.so.6.10"}, FileRole::library, soname),
              ElementsAre("/usr/lib/libstdc++.so.6 libstdc++.so.6.10"));
  EXPECT_THAT(links({"libstdc++.so.6.9"}, FileRole::library, soname),
              ElementsAre("/usr/lib/libstdc++.so.6 libstdc++.so.6.9"))
      << "it is replaced";
}

TEST_F(SonameLinks, ADanglingLinkIsReplacedAndARightOneStays) {
  image_.with_link("/usr/lib/libx.so.1", "libx.so.1.5");
  EXPECT_THAT(links({"libx.so.1.2"}), ElementsAre("/usr/lib/libx.so.1 libx.so.1.2"));
  EXPECT_THAT(links({"libx.so.1.5"}), ElementsAre());
}

TEST_F(SonameLinks, AFileOfTheImageIsNotReplacedByALink) {
  image_.with_library("/usr/lib/libx.so.1");
  EXPECT_THAT(links({"libx.so.1.2"}), ElementsAre());
}

TEST_F(SonameLinks, WhatTheSameProviderInjectedUnderAnotherVersionMakesRoom) {
  image_.with_library("/usr/lib/libx.so.1.9").with_link("/usr/lib/libx.so.1", "libx.so.1.9");
  ManifestEntry earlier;
  earlier.path = ImagePath("/usr/lib/libx.so.1.9");
  earlier.provider = "fake";
  earlier.soname = "libx.so.1";
  const struct stat facts = image_.status("/usr/lib/libx.so.1.9");
  earlier.size = static_cast<std::uint64_t>(facts.st_size);
  earlier.modified = nanoseconds(facts.st_mtim);
  manifest_.put(earlier);
  EXPECT_THAT(links({"libx.so.1.2"}), ElementsAre("/usr/lib/libx.so.1 libx.so.1.2")) << "a downgrade";
  ASSERT_EQ(findings_.superseded.size(), 1u);
  EXPECT_EQ(findings_.superseded[0].path, earlier.path);

  earlier.provider = "another";
  manifest_.put(earlier);
  EXPECT_THAT(links({"libx.so.1.2"}), ElementsAre()) << "it is another's";
  EXPECT_TRUE(findings_.superseded.empty());

  earlier.provider = "fake";
  manifest_.put(earlier);
  image_.with_file("/usr/lib/libx.so.1.9", "changed since");
  EXPECT_THAT(links({"libx.so.1.2"}), ElementsAre()) << "somebody has changed it";
  EXPECT_TRUE(findings_.superseded.empty());
}

}  // namespace
}  // namespace fromhost::core
