// SPDX-License-Identifier: Apache-2.0
// What is told: answers on stdout and nothing else there; the talk on the log, at its level.
#include "core/report/report.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/log_capture.hpp"

namespace fromhost::core {
namespace {

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

class ReportTest : public testing::Test {
 protected:
  static PlannedFile file(const std::string& source, const std::string& directory) {
    PlannedFile made;
    made.source = HostPath(source);
    made.directory = ImagePath(directory);
    made.name = std::string(made.source.name());
    return made;
  }
  std::ostringstream out_;
  Report report_{out_};
  test::LogCapture log_;
};

TEST_F(ReportTest, AnswersAreLinesOnStandardOutputOnly) {
  report_.answer("/usr/lib");
  report_.answer("");
  report_.text("as\nit is");
  EXPECT_EQ(out_.str(), "/usr/lib\n\nas\nit is");
  EXPECT_EQ(log_.text(), "");
}

TEST_F(ReportTest, ThePlanIsShownFileByFileWithItsReasons) {
  Plan plan;
  plan.directories = {{ImagePath("/usr/share/x"), "for cards", "nvidia"}};
  plan.files = {file("/opt/lib/liba.so", "/usr/lib"), file("/opt/libfabric.so.9", "/usr/lib")};
  plan.files[0].rule = "path contains /lib";
  plan.files[0].reason = "--path";
  plan.files[0].provider = "generic";
  plan.files[1].name = "libfabric.so.1";
  plan.files[1].provider = "cray";
  plan.texts = {{ImagePath("/etc/ld.so.conf"), "", "the loader reads etc/ld.so.conf.d"}};
  plan.links = {{ImagePath("/usr/lib/l"), "t", "", "nvidia"}};
  report_.plan(plan);
  EXPECT_EQ(log_.text(),
            "debug: directory /usr/share/x (for cards, by nvidia)\n"
            "debug: /opt/lib/liba.so -> /usr/lib (path contains /lib; --path)\n"
            "debug: /opt/libfabric.so.9 -> /usr/lib/libfabric.so.1 (by cray)\n"
            "debug: /etc/ld.so.conf (the loader reads etc/ld.so.conf.d)\n"
            "debug: link /usr/lib/l -> t (by nvidia)\n");
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ReportTest, TheEndIsOneLineThatSaysWhatWasDone) {
  struct Row {
    const char* name;
    std::size_t files, directories, links;
    bool ldconfig;
    std::size_t found;
    const char* said;
  };
  const Row rows[] = {
      {"one file", 1, 0, 0, false, 0, "info: injected 1 file (1.5 kB) into img\n"},
      {"with ldconfig", 2, 0, 0, true, 0, "info: injected 2 files (1.5 kB) into img; ldconfig ran\n"},
      {"a library", 1, 0, 0, true, 1,
       "info: injected 1 file (1.5 kB) into img; ldconfig ran, and the image's loader finds the library\n"},
      {"libraries", 3, 0, 0, true, 2,
       "info: injected 3 files (1.5 kB) into img; ldconfig ran, and the image's loader finds all 2 "
       "libraries\n"},
      {"all kinds", 1, 1, 1, false, 0, "info: injected 1 file (1.5 kB), 1 directory, 1 link into img\n"},
      {"many of all kinds", 0, 2, 3, false, 0,
       "info: injected 0 files (1.5 kB), 2 directories, 3 links into img\n"},
  };
  std::string before;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Plan plan;
    plan.files.resize(row.files);
    plan.directories.resize(row.directories);
    plan.links.resize(row.links);
    Preflight preflight;
    preflight.bytes = 1500;
    report_.injected(plan, preflight, "img", row.ldconfig, row.found);
    EXPECT_EQ(log_.text(), before + row.said);
    before = log_.text();
  }
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ReportTest, EachWarningAndEachProblemIsItsOwnLine) {
  report_.warnings(std::vector<std::string>{"one {}", "two"});
  report_.failed(Error({{Stage::plan, "first", "", ""}, {Stage::plan, "second {}", "cause", ""}}));
  EXPECT_EQ(log_.text(),
            "warning: one {}\nwarning: two\nerror: plan: first\nerror: plan: second {}: cause\n");
}

TEST_F(ReportTest, ManyMissingLibrariesAreOneLine) {
  const auto missing = [](const std::string& library, std::vector<std::string> files) {
    Finding one =
        make_finding(FindingKind::library_missing, files.front() + " needs " + library, "why", "do");
    one.library = library;
    one.files = std::move(files);
    return one;
  };
  std::vector<Finding> findings = {missing("liba.so.1", {"x"})};
  const auto said = [&](spdlog::level::level_enum level) {
    const test::LogCapture log(level);
    report_.warnings(findings);
    return log.text();
  };
  EXPECT_EQ(said(spdlog::level::info), "warning: x needs liba.so.1: why; do\n");
  for (const char* one : {"libb.so.1", "libc.so.1", "libd.so.1", "libe.so.1"})
    findings.push_back(missing(one, {"x", "y"}));
  findings.push_back(make_finding(FindingKind::placed_by_path, "other"));
  findings.push_back(make_finding(FindingKind::no_space, "no warning"));
  EXPECT_EQ(
      said(spdlog::level::info),
      "warning: other\nwarning: 2 files need libraries that the image does not have, nor are they injected: "
      "liba.so.1, libb.so.1, libc.so.1 and 2 more; -v tells more\n");
  EXPECT_EQ(said(spdlog::level::debug),
            "warning: x needs liba.so.1: why; do\nwarning: x needs libb.so.1: why; do\n"
            "warning: x needs libc.so.1: why; do\nwarning: x needs libd.so.1: why; do\n"
            "warning: x needs libe.so.1: why; do\nwarning: other\n");
}

TEST_F(ReportTest, PluginsAreListedWithStateSwitchesFileAndReason) {
  PluginRecord ready;
  ready.state = PluginRecord::State::ready;
  ready.file = "/p/generic.so";
  ready.id = "generic";
  ready.version = "1.0";
  ready.summary = "files that you list";
  ready.switches = {{"cmd", 'c', "CMD", ""}, {"path", 'p', "PATH", ""}};
  PluginRecord refused;
  refused.file = "/p/bad\n.so";
  refused.reason = "is truncated\x1b[2J";
  PluginRecord shadowed = ready;
  shadowed.state = PluginRecord::State::shadowed;
  shadowed.switches.clear();
  shadowed.reason = "same id as /p/generic.so";
  report_.plugins({ready, refused, shadowed});
  EXPECT_EQ(out_.str(),
            "generic  1.0  ready  --cmd --path\n"
            "    /p/generic.so\n"
            "    files that you list\n"
            "-  -  refused  -\n"
            "    /p/bad\\n.so\n"
            "    refused: is truncated\\x1b[2J\n"
            "generic  1.0  shadowed  -\n"
            "    /p/generic.so\n"
            "    files that you list\n"
            "    shadowed: same id as /p/generic.so\n");
}

TEST_F(ReportTest, WithoutPluginsItSaysSo) {
  report_.plugins({});
  EXPECT_EQ(out_.str(), "no plugin was found\n");
}

}  // namespace
}  // namespace fromhost::core
