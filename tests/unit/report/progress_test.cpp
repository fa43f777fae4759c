// SPDX-License-Identifier: Apache-2.0
// The line of progress: its words, that it fits, and when it is shown.
#include "core/report/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fromhost::core {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(HumanDuration, IsRoundedUpAndHasTwoUnitsAtMost) {
  struct Row {
    double seconds;
    const char* text;
  };
  const Row rows[] = {
      {-1, "0 s"},
      {0, "0 s"},
      {0.01, "1 s"},
      {1, "1 s"},
      {11.2, "12 s"},
      {59.5, "1 min 0 s"},
      {200, "3 min 20 s"},
      {3599, "59 min 59 s"},
      {3600, "1 h 0 min"},
      {7500, "2 h 5 min"},
      {359'999, "99 h 59 min"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(human_duration(std::chrono::duration<double>(row.seconds)), row.text) << row.seconds;
}

TEST(ProgressLine, SaysBytesRateTimeLeftAndFile) {
  struct Row {
    const char* name;
    std::uint64_t done, total;
    std::chrono::duration<double> taken;
    const char* line;
  };
  const Row rows[] = {
      {"at the start", 0, 480'000'000, 0s, "ch-fromhost: 0 bytes of 480 MB: libcuda.so.1"},
      {"before a rate is known", 1'000'000, 480'000'000, 50ms, "ch-fromhost: 1.0 MB of 480 MB: libcuda.so.1"},
      {"halfway", 240'000'000, 480'000'000, 2s,
       "ch-fromhost: 240 MB of 480 MB, 120 MB/s, 2 s left: libcuda.so.1"},
      {"nothing comes", 0, 480'000'000, 90s, "ch-fromhost: 0 bytes of 480 MB: libcuda.so.1"},
      {"slow", 1'000'000, 481'000'000, 10s,
       "ch-fromhost: 1.0 MB of 481 MB, 100 kB/s, 1 h 20 min left: libcuda.so.1"},
      {"too slow to be told", 2, 480'000'000, 10s, "ch-fromhost: 2 bytes of 480 MB, 0 bytes/s: libcuda.so.1"},
      {"the end", 480'000'000, 480'000'000, 4s,
       "ch-fromhost: 480 MB of 480 MB, 120 MB/s, 0 s left: libcuda.so.1"},
      {"a file that has grown", 500'000'000, 480'000'000, 4s,
       "ch-fromhost: 500 MB of 500 MB, 125 MB/s, 0 s left: libcuda.so.1"},
      {"the largest numbers", UINT64_MAX, UINT64_MAX, 10s,
       "ch-fromhost: 18446744 TB of 18446744 TB, 1844674 TB/s, 0 s left: libcuda.so.1"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(progress_line(row.done, row.total, row.taken, "libcuda.so.1", 100), row.line) << row.name;
}

TEST(ProgressLine, CutsTheNameAndThenLeavesOutPartsSoThatItFits) {
  const auto line = [](std::size_t columns) {
    return progress_line(240'000'000, 480'000'000, 2s, "libnvidia-compiler.so.535.261.03", columns);
  };
  EXPECT_EQ(line(85), "ch-fromhost: 240 MB of 480 MB, 120 MB/s, 2 s left: libnvidia-compiler.so.535.261.03");
  EXPECT_EQ(line(82), "ch-fromhost: 240 MB of 480 MB, 120 MB/s, 2 s left: libnvidia-compiler.so.535.2...");
  EXPECT_EQ(line(60), "ch-fromhost: 240 MB of 480 MB, 120 MB/s, 2 s left: libnv...");
  EXPECT_EQ(line(59), "ch-fromhost: 240 MB of 480 MB, 120 MB/s, 2 s left");
  EXPECT_EQ(line(50), "ch-fromhost: 240 MB of 480 MB, 120 MB/s, 2 s left");
  EXPECT_EQ(line(49), "ch-fromhost: 240 MB of 480 MB, 120 MB/s");
  EXPECT_EQ(line(39), "ch-fromhost: 240 MB of 480 MB");
  EXPECT_EQ(line(29), "");
  for (std::size_t columns = 0; columns < 120; ++columns)
    EXPECT_LT(line(columns).size(), std::max<std::size_t>(columns, 1)) << columns;
}

TEST(ProgressLine, ShowsStrangeNamesAsTheLogDoesAndCutsNoCharacter) {
  EXPECT_THAT(progress_line(0, 1000, 0s, "a\x1b[2J\n", 100), HasSubstr(": a\\x1b[2J\\n"));
  // Two bytes a letter: the cut falls between letters.
  std::string name;
  for (int i = 0; i < 40; ++i) name += "\xc3\xbc";
  for (std::size_t columns = 60; columns < 70; ++columns) {
    const std::string line = progress_line(0, 1000, 0s, name, columns);
    const std::string shown = line.substr(line.find(": \xc3") + 2);
    EXPECT_THAT(shown, testing::EndsWith("\xbc...")) << columns;
    EXPECT_LT(line.size(), columns);
  }
}

class ProgressTest : public testing::Test {
 protected:
  ProgressDisplay display(ProgressDisplay::Clock::duration patience) {
    return {patience, [this](const std::string& line) { shown_.push_back(line); },
            [] { return std::size_t{100}; }, [this] { return now_; }};
  }
  ProgressDisplay::Clock::time_point now_{};
  std::vector<std::string> shown_;
  const HostPath file_{"/opt/lib/liba.so"};
};

TEST_F(ProgressTest, ShortCopyingShowsNothing) {
  {
    Progress progress(3000, display(500ms));
    progress.copied(file_, 0);
    now_ += 499ms;
    progress.copied(file_, 3000);
  }
  EXPECT_THAT(shown_, IsEmpty());
}

TEST_F(ProgressTest, LongCopyingIsShownFiveTimesASecondAndWipedOut) {
  {
    Progress progress(10'000, display(500ms));
    progress.copied(file_, 0);
    for (int i = 0; i < 9; ++i) {
      now_ += 100ms;
      progress.copied(file_, 1000);
    }
  }
  EXPECT_THAT(shown_, ElementsAre("ch-fromhost: 5.0 kB of 10.0 kB, 10.0 kB/s, 1 s left: liba.so",
                                  "ch-fromhost: 7.0 kB of 10.0 kB, 10.0 kB/s, 1 s left: liba.so",
                                  "ch-fromhost: 9.0 kB of 10.0 kB, 10.0 kB/s, 1 s left: liba.so", ""));
}

TEST_F(ProgressTest, WithoutPatienceTheFirstAndTheLastAreShown) {
  {
    Progress progress(3000, display(0s));
    progress.copied(file_, 0);
    progress.copied(file_, 1000);
    progress.copied(HostPath("/opt/bin/b"), 0);
    progress.copied(HostPath("/opt/bin/b"), 2000);
  }
  EXPECT_THAT(shown_,
              ElementsAre("ch-fromhost: 0 bytes of 3.0 kB: liba.so", "ch-fromhost: 3.0 kB of 3.0 kB: b", ""));
}

TEST(ProgressDisplay, IsWhatTheOptionSaysWhereStandardErrorIsNoTerminal) {
  testing::internal::CaptureStderr();
  const bool automatic = progress_display("auto", 0).has_value();
  const bool never = progress_display("never", 2).has_value();
  const auto always = progress_display("always", -1);
  testing::internal::GetCapturedStderr();
  EXPECT_FALSE(automatic);
  EXPECT_FALSE(never);
  ASSERT_TRUE(always.has_value());
  EXPECT_EQ(always->patience, 0s);
}

}  // namespace
}  // namespace fromhost::core
