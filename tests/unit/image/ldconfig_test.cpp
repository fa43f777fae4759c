// SPDX-License-Identifier: Apache-2.0
// The image's ldconfig: how it is run, what is believed of its words, and which of them a person sees.
#include "core/image/ldconfig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "core/error.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/log_capture.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::exited;
using test::FakeHost;
using test::LogCapture;
using test::TempImage;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kAnswer =
    "/usr/local/lib: (from /etc/ld.so.conf.d/libc.conf:2)\n"
    "\tlibfoo.so.1 -> libfoo.so.1.0\n"
    "/lib/x86_64-linux-gnu: (from /etc/ld.so.conf.d/x86_64-linux-gnu.conf:3)\n"
    "\tlibc.so.6 -> libc.so.6\n";

std::vector<std::string> texts(const std::vector<ImagePath>& paths) {
  std::vector<std::string> found;
  for (const ImagePath& path : paths) found.push_back(path.text());
  return found;
}

class LdconfigTest : public testing::Test {
 protected:
  FakeHost& with_ch_run() { return host_.with_program("ch-run", "/usr/bin/ch-run"); }
  std::string asking_fails_with() {
    try {
      ldconfig_.directories();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::string absolute() const { return std::filesystem::canonical(image_.root()).string(); }

  const TempImage image_;
  const ImageRoot root_ = image_.open();
  FakeHost host_;
  Ldconfig ldconfig_{host_, root_};
};

TEST(DirectoriesInLdconfigsOutput, AreTheLinesThatStartWithASlashUpToTheColon) {
  struct Row {
    const char* name;
    const char* output;
    std::vector<std::string> directories;
  };
  const Row rows[] = {
      {"as glibc prints it", kAnswer, {"/usr/local/lib", "/lib/x86_64-linux-gnu"}},
      {"before glibc 2.33: nothing behind the colon", "/lib:\n/usr/lib:\n", {"/lib", "/usr/lib"}},
      {"without newline at the end", "/lib:", {"/lib"}},
      {"hwcaps in parentheses",
       "/lib/glibc-hwcaps/x86-64-v3: (hwcap: \"x86-64-v3\")\n",
       {"/lib/glibc-hwcaps/x86-64-v3"}},
      {"no colon", "/lib\n", {}},
      {"relative", "lib:\n", {}},
      {"indented", "\t/lib:\n /lib:\n", {}},
      {"empty", "", {}},
      {"blank lines", "\n\n", {}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(texts(directories_in(row.output)), row.directories);
  }
}

TEST(LdconfigsNoise, IsDroppedWithTheLinesThatContinueIt) {
  struct Row {
    const char* name;
    const char* errors;
    std::vector<std::string> kept;
  };
  const Row rows[] = {
      {"nothing", "", {}},
      {"can't stat", "/sbin/ldconfig: Can't stat /usr/local/lib/x: No such file or directory\n", {}},
      {"given more than once, and its continuation",
       "/sbin/ldconfig: Path `/usr/lib' given more than once\n(from /etc/ld.so.conf:1 and <builtin>:0)\n",
       {}},
      {"the dynamic linker",
       "/sbin/ldconfig: /lib/ld-linux-x86-64.so.2 is the dynamic linker, ignoring\n\n",
       {}},
      {"something else",
       "/sbin/ldconfig: File /usr/lib/x.so is empty, not checked.\n",
       {"/sbin/ldconfig: File /usr/lib/x.so is empty, not checked."}},
      {"something else with a continuation", "warning\n(from a:1)\n", {"warning", "(from a:1)"}},
      {"noise, then something else", "Can't stat /x: y\n(from a)\nreal\n\tdetail\n", {"real", "\tdetail"}},
      {"without newline at the end", "real", {"real"}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(without_noise(row.errors), row.kept);
  }
}

TEST_F(LdconfigTest, AsksChRunWithoutChangingTheImage) {
  with_ch_run().with_answer("ldconfig", exited(0, kAnswer));
  EXPECT_THAT(texts(ldconfig_.directories()), ElementsAre("/usr/local/lib", "/lib/x86_64-linux-gnu"));
  ASSERT_EQ(host_.commands.size(), 1u);
  EXPECT_THAT(host_.commands[0].argv,
              ElementsAre("/usr/bin/ch-run", absolute(), "--", "/sbin/ldconfig", "-N", "-X", "-v"));
}

TEST_F(LdconfigTest, AsksOnceAndRemembers) {
  with_ch_run().with_answer("ldconfig", exited(0, kAnswer));
  EXPECT_EQ(&ldconfig_.directories(), &ldconfig_.directories());
  EXPECT_EQ(host_.commands.size(), 1u);
}

TEST_F(LdconfigTest, UpdatesWithTheImageWritable) {
  with_ch_run().with_answer("ldconfig", exited(0));
  ldconfig_.update();
  ASSERT_EQ(host_.commands.size(), 1u);
  EXPECT_THAT(host_.commands[0].argv,
              ElementsAre("/usr/bin/ch-run", "-w", absolute(), "--", "/sbin/ldconfig"));
}

TEST_F(LdconfigTest, ChRunBesideOurExecutableComesFirst) {
  with_ch_run().with_program("/opt/fromhost/bin/ch-run", "/opt/fromhost/bin/ch-run");
  host_.with_answer("ldconfig", exited(0));
  ldconfig_.update();
  EXPECT_EQ(host_.commands.at(0).argv.at(0), "/opt/fromhost/bin/ch-run");
}

TEST_F(LdconfigTest, WithoutChRunUnshareServes) {
  host_.with_program("unshare", "/usr/bin/unshare").with_answer("ldconfig", exited(0, kAnswer));
  ldconfig_.directories();
  ldconfig_.update();
  EXPECT_THAT(host_.commands.at(0).argv,
              ElementsAre("/usr/bin/unshare", "--user", "--map-root-user", "--root=" + absolute(), "--wd=/",
                          "/sbin/ldconfig", "-N", "-X", "-v"));
  EXPECT_THAT(host_.commands.at(1).argv, ElementsAre("/usr/bin/unshare", "--user", "--map-root-user",
                                                     "--root=" + absolute(), "--wd=/", "/sbin/ldconfig"));
}

TEST_F(LdconfigTest, WithNeitherItSaysWhatIsMissing) {
  const std::string said = asking_fails_with();
  EXPECT_THAT(said, HasSubstr("ldconfig: cannot run ldconfig in the image"));
  EXPECT_THAT(said, HasSubstr("neither ch-run nor unshare is in PATH"));
  EXPECT_TRUE(host_.commands.empty());
}

TEST_F(LdconfigTest, RunsInACleanEnvironmentWithLimits) {
  with_ch_run()
      .with_answer("ldconfig", exited(0, kAnswer))
      .with_variable("USER", "alice")
      .with_variable("LD_PRELOAD", "/tmp/evil.so");
  ldconfig_.directories();
  ldconfig_.update();
  for (const Command& command : host_.commands) {
    ASSERT_TRUE(command.environment);
    EXPECT_THAT(*command.environment,
                ElementsAre("PATH=/usr/bin:/bin:/usr/sbin:/sbin", "USER=alice", "HOME=/", "LC_ALL=C"));
    EXPECT_GT(command.time_limit.count(), 0);
    EXPECT_LE(command.output_limit, std::uint64_t{64} << 20);
    EXPECT_EQ(command.input, Command::Input::empty);
    EXPECT_EQ(command.directory, Command::Directory::root);
  }
}

TEST_F(LdconfigTest, AUserIsGivenWhereThereIsNone) {
  for (const char* set : {"unset", "empty"}) {
    SCOPED_TRACE(set);
    FakeHost host;
    host.with_program("ch-run", "/usr/bin/ch-run").with_answer("ldconfig", exited(0));
    if (std::string(set) == "empty") host.with_variable("USER", "");
    Ldconfig(host, root_).update();
    EXPECT_THAT(*host.commands.at(0).environment, Not(Contains("USER=")));
    EXPECT_THAT(*host.commands.at(0).environment, Contains(testing::StartsWith("USER=")));
  }
}

TEST_F(LdconfigTest, AnAnswerWithoutADirectoryIsAnErrorWithLdconfigsLastWord) {
  with_ch_run().with_answer("ldconfig", exited(1, "", "first\nch-run[1]: error: can't execve(2)\n"));
  EXPECT_THAT(asking_fails_with(), HasSubstr("empty path from ldconfig: ch-run[1]: error: can't execve(2)"));
}

TEST_F(LdconfigTest, AnEmptyAnswerIsAnErrorEvenIfItSucceeded) {
  with_ch_run().with_answer("ldconfig", exited(0));
  EXPECT_THAT(asking_fails_with(), HasSubstr("empty path from ldconfig: exit status 0"));
}

TEST_F(LdconfigTest, DirectoriesOfAFailedRunAreNotBelieved) {
  CommandResult killed = exited(SIGKILL, kAnswer);
  killed.outcome = CommandResult::Outcome::signalled;
  with_ch_run().with_answer("ldconfig", killed);
  EXPECT_THAT(asking_fails_with(), HasSubstr("empty path from ldconfig: killed by signal 9"));
}

TEST_F(LdconfigTest, AFailedUpdateNamesTheCommand) {
  with_ch_run().with_answer("ldconfig", exited(3));
  try {
    ldconfig_.update();
    FAIL() << "a failed ldconfig was taken for a good one";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "ldconfig: command failed: /usr/bin/ch-run -w " + absolute() +
                                             " -- /sbin/ldconfig: exit status 3");
  }
}

TEST_F(LdconfigTest, NoiseIsShownOnlyAtTheHighestVerbosity) {
  with_ch_run().with_answer("ldconfig", exited(0, "", "Can't stat /x: y\nreal trouble\n"));
  {
    const LogCapture log(spdlog::level::debug);
    ldconfig_.update();
    EXPECT_EQ(log.text(), "warning: ldconfig: real trouble\n");
  }
  const LogCapture log(spdlog::level::trace);
  ldconfig_.update();
  EXPECT_THAT(log.text(), HasSubstr("trace: ldconfig: Can't stat /x: y\ntrace: ldconfig: real trouble\n"));
}

}  // namespace
}  // namespace fromhost::core
