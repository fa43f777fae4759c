// SPDX-License-Identifier: Apache-2.0
// The words of an error: one line a problem, cause and way out where there is one.
#include "core/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <clocale>
#include <set>
#include <system_error>

namespace fromhost::core {
namespace {

TEST(Error, NamesStageFactCauseAndWayOutInOneLine) {
  const Problem problem{Stage::preflight, "cannot write: /usr/lib", "Permission denied",
                        "it belongs to user 0"};
  EXPECT_EQ(problem.text(), "preflight: cannot write: /usr/lib: Permission denied; it belongs to user 0");
}

TEST(Error, LeavesOutWhatThereIsNot) {
  EXPECT_EQ((Problem{Stage::plan, "empty file list", "", ""}.text()), "plan: empty file list");
  EXPECT_EQ((Problem{Stage::plan, "what", "", "way out"}.text()), "plan: what; way out");
  EXPECT_EQ((Problem{Stage::plan, "what", "cause", ""}.text()), "plan: what: cause");
}

TEST(Error, GivesEachProblemItsLineInOrder) {
  const Error error({{Stage::plan, "first", "", ""}, {Stage::plan, "second", "", ""}});
  EXPECT_STREQ(error.what(), "plan: first\nplan: second");
  ASSERT_EQ(error.problems().size(), 2u);
  EXPECT_EQ(error.problems()[1].what, "second");
}

TEST(Error, NamesEveryStageDifferently) {
  std::set<std::string_view> names;
  for (const Stage stage : {Stage::command_line, Stage::provider, Stage::image, Stage::plan, Stage::preflight,
                            Stage::apply, Stage::ldconfig, Stage::validate}) {
    EXPECT_NE(to_string(stage), "?");
    EXPECT_TRUE(names.insert(to_string(stage)).second) << to_string(stage);
  }
}

TEST(Error, ErrnoTextsAreThoseThatScriptsLookFor) {
  EXPECT_EQ(errno_text(ENOENT), "No such file or directory");
  EXPECT_EQ(errno_text(EACCES), "Permission denied");
  EXPECT_EQ(errno_text(ENOSPC), "No space left on device");
}

TEST(Error, TheCauseOfAFailedCallIsItsErrnoTextOrForEinvalTheWordsThatCameWithIt) {
  EXPECT_EQ(cause_of(std::system_error(EACCES, std::generic_category(), "open")), "Permission denied");
  EXPECT_EQ(cause_of(std::system_error(EINVAL, std::generic_category(), "/x is not a regular file (FIFO)")),
            "/x is not a regular file (FIFO)");
}

TEST(Error, AnUnknownErrnoIsShownAsItsNumber) {
  EXPECT_THAT(errno_text(98765), testing::HasSubstr("98765"));
}

}  // namespace
}  // namespace fromhost::core
