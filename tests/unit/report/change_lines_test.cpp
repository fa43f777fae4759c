// SPDX-License-Identifier: Apache-2.0
// A plan for people: columns, and nothing that a terminal would obey.
#include "core/report/change_lines.hpp"

#include <gtest/gtest.h>

namespace fromhost::core {
namespace {

using Action = Change::Action;

TEST(HumanBytes, AreDecimalWithOneDigitBehindThePointBelowAHundred) {
  struct Row {
    std::uint64_t bytes;
    const char* text;
  };
  const Row rows[] = {
      {0, "0 bytes"},
      {999, "999 bytes"},
      {1000, "1.0 kB"},
      {1050, "1.0 kB"},
      {1100, "1.1 kB"},
      {17'000, "17.0 kB"},
      {99'999, "99.9 kB"},
      {100'000, "100 kB"},
      {999'999, "999 kB"},
      {1'000'000, "1.0 MB"},
      {48'020'000, "48.0 MB"},
      {480'200'000, "480 MB"},
      {2'500'000'000, "2.5 GB"},
      {1'000'000'000'000, "1.0 TB"},
      {2'000'000'000'000'000, "2000 TB"},
      {UINT64_MAX, "18446744 TB"},
  };
  for (const Row& row : rows) EXPECT_EQ(human_bytes(row.bytes), row.text) << row.bytes;
}

TEST(ChangeLines, SayWhatHowLargeWhereWhenceAndWhyInColumns) {
  std::vector<Change> changes(6);
  changes[0].action = Action::make_directory;
  changes[0].path = ImagePath("/mnt/x");
  changes[0].reason = "mount point";
  changes[0].provider = "cray-cxi";
  changes[1].path = ImagePath("/usr/bin/a\x1b[2J");
  changes[1].source = "/opt/bin/a\x1b[2J";
  changes[1].bytes = 17'000;
  changes[1].rule = "path contains /bin";
  changes[1].reason = "--path";
  changes[1].provider = "generic";
  changes[2].action = Action::write;
  changes[2].path = ImagePath("/etc/ld.so.conf");
  changes[2].bytes = 20;
  changes[2].lines = {"/a", "/b"};
  changes[2].lines_gone = {"/c"};
  changes[2].reason = "directories for the loader";
  changes[2].replaced = Change::Replaced::images_own;
  changes[3].action = Action::link;
  changes[3].path = ImagePath("/usr/lib/l.so.1");
  changes[3].source = "l.so.1.0";
  changes[3].replaced = Change::Replaced::injected;
  changes[4].action = Action::give_back;
  changes[4].path = ImagePath("/x");
  changes[4].reason = "undone";
  changes[5].action = Action::remove_directory;
  changes[5].path = ImagePath("/y");
  EXPECT_EQ(
      change_lines(changes),
      "make directory              /mnt/x  (mount point; by cray-cxi)\n"
      "copy               17.0 kB  /usr/bin/a\\x1b[2J <- /opt/bin/a\\x1b[2J  (path contains /bin; --path; by "
      "generic)\n"
      "write             20 bytes  /etc/ld.so.conf  (adds /a; adds /b; removes /c; directories for the "
      "loader; "
      "replaces the image's own)\n"
      "link                        /usr/lib/l.so.1 -> l.so.1.0  (replaces an earlier injection)\n"
      "give back                   /x  (undone)\n"
      "remove directory            /y\n");
}

TEST(ChangeLines, WithoutSizesThereIsNoColumnForThem) {
  std::vector<Change> changes(1);
  changes[0].action = Action::remove;
  changes[0].path = ImagePath("/x");
  EXPECT_EQ(change_lines(changes), "remove  /x\n");
  EXPECT_EQ(change_lines({}), "");
}

}  // namespace
}  // namespace fromhost::core
