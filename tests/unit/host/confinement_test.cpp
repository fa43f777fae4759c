// SPDX-License-Identifier: Apache-2.0
// A confined command sees the image as its whole world, and can change nothing in it but what it may.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "core/host/linux_host.hpp"
#include "tests/support/ordinary_user.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using namespace std::chrono_literals;
using test::TempImage;
using testing::HasSubstr;

/// Tells what it can do; needs no loader. "hang" waits for ever with a child; "fill" writes without end.
constexpr const char* kProbe = R"(
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
static void can_write(const char *name) {
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  printf("write %s: %s\n", name, fd >= 0 ? "yes" : "no");
}
int main(int argc, char **argv) {
  char buffer[65536];
  memset(buffer, 'x', sizeof buffer);
  if (argc > 1 && !strcmp(argv[1], "hang")) { fork(); for (;;) pause(); }
  if (argc > 1 && !strcmp(argv[1], "orphan")) {
    if (fork() == 0) { setsid(); for (;;) { sleep(1); } }
    return 0;
  }
  if (argc > 1 && !strcmp(argv[1], "kill")) { kill(getppid(), SIGKILL); kill(-1, SIGKILL); puts("alive"); return 0; }
  if (argc > 1 && !strcmp(argv[1], "fill")) {
    int fd = open("/scratch/fill", O_WRONLY | O_CREAT, 0600);
    while (write(fd, buffer, sizeof buffer) > 0) {}
    return 3;
  }
  int fds = 0;
  for (int fd = 3; fd < 1024; ++fd) fds += fcntl(fd, F_GETFD) != -1;
  printf("descriptors: %d\n", fds);
  can_write("/written");
  can_write("/usr/written");
  can_write("/scratch/written");
  printf("chmod of root: %s\n", chmod("/", 0777) == 0 ? "yes" : "no");
  printf("mknod: %s\n", mknod("/scratch/device", S_IFCHR | 0600, 0x103) == 0 ? "yes" : "no");
  printf("unmount: %s\n", umount2("/", MNT_DETACH) == 0 ? "yes" : "no");
  printf("other root: %s\n", chroot("/scratch") == 0 ? "yes" : "no");
  printf("no new privileges: %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  printf("shadow: %s\n", open("/shadow", O_RDONLY) >= 0 ? "yes" : "no");
  printf("marker: %s\n", access("/marker", F_OK) == 0 ? "yes" : "no");
  printf("up: %s\n", access("/../marker", F_OK) == 0 && access("/../../../../marker", F_OK) == 0 ? "inside" : "OUT");
  struct stat input;
  printf("input: %s\n", fstat(0, &input) == 0 && S_ISFIFO(input.st_mode) && read(0, buffer, 1) == 0 ? "an empty pipe" : "a file");
  printf("sockets: %s\n", socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || socket(AF_INET, SOCK_DGRAM, 0) >= 0 ? "yes" : "no");
  struct { int words[64]; } ring;
  memset(&ring, 0, sizeof ring);
  printf("io_uring: %s\n", syscall(425, 1, &ring) >= 0 ? "yes" : "no");
  printf("keys: %s\n", syscall(SYS_keyctl, 0, -3, 1) != -1 || syscall(SYS_keyctl, 0, -4, 1) != -1 ? "yes" : "no");
  long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  printf("namespaces: %s\n", child > 0 || unshare(CLONE_NEWUSER) == 0 ? "yes" : "no");
  printf("memory: %s\n", malloc(1ul << 30) ? "yes" : "no");
  printf("pid: %d\n", (int)getpid());
  printf("uid: %d\n", (int)getuid());
  printf("environment: %s\n", getenv("SECRET") ? "leaks" : "clean");
  return 0;
}
)";

class ConfinementTest : public testing::Test {
 protected:
  ConfinementTest() {
    image_.with_file("/usr/note")
        .with_directory("/scratch", 0700)
        .with_file("/marker")
        .with_file("/shadow", "x", 0);
    image_.with_file("/probe.c", kProbe);
    const std::string build = "cc -static -o '" + image_.at("/probe") + "' '" + image_.at("/probe.c") + "'";
    if (std::system(build.c_str()) != 0) ADD_FAILURE() << "cannot compile the probe";
  }
  CommandResult probe(bool foreign, const std::string& word = "", const std::string& writable = "/scratch",
                      std::chrono::milliseconds limit = 30s, const std::string& opened = "") {
    const std::string program = foreign ? "/probe" : image_.at("/probe");
    Command command{.argv = {program}, .environment = std::vector<std::string>{"A=b"}};
    if (!word.empty()) command.argv.push_back(word);
    const UniqueFd root(::open(image_.root().c_str(), O_PATH | O_CLOEXEC)),
        inside(::open((opened.empty() ? image_.at(writable) : opened).c_str(), O_PATH | O_CLOEXEC));
    command.confinement = Confinement{.root = std::filesystem::canonical(root_).string(),
                                      .writable = writable,
                                      .root_directory = root.get(),
                                      .writable_directory = inside.get(),
                                      .foreign = foreign};
    command.time_limit = limit;
    return LinuxHost().run(command);
  }
  static std::string as_text(const CommandResult& result) {
    return result.output + result.errors + result.how({.argv = {"probe"}});
  }
  /// Both kinds of programs, as whoever runs the tests and as an ordinary user who owns the image.
  void everyhow(const std::function<void(bool foreign)>& body) {
    for (const bool foreign : {false, true}) {
      SCOPED_TRACE(foreign ? "the image's program" : "the host's program");
      body(foreign);
      if (::geteuid() != 0) continue;
      SCOPED_TRACE("as an ordinary user");
      if (::chmod(image_.beside("").c_str(), 0755) != 0) ADD_FAILURE();
      test::must(std::system(("chown -R 65534:65534 '" + image_.root() + "'").c_str()), "chown");
      if (!test::as_ordinary_user([&] { body(foreign); })) std::printf("not run as an ordinary user\n");
      test::must(std::system(("chown -R 0:0 '" + image_.root() + "'").c_str()), "chown");
    }
  }
  TempImage image_;
  std::string root_ = image_.root();  // the name that is told
};

TEST_F(ConfinementTest, OnlyTheGivenDirectoryIsWritable) {
  everyhow([&](bool foreign) {
    const std::string said = as_text(probe(foreign));
    EXPECT_THAT(said, HasSubstr("write /written: no"));
    EXPECT_THAT(said, HasSubstr("write /usr/written: no"));
    EXPECT_THAT(said, HasSubstr("write /scratch/written: yes"));
    EXPECT_THAT(said, HasSubstr("chmod of root: no"));
    EXPECT_THAT(said, HasSubstr("mknod: no"));
    EXPECT_THAT(as_text(probe(foreign, "", "")), HasSubstr("write /scratch/written: no"));
    EXPECT_FALSE(std::filesystem::exists(image_.at("/written")));
  });
}

TEST_F(ConfinementTest, TheImageIsTheWholeWorld) {
  ::setenv("SECRET", "1", 1);
  everyhow([&](bool foreign) {
    const std::string said = as_text(probe(foreign));
    EXPECT_THAT(said, HasSubstr("marker: yes"));
    EXPECT_THAT(said, HasSubstr("up: inside"));
    EXPECT_THAT(said, HasSubstr("unmount: no")) << "what lies below stays there";
    EXPECT_THAT(said, HasSubstr("other root: no"));
    EXPECT_THAT(said, HasSubstr("descriptors: 0"));
    EXPECT_THAT(said, HasSubstr("no new privileges: 1"));
    EXPECT_THAT(said, HasSubstr("environment: clean"));
  });
  ::unsetenv("SECRET");
}

TEST_F(ConfinementTest, RootsOwnReadsWhatModesForbidAndTheImagesDoesNot) {
  if (::geteuid() != 0) GTEST_SKIP() << "skipped: needs root";
  EXPECT_THAT(as_text(probe(false)), HasSubstr("shadow: yes")) << "or ldconfig would miss libraries";
  const std::string said = as_text(probe(true));
  EXPECT_THAT(said, HasSubstr("shadow: no"));
  EXPECT_THAT(said, HasSubstr("pid: 1\n")) << "in its own process namespace";
}

TEST_F(ConfinementTest, ItsTimeIsLimitedAndNothingOfItStays) {
  everyhow([&](bool foreign) {
    EXPECT_EQ(probe(foreign, "hang", "", 300ms).outcome, CommandResult::Outcome::timed_out);
  });
  // A child that left its session still ends with the image's program.
  probe(true, "orphan");
  const std::string find = "pgrep -f '^/probe orphan' > /dev/null";
  for (int i = 0; i < 50 && std::system(find.c_str()) == 0; ++i) ::usleep(100'000);
  EXPECT_NE(std::system(find.c_str()), 0) << "a child of the image's program is alive";
}

TEST_F(ConfinementTest, TheImagesProgramKillsNobodyButItself) {
  const std::string said = as_text(probe(true, "kill"));
  EXPECT_THAT(said, HasSubstr("alive")) << "there was nobody to kill";
}

TEST_F(ConfinementTest, TheImagesProgramCannotFillTheDisk) {
  const CommandResult result = probe(true, "fill");
  EXPECT_FALSE(result.succeeded());
  EXPECT_LE(static_cast<std::uint64_t>(image_.status("/scratch/fill").st_size), kForeignFileLimit);
}

TEST_F(ConfinementTest, NothingOfTheHostIsInReach) {
  everyhow([&](bool foreign) {
    const std::string said = as_text(probe(foreign));
    EXPECT_THAT(said, HasSubstr("input: an empty pipe")) << "whose mode root could change, were it /dev/null";
    EXPECT_THAT(said, HasSubstr("sockets: no")) << "somebody outside could hand in a directory";
    EXPECT_THAT(said, HasSubstr("io_uring: no")) << "which makes sockets, too";
    EXPECT_THAT(said, HasSubstr("keys: no"));
    EXPECT_THAT(said, HasSubstr("namespaces: no"));
    EXPECT_THAT(said, HasSubstr("memory: no"));
  });
}

TEST_F(ConfinementTest, SwappedNamesOfItsDirectoriesLeadNowhere) {
  image_.with_directory("/other/scratch", 0700).with_link("/out", image_.beside("outside"));
  const std::string outside = image_.outside();
  const auto as_scratch = [&](const std::string& other) {
    std::filesystem::rename(image_.at("/scratch"), image_.at("/scratch.real"));
    std::filesystem::rename(image_.at(other), image_.at("/scratch"));
    const CommandResult result = probe(false, "", "/scratch", 30s, image_.at("/scratch.real"));
    std::filesystem::rename(image_.at("/scratch"), image_.at(other));
    std::filesystem::rename(image_.at("/scratch.real"), image_.at("/scratch"));
    return as_text(result);
  };
  EXPECT_THAT(as_scratch("/out"), HasSubstr("cannot start: "));
  EXPECT_THAT(as_scratch("/other/scratch"), HasSubstr("cannot start: "));
  // The image has another's name by now.
  root_ = image_.beside("outside");
  EXPECT_THAT(as_text(probe(false)), HasSubstr("cannot start: "));
  root_ = image_.at("/other");
  EXPECT_THAT(as_text(probe(true)), HasSubstr("cannot start: "));
  EXPECT_EQ(image_.outside(), outside);
  EXPECT_FALSE(std::filesystem::exists(image_.at("/other/scratch/written")));
}

TEST_F(ConfinementTest, ALinkForTheWritableDirectoryLeadsNowhere) {
  image_.with_link("/out", image_.beside("outside"));
  const std::string outside = image_.outside();
  EXPECT_THAT(as_text(probe(false, "", "/out")), HasSubstr("cannot start: "));
  EXPECT_EQ(image_.outside(), outside);
}

}  // namespace
}  // namespace fromhost::core
