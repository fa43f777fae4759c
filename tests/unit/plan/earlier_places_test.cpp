// SPDX-License-Identifier: Apache-2.0
// A library stays where an earlier run put it, and what belongs to it.
#include "core/plan/earlier_places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::TempImage;
using Kind = ManifestEntry::Kind;

class EarlierPlaces : public testing::Test {
 protected:
  EarlierPlaces() {
    ManifestEntry library;
    library.path = ImagePath("/usr/local/lib/liba.so.1");
    library.provider = "p";
    library.source = "/host/liba.so.1";
    manifest_.put(library);
    ManifestEntry link;
    link.kind = Kind::link;
    link.path = ImagePath("/usr/local/lib/liba.so");
    link.provider = "p";
    link.target = "liba.so.1";
    manifest_.put(link);
    ManifestEntry lines;
    lines.kind = Kind::text;
    lines.path = ImagePath("/etc/ld.so.conf.d/ch-ofi.conf");
    manifest_.put(lines);
    plan_.files = {placed("/host/liba.so.1", "/opt/first", "libraries; first ldconfig directory")};
    plan_.links = {{ImagePath("/opt/first/liba.so"), "liba.so.1", "", "p"}};
  }
  static PlannedFile placed(const std::string& source, const std::string& directory,
                            const std::string& rule) {
    PlannedFile file;
    file.source = HostPath(source);
    file.name = std::string(file.source.name());
    file.directory = ImagePath(directory);
    file.role = FileRole::library;
    file.rule = rule;
    file.provider = "p";
    return file;
  }
  void keep() {
    keep_earlier_places(
        plan_, manifest_, image_.open(), [&]() -> const auto& { return directories_; });
  }
  TempImage image_ = TempImage{}
                         .with_directory("/opt/first")
                         .with_directory("/usr/local/lib")
                         .with_file("/etc/ld.so.conf.d/ch-ofi.conf", "# ours\n/opt/first\n");
  std::vector<ImagePath> directories_ = {ImagePath("/opt/first"), ImagePath("/usr/local/lib")};
  Manifest manifest_;
  Plan plan_;
};

TEST_F(EarlierPlaces, ALibraryAndItsLinkStayWhereTheyAre) {
  keep();
  EXPECT_EQ(plan_.files[0].directory.text(), "/usr/local/lib");
  EXPECT_EQ(plan_.files[0].rule.text(), "where an earlier run put it");
  EXPECT_EQ(plan_.links[0].path.text(), "/usr/local/lib/liba.so");
}

TEST_F(EarlierPlaces, WhatAPersonPlacedGoesWhereItWasPlaced) {
  plan_.files[0].rule = "--dest";
  keep();
  EXPECT_EQ(plan_.files[0].directory.text(), "/opt/first");
  EXPECT_EQ(plan_.links[0].path.text(), "/opt/first/liba.so");
}

TEST_F(EarlierPlaces, AnotherProvidersOrAnotherSourcesFileSaysNothing) {
  plan_.files[0].provider = "q";
  keep();
  EXPECT_EQ(plan_.files[0].directory.text(), "/opt/first");
  plan_.files = {placed("/host/libb.so.1", "/opt/first", "libraries; first ldconfig directory")};
  keep();
  EXPECT_EQ(plan_.files[0].directory.text(), "/opt/first");
}

TEST_F(EarlierPlaces, WhereTheFirstDirectoryIsTheImagesOwnChoiceItCounts) {
  image_.with_file("/etc/ld.so.conf.d/ch-ofi.conf", "/opt/other\n");
  keep();
  EXPECT_EQ(plan_.files[0].directory.text(), "/opt/first");
}

TEST_F(EarlierPlaces, ANewerDriverIsNotTornApart) {
  plan_.files.push_back(placed("/host/libx.so.2", "/opt/first", "libraries; first ldconfig directory"));
  keep();
  EXPECT_EQ(plan_.files[0].directory.text(), "/opt/first");
  EXPECT_EQ(plan_.files[1].directory.text(), "/opt/first");
  EXPECT_EQ(plan_.links[0].path.text(), "/opt/first/liba.so");
}

TEST_F(EarlierPlaces, ASecondCopyOfOursSaysThatItsPlaceWasAPersonsChoice) {
  ManifestEntry copy = manifest_.entries.front();
  copy.path = ImagePath("/opt/first/liba.so.1");
  manifest_.put(copy);
  keep();
  EXPECT_EQ(plan_.files[0].directory.text(), "/opt/first");
}

TEST_F(EarlierPlaces, ADirectoryThatTheLoaderDoesNotSearchAnyMoreIsLeft) {
  directories_.pop_back();
  keep();
  EXPECT_EQ(plan_.files[0].directory.text(), "/opt/first");
}

TEST_F(EarlierPlaces, APlaceThatAnotherFileOfThePlanWantsIsNotTaken) {
  plan_.files.push_back(placed("/other/liba.so.1", "/usr/local/lib", "--dest"));
  keep();
  EXPECT_EQ(plan_.files[0].directory.text(), "/opt/first");
}

}  // namespace
}  // namespace fromhost::core
