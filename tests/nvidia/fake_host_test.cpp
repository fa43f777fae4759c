// SPDX-License-Identifier: Apache-2.0
// The SDK's fake host, on a provider that does what tests need. Without a framework: it is for those, too,
// who have none; its exit status is the result.
#include <cstdio>
#include <sstream>
#include <string>

#include "fromhost/testing/fake_host.hpp"

namespace {

using fromhost::Answer;
using fromhost::Failure;
using fromhost::Host;
using fromhost::Request;
using fromhost::fake::FakeHost;
using fromhost::fake::Outcome;
using fromhost::fake::Session;

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  ++failures;
  std::printf("not so: %s\n", what);
}
#define EXPECT(condition) expect((condition), #condition)

/// Answers by what the option says.
class Probe : public fromhost::ProviderPlugin {
 public:
  bool claims(Host& host, const std::string& path) override {
    if (path == "/contribute") host.contribute_file(path, "too early");
    return path == "/ours";
  }
  Answer collect(Host& host, const Request& request) override {
    if (request.option == "file") {
      const auto text = host.read_file(request.value);
      host.contribute_data(request.value, "/etc", text.value_or("missing"));
      host.warn("read " + request.value);
      return Answer::done;
    }
    if (request.option == "list") {
      for (const std::string& name : host.list(request.value)) host.contribute_file(name, "");
      return Answer::done;
    }
    if (request.option == "run") {
      const auto ended = host.run({"probe", request.value});
      host.contribute_file("out:" + ended.output, std::to_string(ended.outcome));
      return Answer::done;
    }
    if (request.option == "find") {
      const auto ours = host.find_library(request.value, host.machine(), 2);
      const auto theirs = host.find_library_in_image(request.value, host.machine(), 2);
      host.contribute_library(ours.value_or("none"), theirs.value_or("none"));
      for (const auto& cached : host.cached_libraries("libf?o.so.*")) host.info(cached.path);
      return Answer::done;
    }
    if (request.option == "closure") {
      for (const auto& one : host.linked_libraries(request.value))
        host.contribute_library(one.path.value_or("missing"), one.soname);
      host.contribute_file(host.resolve(request.value).value_or("none"), "");
      return Answer::done;
    }
    if (request.option == "malformed") {
      host.contribute_directory("", "no destination");
      return Answer::done;
    }
    host.explain("no hardware");
    return Answer::not_here;
  }
};

Outcome collected(FakeHost& host, const std::string& option, const std::string& value = "") {
  Probe probe;
  return Session(host, probe).collect({option, value, std::nullopt});
}

void files_are_read_through_links_and_missing_ones_are_no_failure() {
  FakeHost host;
  host.with_file("/opt/real/file", "text").with_link("/etc/link", "../opt/./real");
  const Outcome got = collected(host, "file", "/etc/link/file");
  EXPECT(got.status == FH_OK && got.items.size() == 1 && got.items[0].reason == "text");
  EXPECT(host.log_text(FH_LOG_WARNING) == "read /etc/link/file\n");
  EXPECT(collected(host, "file", "/etc/link/other").items[0].reason == "missing");
  EXPECT(collected(host, "file", "/opt/real/file/below").items[0].reason == "missing");
  std::ostringstream shown;
  shown << got.items[0];
  EXPECT(shown.str() == "data /etc/link/file -> /etc (text)");
}

void what_cannot_be_used_is_a_failure_with_its_reason() {
  FakeHost host;
  host.with_unreadable("/closed").with_link("/loop", "/loop").with_directory("/directory");
  EXPECT(collected(host, "file", "/closed/file").message == "/closed/file: Permission denied");
  EXPECT(collected(host, "file", "/loop").message == "/loop: Too many levels of symbolic links");
  EXPECT(collected(host, "file", "/directory").message == "/directory: Is a directory");
  host.with_failing_services("gone");
  EXPECT(collected(host, "list", "/").message == "/: gone");
  EXPECT(collected(host, "run", "x").message == "gone");
}

void directories_list_what_is_in_them_sorted() {
  FakeHost host;
  host.with_file("/a/z").with_file("/a/b/c").with_link("/a/m", "z").with_file("/ab");
  const Outcome got = collected(host, "list", "/a/");
  EXPECT(got.items.size() == 3 && got.items[0].source == "b" && got.items[1].source == "m");
  EXPECT(collected(host, "list", "/none").items.empty());
}

void commands_answer_as_they_were_told_and_are_recorded() {
  FakeHost host;
  host.with_command({"probe", "good"}, {FH_COMMAND_EXITED, 0, "yes", ""});
  EXPECT(collected(host, "run", "good").items[0].source == "out:yes");
  EXPECT(collected(host, "run", "other").items[0].reason == std::to_string(FH_COMMAND_NOT_FOUND));
  EXPECT(host.ran().size() == 2 && host.ran()[1].argv[1] == "other");
}

void libraries_are_found_by_cache_and_class() {
  FakeHost host;
  host.with_library("/usr/lib64/libfoo.so.1", {62, 2, "libfoo.so.1", {}})
      .with_library("/usr/lib/libfoo.so.1", {3, 1, "libfoo.so.1", {}})
      .with_cached("libfoo.so.1", "/usr/lib/libfoo.so.1")
      .with_cached("libfoo.so.1", "/usr/lib64/libfoo.so.1")
      .with_image_library("libfoo.so.1", "/lib/libfoo.so.1", 62, 2);
  const Outcome got = collected(host, "find", "libfoo.so.1");
  EXPECT(got.items[0].source == "/usr/lib64/libfoo.so.1" && got.items[0].reason == "/lib/libfoo.so.1");
  EXPECT(host.log().size() == 2);
  EXPECT(collected(host, "find", "libbar.so.1").items[0].source == "none");
}

void a_closure_names_each_library_once() {
  FakeHost host;
  host.with_library("/lib/libfoo.so.1.2", {62, 2, "libfoo.so.1", {"libbar.so.1", "libc.so.6"}})
      .with_link("/lib/libfoo.so.1", "libfoo.so.1.2")
      .with_library("/lib/libbar.so.1", {62, 2, "libbar.so.1", {"libc.so.6", "libfoo.so.1"}});
  const Outcome got = collected(host, "closure", "/lib/libfoo.so.1");
  EXPECT(got.items.size() == 4 && got.items[0].source == "/lib/libbar.so.1");
  EXPECT(got.items[1].reason == "libc.so.6" && got.items[1].source == "missing");
  EXPECT(got.items[3].source == "/lib/libfoo.so.1.2");
}

void the_contract_is_kept() {
  FakeHost host;
  EXPECT(collected(host, "malformed").status == FH_FAILED);
  EXPECT(collected(host, "malformed").message == "contributed an item without destination");
  const Outcome nothing = collected(host, "other");
  EXPECT(nothing.status == FH_NOT_HERE && nothing.message == "no hardware");
  Probe probe;
  Session session(host, probe);
  EXPECT(session.claims("/ours").status == FH_OK);
  EXPECT(session.claims("/theirs").status == FH_NOT_HERE);
  EXPECT(session.claims("/contribute").message == "contributed an item outside collect()");
  host.without_extension(FH_FILES);
  EXPECT(collected(host, "file", "/x").message.find(FH_FILES) != std::string::npos);
}

constexpr fh_option kOptions[] = {fromhost::option("file", "FILE", "for the test")};
FROMHOST_PROVIDER(Probe, "probe", "1", "for the test", kOptions, nullptr);

void a_registered_provider_is_made_and_destroyed() {
  FakeHost host;
  host.with_file("/file", "text");
  Session session(host, fromhost_provider);
  EXPECT(session.collect({"file", "/file", std::nullopt}).items.size() == 1);
  fh_entry broken = fromhost_provider;
  broken.create = [](const fh_host* lent) -> fh_provider* {
    lent->fail(lent, "not today");
    return nullptr;
  };
  Session none(host, broken);
  const Outcome got = none.collect({"file", "/file", std::nullopt});
  EXPECT(got.status == FH_FAILED && got.message == "not today");
}

}  // namespace

int main() {
  files_are_read_through_links_and_missing_ones_are_no_failure();
  what_cannot_be_used_is_a_failure_with_its_reason();
  directories_list_what_is_in_them_sorted();
  commands_answer_as_they_were_told_and_are_recorded();
  libraries_are_found_by_cache_and_class();
  a_closure_names_each_library_once();
  the_contract_is_kept();
  a_registered_provider_is_made_and_destroyed();
  return failures == 0 ? 0 : 1;
}
