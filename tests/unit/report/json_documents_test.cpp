// SPDX-License-Identifier: Apache-2.0
// The documents, word by word. That they follow the schema is for the tests end to end, which have a
// validator.
#include "core/report/json_documents.hpp"

#include <gtest/gtest.h>

namespace fromhost::core {
namespace {

using Action = Change::Action;

Json parsed(const char* text) {
  return Json::parse(text);
}

Change change(Action action, const std::string& path) {
  Change made;
  made.action = action;
  made.path = ImagePath(path);
  made.reason = "because";
  return made;
}

TEST(JsonDocuments, APlanHasEachChangeWithWhatIsKnownOfIt) {
  RunAccount account{"inject", "ready", "img", {}, {}, {}};
  account.changes = {change(Action::copy, "/usr/bin/a"), change(Action::write, "/etc/ld.so.conf"),
                     change(Action::link, "/usr/lib/l"), change(Action::run_ldconfig, "/etc/ld.so.cache")};
  account.changes[0].source = "bin/a";
  account.changes[0].bytes = std::uint64_t{1} << 40;
  account.changes[0].role = FileRole::program;
  account.changes[0].rule = "path contains /bin";
  account.changes[0].provider = "generic";
  account.changes[1].bytes = 9;
  account.changes[1].lines = {"/opt/lib"};
  account.changes[1].lines_gone = {"/opt/li\xff"};
  account.changes[1].replaced = Change::Replaced::images_own;
  account.changes[2].source = "l.so.1";
  account.changes[2].replaced = Change::Replaced::injected;
  EXPECT_EQ(plan_document(account, {{"careful"}, {}}), parsed(R"({
    "schema": "ch-fromhost plan", "version": 1, "mode": "inject", "state": "ready", "image": "img",
    "bytes": 1099511627776, "ldconfig": true,
    "changes": [
      {"action": "copy", "path": "/usr/bin/a", "source": "bin/a", "bytes": 1099511627776, "role": "program",
       "rule": "path contains /bin", "reason": "because", "provider": "generic"},
      {"action": "write", "path": "/etc/ld.so.conf", "bytes": 9, "lines": ["/opt/lib"],
       "lines_gone": [{"hex": "2f6f70742f6c69ff"}], "replaces": "image's own", "reason": "because"},
      {"action": "link", "path": "/usr/lib/l", "target": "l.so.1", "replaces": "injected",
       "reason": "because"},
      {"action": "run ldconfig", "path": "/etc/ld.so.cache", "reason": "because"}],
    "warnings": ["careful"], "findings": []})"));
}

TEST(JsonDocuments, AResultSaysWhatCameOfIt) {
  EXPECT_EQ(result_document({"inject", "injected", "img", {}, 2, {}}, {}), parsed(R"({
    "schema": "ch-fromhost result", "version": 1, "mode": "inject", "state": "injected", "image": "img",
    "bytes": 0, "ldconfig": false, "libraries_found": 2, "changes": [], "warnings": [], "findings": []})"));
  EXPECT_EQ(result_document({"undo", "undone", "img", {change(Action::remove, "/x")}, {}, true}, {}),
            parsed(R"({
    "schema": "ch-fromhost result", "version": 1, "mode": "undo", "state": "undone", "image": "img",
    "bytes": 0, "ldconfig": false, "complete": true,
    "changes": [{"action": "remove", "path": "/x", "reason": "because"}], "warnings": [], "findings": []})"));
}

TEST(JsonDocuments, AFailureHasEveryProblemAndWhatWasFoundBefore) {
  const Finding found = make_finding(FindingKind::no_space, "no room", "full", "make some");
  EXPECT_EQ(failure_document(std::vector<Problem>{found.problem}, {{}, {found}}), parsed(R"({
    "schema": "ch-fromhost result", "version": 1, "state": "failed",
    "problems": [{"stage": "preflight", "what": "no room", "cause": "full", "way_out": "make some"}],
    "warnings": [],
    "findings": [{"kind": "no-space", "severity": "error", "what": "no room", "cause": "full",
                  "way_out": "make some"}]})"));
  EXPECT_EQ(failure_document("std::bad_alloc", {}), parsed(R"({
    "schema": "ch-fromhost result", "version": 1, "state": "failed",
    "problems": [{"what": "std::bad_alloc", "cause": "", "way_out": ""}], "warnings": [], "findings": []})"));
}

TEST(JsonDocuments, AFindingNamesItsLibraryAndTheFilesThatWantIt) {
  Finding found = make_finding(FindingKind::library_missing, "missing");
  found.library = "libx.so.1";
  found.files = {"/usr/bin/a", "/usr/bin/b\xff"};
  const Json json = failure_document("", {{}, {found}})["findings"][0];
  EXPECT_EQ(json["library"], "libx.so.1");
  EXPECT_EQ(json["files"], parsed(R"(["/usr/bin/a", {"hex": "2f7573722f62696e2f62ff"}])"));
}

TEST(JsonDocuments, NamesThatAreNotUtf8AreHexadecimalAndWordsShowTheirBytes) {
  RunAccount account{"inject", "ready", "img\xff", {change(Action::copy, "/\xe9")}, {}, {}};
  account.changes[0].source = "\xe9";
  account.changes[0].rule = "has \xe9";
  const Json json = plan_document(account, {{"odd: \xe9 \xc3\xa9"}, {}});
  EXPECT_EQ(json["image"], parsed(R"({"hex": "696d67ff"})"));
  EXPECT_EQ(json["changes"][0]["path"], parsed(R"({"hex": "2fe9"})"));
  EXPECT_EQ(json["changes"][0]["source"], parsed(R"({"hex": "e9"})"));
  EXPECT_EQ(json["changes"][0]["rule"], "has \\xe9");
  EXPECT_EQ(json["warnings"][0], "odd: \\xe9 \xc3\xa9");
  EXPECT_NO_THROW((void)json.dump());
}

TEST(JsonDocuments, APluginIsWhatItsRecordSays) {
  PluginRecord ready;
  ready.state = PluginRecord::State::ready;
  ready.file = "/p/generic.so";
  ready.id = "generic";
  ready.version = "1.0";
  ready.summary = "files";
  ready.switches = {{"path", 'p', "PATH", "one file"}, {"all", 0, "", "all files"}};
  ready.claim_patterns = {"*.so"};
  PluginRecord refused;
  refused.file = "/p/b\xff.so";
  refused.reason = "truncated";
  EXPECT_EQ(plugins_document({ready, refused}, {{"/p", "--plugin-dir", "", 2}, {"/q", "", "gone", 0}}),
            parsed(R"({
    "schema": "ch-fromhost plugins", "version": 1, "plugins": [
      {"file": "/p/generic.so", "state": "ready", "id": "generic", "version": "1.0", "summary": "files",
       "options": [{"name": "path", "letter": "p", "argument": "PATH", "help": "one file"},
                   {"name": "all", "help": "all files"}],
       "claims": ["*.so"]},
      {"file": {"hex": "2f702f62ff2e736f"}, "state": "refused", "reason": "truncated", "options": [],
       "claims": []}],
    "searched": [{"directory": "/p", "files": 2, "named_by": "--plugin-dir"},
                 {"directory": "/q", "files": 0, "passed_over": "gone"}]})"));
}

TEST(JsonDocuments, AStatusSurvivesWhateverAHostileManifestNames) {
  Manifest manifest;
  ManifestEntry entry;
  entry.path = ImagePath("/\xff");
  entry.provider = "p\xff";
  entry.size = 5;
  manifest.put(entry);
  entry.path = ImagePath("/another");
  entry.provider = "p\\xff";  // told in the same letters
  manifest.put(entry);
  ManifestRun run;
  run.time = 7;
  run.user = run.host = run.tool = "\xff";
  manifest.runs = {run};
  EXPECT_EQ(status_document(manifest, {{&manifest.entries[0], Difference::missing}}), parsed(R"({
    "schema": "ch-fromhost status", "version": 1, "state": "outdated",
    "providers": {"p\\xff": {"files": 1, "bytes": 5, "links": 0, "lines": 0}},
    "differences": [{"path": {"hex": "2fff"}, "source": "", "finding": "missing in the image"}],
    "last": {"time": 7, "user": {"hex": "ff"}, "host": {"hex": "ff"}, "tool": "\\xff"}})"));
  EXPECT_EQ(status_document({}, {})["state"], "not injected");
}

}  // namespace
}  // namespace fromhost::core
