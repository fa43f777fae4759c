// SPDX-License-Identifier: Apache-2.0
// What is found in an image where a run may have died: whose word counts, and what is said.
#include "core/apply/recovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/apply/work_directory.hpp"
#include "core/error.hpp"
#include "tests/support/transaction_scene.hpp"

namespace fromhost::core {
namespace {

using test::kAllTimes;
using test::old_image;
using test::TempImage;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kWork = "/.ch-fromhost-755-1000000000123000000-1000000000123000000";

std::vector<std::string> recovered(const TempImage& image) {
  FileOperations files;
  return recover(image.open(), files);
}
std::string refusal(const TempImage& image) {
  try {
    recovered(image);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}
/// A journal that says that /usr/lib/NAME was placed, and what it replaced is o0.
std::string journal_of(const std::string& directory, const std::string& name) {
  Journal journal;
  JournalStep step;
  step.directory = ImagePath(directory);
  step.name = name;
  step.fresh = "n0";
  step.kept = "o0";
  journal.steps = {step};
  return to_text(journal);
}

TEST(RecoveryTest, AnImageWithoutTracesIsNotTouched) {
  const TempImage image = old_image();
  const std::string before = image.tree(kAllTimes);
  EXPECT_FALSE(needs_recovery(image.open()));
  EXPECT_THAT(recovered(image), ElementsAre());
  EXPECT_EQ(image.tree(kAllTimes), before);
}

TEST(RecoveryTest, NamesThatOnlyLookLikeOursAreNotTouched) {
  TempImage image = old_image();
  image.with_directory("/.ch-fromhost-")
      .with_directory("/.ch-fromhost-755-1")
      .with_directory("/.ch-fromhost-99999-1-1")
      .with_directory("/.ch-fromhost-755-1-1x")
      .with_file("/.ch-fromhost", "x");
  const std::string before = image.tree(kAllTimes);
  EXPECT_FALSE(needs_recovery(image.open()));
  EXPECT_THAT(recovered(image), ElementsAre());
  EXPECT_EQ(image.tree(kAllTimes), before);
}

TEST(RecoveryTest, SaysHowFarTheDeadRunCame) {
  TempImage staged = old_image(), placed = old_image(), done = old_image();
  const std::string before = staged.tree(kAllTimes);
  staged.with_file(std::string(kWork) + "/n0", "staged", 0600).with_mode(kWork, 0700);
  EXPECT_THAT(recovered(staged), ElementsAre(HasSubstr("before it changed anything")));
  EXPECT_EQ(staged.tree(kAllTimes), before);

  placed.with_file(std::string(kWork) + "/o0", "old\n")
      .with_file(std::string(kWork) + "/journal", journal_of("/usr/lib", "libold.so.1"))
      .with_mode(kWork, 0700);
  EXPECT_THAT(recovered(placed), ElementsAre(HasSubstr("the image is as it was before that one")));
  EXPECT_EQ(placed.content("/usr/lib/libold.so.1"), "old\n");

  done.with_file(std::string(kWork) + "/o0", "old\n")
      .with_file(std::string(kWork) + "/done", journal_of("/usr/lib", "libold.so.1"))
      .with_mode(kWork, 0700);
  EXPECT_THAT(recovered(done), ElementsAre(HasSubstr("its change is complete")));
  EXPECT_EQ(done.tree(kAllTimes), before);
}

TEST(RecoveryTest, WhoMayNotWriteIsToldWhatIsLeft) {
  TempImage image = old_image();
  EXPECT_THAT(left_to_repair(image.open()), ElementsAre());
  image.with_file(std::string(kWork) + "/n0", "staged", 0600).with_mode(kWork, 0700);
  const std::string before = image.tree(kAllTimes);
  EXPECT_THAT(left_to_repair(image.open()), ElementsAre(HasSubstr("an earlier run was interrupted")));
  EXPECT_EQ(image.tree(kAllTimes), before);
  image.with_mode(kWork, 0777);
  EXPECT_THROW(left_to_repair(image.open()), Error);
}

TEST(RecoveryTest, APlantedJournalDoesNotReachOutOfTheImage) {
  struct Row {
    const char* name;
    const char* directory;
  };
  // "/way-out" is a link to what is beside the image; inside, there is no such directory.
  const Row rows[] = {
      {"by dots", "/../outside"}, {"by a link", "/way-out"}, {"by both", "/usr/../way-out/.."}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    TempImage image = old_image();
    image.with_link("/way-out", image.beside("outside"))
        .with_file(std::string(kWork) + "/o0", "planted\n")
        .with_file(std::string(kWork) + "/journal", journal_of(row.directory, "kept"))
        .with_mode(kWork, 0700);
    const std::string outside = image.outside();
    refusal(image);
    EXPECT_EQ(image.outside(), outside);
  }
}

TEST(RecoveryTest, AJournalThatCannotBeReadIsAnErrorThatKeepsEverything) {
  TempImage image = old_image();
  image.with_file(std::string(kWork) + "/journal", "{").with_mode(kWork, 0700);
  const std::string before = image.tree();
  EXPECT_THAT(refusal(image), HasSubstr("apply: cannot read the journal that an interrupted run left"));
  EXPECT_EQ(image.tree(), before);
}

TEST(RecoveryTest, AJournalThatIsALinkOrHasAnotherNameIsNotRead) {
  for (const bool hard : {false, true}) {
    TempImage image = old_image();
    image.with_directory(kWork, 0700).with_file("/elsewhere", journal_of("/usr/lib", "libold.so.1"));
    const std::string name = image.at(std::string(kWork) + "/journal");
    if (hard)
      std::filesystem::create_hard_link(image.at("/elsewhere"), name);
    else
      std::filesystem::create_symlink("../elsewhere", name);
    EXPECT_THAT(refusal(image), HasSubstr("cannot read the journal"));
    EXPECT_EQ(image.content("/usr/lib/libold.so.1"), "old library\n");
  }
}

TEST(RecoveryTest, AWorkDirectoryThatOthersMayWriteInDoesNotCount) {
  TempImage image = old_image();
  image.with_directory(kWork, 0777);
  EXPECT_FALSE(needs_recovery(image.open()));
  EXPECT_THAT(refusal(image), HasSubstr("others may write there"));
}

TEST(RecoveryTest, NorDoesALinkOrAFile) {
  TempImage link = old_image(), file = old_image();
  link.with_link(kWork, "../outside");
  file.with_file(kWork, "x");
  for (const TempImage* image : {&link, &file}) {
    const std::string before = image->tree(), outside = image->outside();
    EXPECT_FALSE(needs_recovery(image->open()));
    EXPECT_NE(refusal(*image), "");
    EXPECT_EQ(image->tree(), before);
    EXPECT_EQ(image->outside(), outside);
  }
}

TEST(RecoveryTest, ToRootAStrangersWorkDirectoryDoesNotCountButTheOwnersDoes) {
  if (::geteuid() != 0) GTEST_SKIP() << "skipped: needs root";
  TempImage image = old_image();
  image.with_directory(kWork, 0700).with_owner(kWork, 4321, 4321);
  EXPECT_THAT(refusal(image), HasSubstr("it belongs to user 4321"));
  image.with_owner("", 4321, 4321);
  EXPECT_THAT(recovered(image), ElementsAre(HasSubstr("before it changed anything")));
}

TEST(RecoveryTest, WhatAnImagesProgramHasMadeInTheWorkDirectoryGoesWithIt) {
  TempImage image = old_image();
  const std::string before = image.tree();
  const std::string scratch = std::string(kWork) + "/scratch";
  image.with_file(scratch + "/a/b/c/file")
      .with_fifo(scratch + "/fifo")
      .with_link(scratch + "/out", image.beside("outside"))
      .with_mode(scratch + "/a", 0)
      .with_mode(kWork, 0700);
  const std::string outside = image.outside();
  EXPECT_THAT(recovered(image), ElementsAre(HasSubstr("what it had staged is removed")));
  EXPECT_EQ(image.tree(), before);
  EXPECT_EQ(image.outside(), outside);
}

}  // namespace
}  // namespace fromhost::core
