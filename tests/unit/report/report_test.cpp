// SPDX-License-Identifier: Apache-2.0
// What is told: answers on stdout and nothing else there; the talk on the log, at its level.
#include "core/report/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "tests/support/log_capture.hpp"

namespace fromhost::core {
namespace {

/// A plan with one copy, and a cache.
std::vector<Change> two_changes() {
  std::vector<Change> changes(2);
  changes[0].path = ImagePath("/usr/bin/a");
  changes[0].source = "a";
  changes[0].bytes = 1500;
  changes[1].action = Change::Action::run_ldconfig;
  changes[1].path = ImagePath("/etc/ld.so.cache");
  return changes;
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
    report_.injected(plan, preflight, {}, "img",
                     row.ldconfig ? std::optional<std::size_t>(row.found) : std::nullopt);
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
  const auto said = [&](LogLevel level) {
    const test::LogCapture log(level);
    report_.findings(findings);
    return log.text();
  };
  EXPECT_EQ(said(LogLevel::info), "warning: x needs liba.so.1: why; do\n");
  for (const char* one : {"libb.so.1", "libc.so.1", "libd.so.1", "libe.so.1"})
    findings.push_back(missing(one, {"x", "y"}));
  findings.push_back(make_finding(FindingKind::placed_by_path, "other"));
  findings.push_back(make_finding(FindingKind::no_space, "no warning"));
  EXPECT_EQ(
      said(LogLevel::info),
      "warning: other\nwarning: 2 files need libraries that the image does not have, nor are they injected: "
      "liba.so.1, libb.so.1, libc.so.1 and 2 more; -v tells more\n");
  EXPECT_EQ(said(LogLevel::debug),
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
  report_.plugins({ready, refused, shadowed}, {{"/p"}}, false);
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

TEST_F(ReportTest, WithoutPluginsItSaysSoAndWhereItLooked) {
  report_.plugins({}, {{"/p"}}, false);
  EXPECT_EQ(out_.str(), "no plugin was found\nlooked in, in this order:\n    /p: 0 files\n");
}

TEST_F(ReportTest, VerboseSaysWherePluginsWereLookedFor) {
  PluginRecord record;
  record.file = "/p/a.so";
  record.reason = "is truncated";
  report_.plugins({record}, {{"/p\n", "--plugin-dir", "", 1}, {"/q", "", "No such file or directory", 0}},
                  true, {{"/r\n", "", "", 2}, {"/s", "", "Permission denied", 0}});
  EXPECT_THAT(out_.str(), testing::EndsWith("looked in, in this order:\n"
                                            "    /p\\n (by --plugin-dir): 1 file\n"
                                            "    /q: No such file or directory\n"
                                            "and for recipes in:\n"
                                            "    /r\\n: 2 files\n"
                                            "    /s: Permission denied\n"));
}

TEST_F(ReportTest, ADryRunAnswersWithEveryChangeEveryFindingAndAConclusion) {
  Plan plan;
  plan.files = {file("a", "/usr/bin")};
  Preflight preflight;
  preflight.bytes = 1500;
  report_.warnings(std::vector<std::string>{"careful"});
  report_.findings({make_finding(FindingKind::placed_by_path, "odd")});
  report_.would_inject(plan, preflight, two_changes(), "img");
  EXPECT_EQ(out_.str(),
            "copy          1.5 kB  /usr/bin/a <- a\n"
            "run ldconfig          /etc/ld.so.cache\n"
            "warning: careful\n"
            "warning: odd\n"
            "would inject 1 file (1.5 kB) into img; ldconfig would run\n");
  EXPECT_EQ(log_.text(), "warning: careful\nwarning: odd\n");
}

TEST_F(ReportTest, WhatIsInTheAnswerIsNotSaidOnceMoreWhereBothAreRead) {
  Plan plan;
  plan.files = {file("a", "/usr/bin")};
  report_.use_answers_only(true);
  report_.warnings({"careful"});
  const std::vector<Finding> findings = {make_finding(FindingKind::taken, "it is taken"),
                                         make_finding(FindingKind::placed_by_path, "odd")};
  report_.findings(findings);
  report_.would_inject(plan, {}, {}, "img");
  report_.failed(Error({Stage::preflight, "it is taken", "", ""}));
  EXPECT_EQ(out_.str(),
            "error: it is taken\nwarning: careful\nwarning: odd\nwould inject nothing into img: 1 error\n");
  EXPECT_EQ(log_.text(), "");
}

TEST_F(ReportTest, AnErrorThatEndsADryRunBeforeItsAnswerIsSaid) {
  report_.use_answers_only(true);
  report_.failed(Error({Stage::plan, "no", "", ""}));
  EXPECT_EQ(log_.text(), "error: plan: no\n");
}

TEST_F(ReportTest, OfVeryManyFindingsTheFirstAreToldAndAllAreInJson) {
  const test::LogCapture log(LogLevel::info);
  std::vector<Problem> problems;
  std::vector<Finding> findings;
  std::vector<std::string> warnings;
  for (std::size_t i = 0; i < kMostTold + 3; ++i) {
    findings.push_back(make_finding(FindingKind::taken, "it is taken"));
    problems.push_back(findings.back().problem);
    warnings.emplace_back("careful");
  }
  const auto count = [](const std::string& text, const std::string& line) {
    std::istringstream lines(text);
    std::size_t found = 0;
    for (std::string one; std::getline(lines, one);) found += one == line;
    return found;
  };
  report_.warnings(warnings);
  report_.findings(findings);
  report_.would_inject({}, {}, {}, "img");
  report_.failed(Error(problems));
  EXPECT_EQ(count(out_.str(), "error: it is taken"), kMostTold);
  EXPECT_EQ(count(out_.str(), "error: and 3 more; -v and --json tell all"), 1u);
  EXPECT_EQ(count(out_.str(), "warning: careful"), kMostTold);
  EXPECT_EQ(count(log.text(), "error: preflight: it is taken"), kMostTold);
  EXPECT_EQ(count(log.text(), "error: and 3 more; -v tells all"), 1u);
  EXPECT_EQ(count(log.text(), "warning: careful"), kMostTold);
  std::ostringstream out;
  Report report(out);
  report.use_json(true);
  report.findings(findings);
  report.failed(Error(problems));
  EXPECT_EQ(Json::parse(out.str())["problems"].size(), kMostTold + 3);
  EXPECT_EQ(Json::parse(out.str())["findings"].size(), kMostTold + 3);
}

TEST_F(ReportTest, ADocumentIsAsciiAndValidWhateverNamesAre) {
  report_.use_json(true);
  std::vector<Change> changes = two_changes();
  changes[0].path = ImagePath("/\xe2\x80\xae\x7f\xc3\xa9");
  changes[0].source = "a\xff";
  changes[0].rule = changes[0].reason = changes[0].provider = "\xc3\xa9 \xed\xa0\x80";
  report_.warnings({"\xe2\x80\xae \xff"});
  report_.findings({make_finding(FindingKind::taken, "\xc0\xaf", "\xff", "\xfe")});
  report_.would_inject({}, {}, changes, "\x9b");
  for (const char c : out_.str()) EXPECT_TRUE((c >= ' ' && c <= '~') || c == '\n') << static_cast<int>(c);
  const Json json = Json::parse(out_.str());
  EXPECT_EQ(json["changes"][0]["path"], "/\xe2\x80\xae\x7f\xc3\xa9");
  EXPECT_EQ(json["changes"][0]["reason"], "\xc3\xa9 \\xed\\xa0\\x80");
  EXPECT_EQ(json["warnings"][0], "\xe2\x80\xae \\xff");
  EXPECT_EQ(json["findings"][0]["what"], "\\xc0\\xaf");
}

TEST_F(ReportTest, ADryRunThatFindsErrorsSaysThatNothingWouldBeDone) {
  Plan plan;
  plan.files = {file("a", "/usr/bin")};
  report_.findings({make_finding(FindingKind::taken, "it is taken")});
  report_.would_inject(plan, {}, {}, "img");
  EXPECT_EQ(out_.str(), "error: it is taken\nwould inject nothing into img: 1 error\n");
  EXPECT_EQ(log_.text(), "") << "failed() tells errors";
}

TEST_F(ReportTest, ADryRunOnAnImageThatHasItAllSaysSo) {
  Plan plan;
  plan.files = {file("a", "/usr/bin")};
  report_.would_inject(plan, {}, {}, "img");
  EXPECT_EQ(out_.str(), "nothing to do: 1 file is injected in img already, unchanged\n");
}

TEST_F(ReportTest, ADryRunOfAnUndoSaysWhatWouldGoAndWhatWouldComeBack) {
  Plan plan;
  plan.removals = {{ImagePath("/a"), "", false, "", ""}, {ImagePath("/b"), "0", false, "", ""}};
  report_.would_undo(plan, {}, "img", true);
  report_.would_undo(plan, {}, "img", false);
  EXPECT_EQ(
      out_.str(),
      "would undo: 1 file removed and 1 given back in img, which would be as before the first injection\n"
      "would undo: 1 file removed and 1 given back in img\n");
}

TEST_F(ReportTest, WithJsonEachRunAnswersWithExactlyOneDocument) {
  struct Row {
    const char* name;
    std::function<void(Report&)> tell;
    const char* schema;
    const char* state;
  };
  const Error error({Stage::plan, "no", "", ""});
  const Finding taken = make_finding(FindingKind::taken, "it is taken");
  const Row rows[] = {
      {"plan", [](Report& r) { r.would_inject({}, {}, two_changes(), "i"); }, "ch-fromhost plan", "ready"},
      {"plan, all there", [](Report& r) { r.would_inject({}, {}, {}, "i"); }, "ch-fromhost plan",
       "nothing to do"},
      {"plan with errors",
       [&](Report& r) {
         r.findings({taken});
         r.would_inject({}, {}, two_changes(), "i");
         r.failed(error);
       },
       "ch-fromhost plan", "refused"},
      {"plan of an undo", [](Report& r) { r.would_undo({}, {}, "i", true); }, "ch-fromhost plan", "ready"},
      {"injected", [](Report& r) { r.injected({}, {}, {}, "i", 0); }, "ch-fromhost result", "injected"},
      {"there", [](Report& r) { r.already_there({}, "i"); }, "ch-fromhost result", "nothing to do"},
      {"undone", [](Report& r) { r.undone({}, {}, "i", true); }, "ch-fromhost result", "undone"},
      {"failed", [&](Report& r) { r.failed(error); }, "ch-fromhost result", "failed"},
      {"failed oddly", [](Report& r) { r.failed("odd"); }, "ch-fromhost result", "failed"},
      {"status", [](Report& r) { r.status({}, {}, "i"); }, "ch-fromhost status", "not injected"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    std::ostringstream out;
    Report report(out);
    report.use_json(true);
    row.tell(report);
    const Json json = Json::parse(out.str());  // throws where there are two
    EXPECT_EQ(json["schema"], row.schema);
    EXPECT_EQ(json["version"], 1);
    EXPECT_EQ(json["state"], row.state);
  }
}

}  // namespace
}  // namespace fromhost::core
