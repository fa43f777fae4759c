// SPDX-License-Identifier: Apache-2.0
// The generic provider as it is built and loaded: lists of paths from a file, from standard input and from a
// command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "core/error.hpp"
#include "tests/plugins/fake_host.hpp"
#include "tests/plugins/plugin_directory.hpp"
#include "tests/support/log_capture.hpp"

namespace fromhost::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Outcome = CommandResult::Outcome;

class GenericPlugin : public testing::Test {
 protected:
  GenericPlugin() : catalog_(directory_.with(FROMHOST_GENERIC_PLUGIN).catalog({std::chrono::seconds(0)})) {}

  Contributions collected(const std::string& option, const std::string& value,
                          std::optional<std::string> destination = std::nullopt) {
    Contributions into;
    const auto provider = catalog_.open("generic", host_);
    EXPECT_TRUE(provider->collect({"generic", option, value, std::move(destination)}, into).here);
    return into;
  }
  std::vector<std::string> paths(const std::string& option, const std::string& value) {
    std::vector<std::string> sources;
    for (const Contribution& one : collected(option, value)) sources.push_back(one.source);
    return sources;
  }
  std::string failure(const std::string& option, const std::string& value) {
    try {
      collected(option, value);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  /// What `/bin/sh -c COMMAND` will do.
  void expect_command(const std::string& command, const CommandResult& result) {
    host_.commands[Command{.argv = {"/bin/sh", "-c", command}}.text()] = result;
  }

  PluginDirectory directory_;
  FakeHost host_;
  test::LogCapture log_;
  PluginCatalog catalog_;
};

TEST_F(GenericPlugin, OwnsThreeSwitchesWithTheirLetters) {
  const PluginRecord& record = record_of(catalog_, "generic.so");
  EXPECT_EQ(record.state, PluginRecord::State::ready) << record.reason;
  std::vector<std::string> switches;
  for (const Switch& one : record.switches)
    switches.push_back("-" + std::string(1, one.letter) + " --" + one.name + " " + one.argument);
  EXPECT_THAT(switches, ElementsAre("-c --cmd CMD", "-f --file FILE", "-p --path PATH"));
  EXPECT_THAT(record.claim_patterns, IsEmpty());
}

TEST_F(GenericPlugin, PathIsContributedAsItWasGiven) {
  const Contributions got = collected("path", "some where/libfoo.so", "/opt");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].kind, ItemKind::file);
  EXPECT_EQ(got[0].source, "some where/libfoo.so");
  EXPECT_EQ(got[0].destination, "/opt");
  EXPECT_EQ(got[0].reason, "--path");
  EXPECT_EQ(got[0].provider, "generic");
}

TEST_F(GenericPlugin, ListKeepsItsOrderAndItsDestination) {
  host_.files["/list"] = "/usr/bin/b\n/usr/bin/a\n/usr/bin/b\n";
  EXPECT_THAT(paths("file", "/list"), ElementsAre("/usr/bin/b", "/usr/bin/a", "/usr/bin/b"));
  for (const Contribution& one : collected("file", "/list", "/opt")) {
    EXPECT_EQ(one.destination, "/opt");
    EXPECT_EQ(one.reason, "--file /list");
  }
}

TEST_F(GenericPlugin, ListToleratesCarriageReturns) {
  host_.files["/list"] = "/usr/bin/a\r\n\r/usr/bin/b\r\r\n/usr/bin/c\r";
  EXPECT_THAT(paths("file", "/list"), ElementsAre("/usr/bin/a", "/usr/bin/b", "/usr/bin/c"));
}

TEST_F(GenericPlugin, ListToleratesBlankLines) {
  host_.files["/list"] = "\n\n/usr/bin/a\n \t \n\r\n\n/usr/bin/b\n\n";
  EXPECT_THAT(paths("file", "/list"), ElementsAre("/usr/bin/a", "/usr/bin/b"));
}

TEST_F(GenericPlugin, LastLineNeedsNoNewline) {
  host_.files["/list"] = "/usr/bin/a\n/usr/bin/b";
  EXPECT_THAT(paths("file", "/list"), ElementsAre("/usr/bin/a", "/usr/bin/b"));
}

TEST_F(GenericPlugin, BlanksAndOtherLettersInNamesAreKept) {
  host_.files["/list"] = " /usr/bin/with blank \n/usr/bin/gr\u00fcn\t\n/usr/bin/\xff\xfe\n";
  EXPECT_THAT(paths("file", "/list"),
              ElementsAre(" /usr/bin/with blank ", "/usr/bin/gr\u00fcn\t", "/usr/bin/\xff\xfe"));
}

TEST_F(GenericPlugin, ListWithoutFileIsNoErrorHere) {
  host_.files["/list"] = "\n \r\n";
  EXPECT_THAT(paths("file", "/list"), IsEmpty());
  EXPECT_THAT(log_.text(), HasSubstr("generic: --file /list: lists no file"));
}

TEST_F(GenericPlugin, DashIsStandardInput) {
  host_.standard_input = "/usr/bin/a\r\n\n/usr/bin/b";
  EXPECT_THAT(paths("file", "-"), ElementsAre("/usr/bin/a", "/usr/bin/b"));
}

TEST_F(GenericPlugin, TooLongStandardInputIsAnError) {
  host_.standard_input = std::string((16u << 20) + 1, '\n');
  EXPECT_THAT(failure("file", "-"), HasSubstr("provider: generic: standard input: File too large"));
}

TEST_F(GenericPlugin, MissingListIsAnError) {
  EXPECT_THAT(failure("file", "/no/list"),
              HasSubstr("cannot read file: /no/list: No such file or directory"));
}

TEST_F(GenericPlugin, UnreadableListIsAnError) {
  host_.unreadable.insert("/secret");
  EXPECT_THAT(failure("file", "/secret"), HasSubstr("cannot read file: /secret: Permission denied"));
}

TEST_F(GenericPlugin, CommandListsPaths) {
  expect_command("card-files --all", {Outcome::exited, 0, "/usr/bin/a\r\n\n/usr/lib/b.so\n", ""});
  const Contributions got = collected("cmd", "card-files --all", "/opt");
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[1].source, "/usr/lib/b.so");
  EXPECT_EQ(got[1].destination, "/opt");
  EXPECT_EQ(got[1].reason, "--cmd card-files --all");
}

TEST_F(GenericPlugin, CommandRunsHereOnceWithOurInput) {
  expect_command("true", {Outcome::exited, 0, "", ""});
  collected("cmd", "true");
  ASSERT_EQ(host_.ran.size(), 1u);
  EXPECT_THAT(host_.ran[0].argv, ElementsAre("/bin/sh", "-c", "true"));
  EXPECT_EQ(host_.ran[0].input, Command::Input::ours);
  EXPECT_EQ(host_.ran[0].directory, Command::Directory::current);
  EXPECT_EQ(host_.ran[0].time_limit.count(), 0);
}

TEST_F(GenericPlugin, FailingCommandIsAnErrorWithItsStderr) {
  expect_command("card-files", {Outcome::exited, 3, "/usr/bin/a\n", "no card\nno luck\n"});
  EXPECT_THAT(failure("cmd", "card-files"),
              HasSubstr("provider: generic: command failed: card-files: exit status 3"));
  EXPECT_THAT(log_.text(), HasSubstr("warning: generic: card-files: no card\n"));
  EXPECT_THAT(log_.text(), HasSubstr("warning: generic: card-files: no luck\n"));
}

TEST_F(GenericPlugin, CommandThatWorksMayTalkToo) {
  expect_command("card-files", {Outcome::exited, 0, "/usr/bin/a\n", "deprecated\n"});
  EXPECT_THAT(paths("cmd", "card-files"), ElementsAre("/usr/bin/a"));
  EXPECT_THAT(log_.text(), HasSubstr("warning: generic: card-files: deprecated\n"));
  EXPECT_THAT(log_.text(), Not(HasSubstr("/usr/bin/a")));
}

TEST_F(GenericPlugin, CommandThatASignalKilledIsAnError) {
  expect_command("card-files", {Outcome::signalled, SIGSEGV, "/usr/bin/a\n", ""});
  EXPECT_THAT(failure("cmd", "card-files"), HasSubstr("command failed: card-files: killed by signal 11"));
}

TEST_F(GenericPlugin, CommandThatPrintsTooMuchIsAnError) {
  expect_command("yes", {Outcome::too_much_output, 0, "y\n", ""});
  EXPECT_THAT(failure("cmd", "yes"), HasSubstr("command failed: yes: printed too much"));
}

TEST_F(GenericPlugin, MissingShellIsAnError) {
  EXPECT_THAT(failure("cmd", "card-files"), HasSubstr("command failed: card-files: could not be started"));
}

}  // namespace
}  // namespace fromhost::core
