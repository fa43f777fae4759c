// SPDX-License-Identifier: Apache-2.0
// ldconfig: which one runs, how it is run, what is believed of its words, and which of them a person sees.
#include "core/image/ldconfig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>

#include "core/error.hpp"
#include "tests/support/cache_bytes.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/log_capture.hpp"
#include "tests/support/ordinary_user.hpp"
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

std::string a_cache() {
  return test::cache_bytes({{"libfoo.so.1", "/usr/lib/libfoo.so.1", 0x0303, 0}});
}

class LdconfigTest : public testing::Test {
 protected:
  LdconfigTest() { host_.with_real_file("/sbin/ldconfig", "/sbin/ldconfig"); }
  /// A cache appears in the scratch directory, as the command would leave it.
  void leaves(const std::string& bytes) { image_.with_file("/scratch/ld.so.cache", bytes); }
  const Scratch scratch_{ImagePath("/scratch"), {}};
  std::string asking_fails_with() {
    try {
      ldconfig_.directories();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::string making_fails_with() {
    try {
      ldconfig_.make_cache(scratch_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  // With a line that we do not read in ldconfig's place, so that it is asked.
  TempImage image_ = TempImage{}
                         .with_file("/sbin/ldconfig", "the image's own", 0755)
                         .with_file("/etc/ld.so.conf", "hwcap 1 nosegneg\n");
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
      {"dangling link", "/sbin/ldconfig: Cannot stat /usr/lib/libx.so: No such file or directory\n", {}},
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

TEST_F(LdconfigTest, AsksTheHostsOneConfinedToTheImageWhichItCannotWrite) {
  host_.with_answer("ldconfig", exited(0, kAnswer));
  EXPECT_THAT(texts(ldconfig_.directories()), ElementsAre("/usr/local/lib", "/lib/x86_64-linux-gnu"));
  ASSERT_EQ(host_.commands.size(), 1u);
  EXPECT_THAT(host_.commands[0].argv, ElementsAre("/sbin/ldconfig", "-N", "-X", "-v"));
  ASSERT_TRUE(host_.commands[0].confinement);
  EXPECT_EQ(host_.commands[0].confinement->root, std::filesystem::canonical(image_.root()).string());
  EXPECT_EQ(host_.commands[0].confinement->writable, "");
  EXPECT_FALSE(host_.commands[0].confinement->foreign);
}

TEST_F(LdconfigTest, AsksOnceAndRemembers) {
  host_.with_answer("ldconfig", exited(0, kAnswer));
  EXPECT_EQ(&ldconfig_.directories(), &ldconfig_.directories());
  EXPECT_EQ(host_.commands.size(), 1u);
}

TEST_F(LdconfigTest, DoesNotRunWhereTheConfigurationIsSureToBeItsAnswer) {
  image_.with_file("/etc/ld.so.conf", "/opt/lib\n").with_directory("/opt/lib");
  ldconfig_.directories();
  EXPECT_EQ(ldconfig_.directories().front().text(), "/opt/lib");
  EXPECT_TRUE(host_.commands.empty());
}

TEST_F(LdconfigTest, TheImagesOwnIsAskedSinceNobodyKnowsWhatIsBuiltIntoIt) {
  image_.with_file("/etc/ld.so.conf", "/opt/lib\n").with_directory("/opt/lib");
  host_.with_answer("ldconfig", exited(0, kAnswer));
  Ldconfig images(host_, root_, LdconfigChoice::image);
  EXPECT_EQ(images.directories().front().text(), "/usr/local/lib");
  EXPECT_EQ(host_.commands.size(), 1u);
}

TEST_F(LdconfigTest, MakesACacheInTheScratchDirectoryAndNoLinks) {
  const std::string bytes = a_cache();
  leaves(bytes);
  host_.with_answer("ldconfig", exited(0));
  EXPECT_EQ(ldconfig_.make_cache(scratch_), bytes);
  ASSERT_EQ(host_.commands.size(), 1u);
  EXPECT_THAT(host_.commands[0].argv, ElementsAre("/sbin/ldconfig", "-X", "-C", "/scratch/ld.so.cache"));
  EXPECT_EQ(host_.commands[0].confinement.value().writable, "/scratch");
}

TEST_F(LdconfigTest, WhatIsNoCacheIsNotBelieved) {
  host_.with_answer("ldconfig", exited(0));
  EXPECT_THAT(making_fails_with(), HasSubstr("ldconfig made no cache")) << "none at all";
  leaves("garbage");
  EXPECT_THAT(making_fails_with(), HasSubstr("ldconfig made no cache"));
  TempImage other;
  std::filesystem::remove(image_.at("/scratch/ld.so.cache"));
  std::filesystem::create_symlink(other.beside("outside/kept"), image_.at("/scratch/ld.so.cache"));
  EXPECT_THAT(making_fails_with(), HasSubstr("ldconfig made no cache")) << "a link that leads out";
}

TEST_F(LdconfigTest, TheFirstStaticOneOfTheHostIsTaken) {
  host_.with_file("/sbin/ldconfig", "#!/bin/sh\nexec /sbin/ldconfig.real\n", 0755);
  host_.with_real_file("/sbin/ldconfig.real", "/sbin/ldconfig").with_answer("ldconfig", exited(0, kAnswer));
  ldconfig_.directories();
  EXPECT_EQ(host_.commands.at(0).argv.at(0), "/sbin/ldconfig.real") << "as on Ubuntu";
}

TEST_F(LdconfigTest, WithoutAStaticOneRootIsToldAndAnOrdinaryUserGetsTheImages) {
  const auto body = [this] {
    for (const bool there : {false, true}) {
      SCOPED_TRACE(there ? "one that needs a loader" : "none");
      FakeHost host;
      host.with_answer("ldconfig", exited(0, kAnswer));
      if (there) host.with_real_file("/sbin/ldconfig", "/proc/self/exe");
      Ldconfig ldconfig(host, root_);
      if (::geteuid() == 0) {
        EXPECT_THROW(ldconfig.directories(), Error);
        EXPECT_TRUE(host.commands.empty());
        continue;
      }
      ldconfig.directories();
      EXPECT_THAT(host.commands.at(0).argv, ElementsAre("/sbin/ldconfig", "-N", "-X", "-v"));
      EXPECT_TRUE(host.commands.at(0).confinement.value().foreign);
    }
  };
  body();
  if (::geteuid() == 0 && !test::as_ordinary_user(body)) std::printf("not run as an ordinary user\n");
}

TEST_F(LdconfigTest, TheImagesOwnRunsOnlyWhereItIsAskedFor) {
  host_.with_answer("ldconfig", exited(0, kAnswer));
  Ldconfig images(host_, root_, LdconfigChoice::image);
  images.directories();
  EXPECT_TRUE(host_.commands.at(0).confinement.value().foreign);
  FakeHost bare;
  bare.with_answer("ldconfig", exited(0, kAnswer));
  Ldconfig hosts(bare, root_, LdconfigChoice::host);
  EXPECT_THROW(hosts.directories(), Error);
  EXPECT_TRUE(bare.commands.empty());
}

TEST_F(LdconfigTest, AnImageThatLdconfigCannotServeIsToldApart) {
  struct Row {
    const char* name;
    TempImage image;
    const char* said;
  };
  const Row rows[] = {
      {"none", TempImage{}.with_directory("/sbin").with_directory("/etc"),
       "the image has no /sbin/ldconfig; install glibc's in the image, or give --dest and --no-ldconfig"},
      {"no image", TempImage{}.with_directory("/img/usr"), "the directory that ch-convert unpacked?"},
      {"a FIFO", TempImage{}.with_fifo("/sbin/ldconfig"), "the image has no /sbin/ldconfig"},
      {"configuration is a FIFO", TempImage{}.with_file("/sbin/ldconfig").with_fifo("/etc/ld.so.conf"),
       "/etc/ld.so.conf is no regular file"},
      {"configuration is a directory",
       TempImage{}.with_file("/sbin/ldconfig").with_directory("/etc/ld.so.conf"),
       "/etc/ld.so.conf is no regular file"},
      {"an included file is a FIFO",
       TempImage{}
           .with_file("/sbin/ldconfig")
           .with_file("/etc/ld.so.conf", "include ld.so.conf.d/*.conf\n")
           .with_fifo("/etc/ld.so.conf.d/x.conf"),
       "/etc/ld.so.conf.d/x.conf is no regular file"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const ImageRoot root = row.image.open();
    Ldconfig ldconfig(host_, root);
    try {
      ldconfig.directories();
      ADD_FAILURE() << "asked";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("ldconfig: empty path from ldconfig"));
      EXPECT_THAT(error.what(), HasSubstr(row.said));
    }
  }
  EXPECT_TRUE(host_.commands.empty());
}

TEST_F(LdconfigTest, RunsInACleanEnvironmentWithLimits) {
  leaves(a_cache());
  host_.with_answer("ldconfig", exited(0, kAnswer)).with_variable("LD_PRELOAD", "/tmp/evil.so");
  ldconfig_.directories();
  ldconfig_.make_cache(scratch_);
  ASSERT_EQ(host_.commands.size(), 2u);
  for (const Command& command : host_.commands) {
    ASSERT_TRUE(command.environment);
    EXPECT_THAT(*command.environment,
                ElementsAre("PATH=/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/", "LC_ALL=C"));
    EXPECT_GT(command.time_limit.count(), 0);
    EXPECT_LE(command.output_limit, std::uint64_t{64} << 20);
    EXPECT_EQ(command.input, Command::Input::empty);
    EXPECT_EQ(command.directory, Command::Directory::root);
  }
}

TEST_F(LdconfigTest, AnAnswerWithoutADirectoryIsAnErrorWithLdconfigsLastWord) {
  host_.with_answer("ldconfig", exited(1, "", "first\nldconfig: cannot open\n"));
  EXPECT_THAT(asking_fails_with(),
              HasSubstr("empty path from ldconfig: ldconfig: cannot open; exit status 1"));
}

TEST_F(LdconfigTest, AnEmptyAnswerIsAnErrorEvenIfItSucceeded) {
  host_.with_answer("ldconfig", exited(0));
  EXPECT_THAT(asking_fails_with(), HasSubstr("empty path from ldconfig: exit status 0"));
}

TEST_F(LdconfigTest, DirectoriesOfAFailedRunAreNotBelieved) {
  CommandResult killed = exited(SIGKILL, kAnswer);
  killed.outcome = CommandResult::Outcome::signalled;
  host_.with_answer("ldconfig", killed);
  EXPECT_THAT(asking_fails_with(), HasSubstr("empty path from ldconfig: killed by signal 9"));
}

TEST_F(LdconfigTest, AFailedRunNamesTheCommand) {
  leaves(a_cache());
  host_.with_answer("ldconfig", exited(3));
  EXPECT_EQ(making_fails_with(),
            "ldconfig: command failed: /sbin/ldconfig -X -C /scratch/ld.so.cache: exit status 3");
}

TEST_F(LdconfigTest, NoiseIsShownOnlyAtTheHighestVerbosity) {
  leaves(a_cache());
  host_.with_answer("ldconfig", exited(0, "", "Can't stat /x: y\nreal trouble\n"));
  {
    const LogCapture log(LogLevel::debug);
    ldconfig_.make_cache(scratch_);
    EXPECT_EQ(log.text(), "warning: ldconfig: real trouble\n");
  }
  const LogCapture log(LogLevel::trace);
  ldconfig_.make_cache(scratch_);
  EXPECT_THAT(log.text(), HasSubstr("trace: ldconfig: Can't stat /x: y\ntrace: ldconfig: real trouble\n"));
}

}  // namespace
}  // namespace fromhost::core
