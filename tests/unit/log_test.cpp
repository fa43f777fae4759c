// SPDX-License-Identifier: Apache-2.0
// The talk on stderr: which level shows what, and no control character of strangers reaches a terminal.
#include "core/log.hpp"

#include <gtest/gtest.h>

#include "core/utf8.hpp"

namespace fromhost::core {
namespace {

std::string said_at(int verbosity) {
  testing::internal::CaptureStderr();
  start_log(verbosity);
  log::trace("a trace");
  log::debug("a debug");
  log::info("an info");
  log::warn("a warn");
  log::error("an err");
  start_log(0);
  return testing::internal::GetCapturedStderr();
}

TEST(Log, EachVAndEachQMovesTheLevelByOne) {
  const std::string err = "ch-fromhost: error: an err\n";
  const std::string warn = "ch-fromhost: warning: a warn\n" + err;
  const std::string info = "ch-fromhost: an info\n" + warn;
  const std::string debug = "ch-fromhost: a debug\n" + info;
  const std::string trace = "ch-fromhost: a trace\n" + debug;
  struct Row {
    const char* name;
    int verbosity;
    std::string said;
  };
  const Row rows[] = {
      {"-vvv", 3, trace}, {"-vv", 2, trace}, {"-v", 1, debug}, {"nothing", 0, info},
      {"-q", -1, warn},   {"-qq", -2, err},  {"-qqq", -3, ""}, {"-qqqq", -4, ""},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(said_at(row.verbosity), row.said);
  }
}

TEST(Log, NothingIsSaidOnStandardOutput) {
  testing::internal::CaptureStdout();
  said_at(2);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST(Log, ALineStaysOneLineWhateverAFileIsCalled) {
  testing::internal::CaptureStderr();
  start_log(0);
  log::warn("{}", "/tmp/a\nch-fromhost: all is well\x1b[2J");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "ch-fromhost: warning: /tmp/a\\nch-fromhost: all is well\\x1b[2J\n");
}

TEST(Log, PercentAndBracesInANameAreNoFormat) {
  testing::internal::CaptureStderr();
  start_log(0);
  log::info("{}", "%n%s{}{0}");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "ch-fromhost: %n%s{}{0}\n");
}

TEST(Log, APassingLineGivesWayToWhatIsSaidAndToTheNext) {
  testing::internal::CaptureStderr();
  start_log(0);
  show_passing_line("");
  show_passing_line("half");
  show_passing_line("all but");
  show_passing_line("done");
  log::warn("mind");
  log::info("quiet again");
  show_passing_line("more");
  show_passing_line("");
  show_passing_line("");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "half"
            "\rall but"
            "\rdone   "
            "\r    \rch-fromhost: warning: mind\n"
            "ch-fromhost: quiet again\n"
            "more"
            "\r    \r");
}

TEST(Printable, MakesControlCharactersHarmlessAndLeavesTheRest) {
  struct Row {
    const char* name;
    std::string text;
    std::string shown;
  };
  const Row rows[] = {
      {"plain", "/usr/lib/libfoo.so.1", "/usr/lib/libfoo.so.1"},
      {"empty", "", ""},
      {"newline, tab, return", "a\nb\tc\rd", "a\\nb\\tc\\rd"},
      {"escape", "\x1b[31m", "\\x1b[31m"},
      {"bell and delete", "\a\x7f", "\\x07\\x7f"},
      {"NUL", std::string("a\0b", 3), "a\\x00b"},
      {"umlaut", "\xc3\xbc", "\xc3\xbc"},
      {"snowman", "\xe2\x98\x83", "\xe2\x98\x83"},
      {"first C1 control", "\xc2\x80", "\\x80"},
      {"CSI as one character",
       "\xc2\x9b"
       "2J",
       "\\x9b"
       "2J"},
      {"last C1 control", "\xc2\x9f", "\\x9f"},
      {"no-break space is no control", "\xc2\xa0", "\xc2\xa0"},
      {"cut off after the lead byte", "\xc2", "\\xc2"},
      {"Latin-1", "b\xe4r", "b\\xe4r"},
      {"C1 control as a byte", "\x9b[2J", "\\x9b[2J"},
      {"an escape in too many bytes", "\xc0\x9b", "\\xc0\\x9b"},
      {"soft hyphen", "\xc2\xad", "\\xad"},
      {"no width", "a\xe2\x80\x8b\xe2\x80\x8d", "a\\u200b\\u200d"},
      {"marks of direction", "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "\\u200e\\u200f\\u061c"},
      {"line and paragraph", "\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029"},
      {"turned around",
       "lib\xe2\x80\xae"
       "1.os",
       "lib\\u202e1.os"},
      {"isolated", "\xe2\x81\xa6x\xe2\x81\xa9", "\\u2066x\\u2069"},
      {"byte order mark", "\xef\xbb\xbfx", "\\ufeffx"},
      {"tag", "\xf3\xa0\x81\x81", "\\U000e0041"},
      {"emoji and other scripts", "\xf0\x9f\x98\x80 \xd7\xa9 \xe4\xb8\xad",
       "\xf0\x9f\x98\x80 \xd7\xa9 \xe4\xb8\xad"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(printable(row.text), row.shown);
  }
}

TEST(LineOf, TheMiddleOfAVeryLongLineIsLeftOut) {
  const std::string whole(kLongestLine, 'x');
  EXPECT_EQ(line_of(whole), whole);
  const std::string cut = line_of("begin" + std::string(1u << 20, 'x') + "end");
  EXPECT_LT(cut.size(), kLongestLine + 100);
  EXPECT_EQ(cut.substr(0, 6), "beginx");
  EXPECT_EQ(cut.substr(cut.size() - 4), "xend");
  EXPECT_NE(cut.find("x [1044488 bytes left out] x"), std::string::npos) << cut;
}

TEST(LineOf, IsCutBetweenCharacters) {
  for (const char* begin : {"", "a", "ab"}) {
    std::string text = begin;
    for (int i = 0; i < 3000; ++i) text += "\xe2\x98\x83";
    EXPECT_TRUE(is_utf8(line_of(text)));
    EXPECT_LT(line_of(text).size(), text.size());
  }
}

TEST(LogEach, OfVeryManyTellsTheFirstAndHowManyMore) {
  const std::vector<std::string> lines(kMostTold + 5, "{odd}");
  const auto said = [&](int verbosity, std::size_t count) {
    testing::internal::CaptureStderr();
    start_log(verbosity);
    log_each(LogLevel::warn, {lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(count)});
    start_log(0);
    return testing::internal::GetCapturedStderr();
  };
  std::string first;
  for (std::size_t i = 0; i < kMostTold; ++i) first += "ch-fromhost: warning: {odd}\n";
  EXPECT_EQ(said(0, 0), "");
  EXPECT_EQ(said(0, kMostTold), first);
  EXPECT_EQ(said(0, kMostTold + 5), first + "ch-fromhost: warning: and 5 more; -v tells all\n");
  EXPECT_EQ(said(1, kMostTold + 1), first + "ch-fromhost: warning: {odd}\n");
  EXPECT_EQ(said(-2, kMostTold + 5), "");
}

}  // namespace
}  // namespace fromhost::core
