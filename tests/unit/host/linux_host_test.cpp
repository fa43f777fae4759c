// SPDX-License-Identifier: Apache-2.0
// This machine: commands within their limits, whatever they do, and files, whatever they are.
#include "core/host/linux_host.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/error_of.hpp"

namespace fromhost::core {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::error_of;
using Outcome = CommandResult::Outcome;
using Names = std::vector<std::string>;

/// Longer than anything here should take on a busy machine, shorter than the commands that are to be cut off.
constexpr auto kSoon = 20s;

class LinuxHostTest : public testing::Test {
 protected:
  LinuxHostTest() {
    std::string name = (fs::temp_directory_path() / "linux_host_test.XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~LinuxHostTest() override { fs::remove_all(directory_); }

  HostPath at(const std::string& name) const { return HostPath((directory_ / name).string()); }
  HostPath write(const std::string& name, const std::string& content, mode_t mode = 0644) const {
    const HostPath path = at(name);
    std::ofstream(path.text(), std::ios::binary) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }
  CommandResult shell(const std::string& script) { return host_.run({.argv = {"sh", "-c", script}}); }

  LinuxHost host_;
  fs::path directory_;
};

/// A variable of our environment, as it was afterwards.
class WithVariable {
 public:
  WithVariable(std::string name, const std::string& value) : name_(std::move(name)) {
    if (const char* old = std::getenv(name_.c_str())) old_ = old;
    ::setenv(name_.c_str(), value.c_str(), 1);
  }
  WithVariable(const WithVariable&) = delete;
  WithVariable& operator=(const WithVariable&) = delete;
  ~WithVariable() { old_ ? ::setenv(name_.c_str(), old_->c_str(), 1) : ::unsetenv(name_.c_str()); }

 private:
  std::string name_;
  std::optional<std::string> old_;
};

/// A file in the place of one of our descriptors.
class WithDescriptor {
 public:
  WithDescriptor(int fd, int replacement) : fd_(fd), old_(::fcntl(fd, F_DUPFD_CLOEXEC, 100)) {
    ::dup2(replacement, fd);
  }
  WithDescriptor(const WithDescriptor&) = delete;
  WithDescriptor& operator=(const WithDescriptor&) = delete;
  ~WithDescriptor() {
    ::dup2(old_, fd_);
    ::close(old_);
  }

 private:
  int fd_, old_;
};

bool has_children() {
  siginfo_t info;
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/// Gone, or a zombie that waits for whoever adopted it.
bool is_dead(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(status, line)) return true;
  return line.substr(line.rfind(')') + 2, 1) == "Z";
}

bool dies_soon(pid_t pid) {
  const auto deadline = std::chrono::steady_clock::now() + kSoon;
  while (!is_dead(pid)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

// --- commands

TEST_F(LinuxHostTest, OutputAndErrorsAreCapturedApart) {
  const CommandResult result = shell("echo answer; echo talk >&2");
  EXPECT_TRUE(result.succeeded()) << result.how({});
  EXPECT_EQ(result.output, "answer\n");
  EXPECT_EQ(result.errors, "talk\n");
}

TEST_F(LinuxHostTest, ExitStatusIsGiven) {
  const CommandResult result = shell("exit 3");
  EXPECT_EQ(result.outcome, Outcome::exited);
  EXPECT_EQ(result.code, 3);
  EXPECT_FALSE(result.succeeded());
  EXPECT_EQ(result.how({}), "exit status 3");
}

TEST_F(LinuxHostTest, SignalIsGiven) {
  const CommandResult result = shell("kill -9 $$");
  EXPECT_EQ(result.outcome, Outcome::signalled);
  EXPECT_EQ(result.code, SIGKILL);
  EXPECT_EQ(result.how({}), "killed by signal 9");
}

TEST_F(LinuxHostTest, ProgramThatIsNowhereIsNotStarted) {
  for (const std::string& name :
       {std::string("no-such-program-anywhere"), at("none").text(), std::string()}) {
    const CommandResult result = host_.run({.argv = {name}});
    EXPECT_EQ(result.outcome, Outcome::not_started) << name;
    EXPECT_EQ(result.code, ENOENT) << name;
    EXPECT_EQ(result.how({}), "cannot start: No such file or directory");
  }
  EXPECT_EQ(host_.run({}).outcome, Outcome::not_started);
  EXPECT_FALSE(has_children());
}

TEST_F(LinuxHostTest, FileThatIsNoProgramIsNotStarted) {
  struct Row {
    HostPath path;
    int error;
  };
  for (const Row& row : {Row{write("plain", "#!/bin/sh\n", 0644), EACCES}, Row{HostPath("/"), EACCES},
                         // No shell jumps in for a file without "#!".
                         Row{write("text", "exit 0\n", 0755), ENOEXEC}}) {
    const CommandResult result = host_.run({.argv = {row.path.text()}});
    EXPECT_EQ(result.outcome, Outcome::not_started) << row.path.text();
    EXPECT_EQ(result.code, row.error) << row.path.text();
  }
}

TEST_F(LinuxHostTest, ArgumentsArePassedByteForByte) {
  const CommandResult result = host_.run({.argv = {"printf", "%s|", "a b", "$HOME", "*", "", "\xff\n'"}});
  EXPECT_EQ(result.output, "a b|$HOME|*||\xff\n'|");
}

TEST_F(LinuxHostTest, PreparedCommandRunsWhenItIsWantedAndSeesWhatIsThereThen) {
  const std::string file = at("file").text();
  const auto prepared = host_.prepare({.argv = {"sh", "-c", "cat '" + file + "'"}});
  write("file", "late");
  const CommandResult result = prepared->run();
  EXPECT_TRUE(result.succeeded());
  EXPECT_EQ(result.output, "late");
}

TEST_F(LinuxHostTest, PreparedCommandThatIsNotWantedNeverRuns) {
  const std::string file = at("file").text();
  host_.prepare({.argv = {"touch", file}}).reset();
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_FALSE(has_children());
}

TEST_F(LinuxHostTest, PreparedCommandThatCannotStartSaysSoWhenItIsWanted) {
  const CommandResult result = host_.prepare({.argv = {"/no/such/program"}})->run();
  EXPECT_EQ(result.outcome, CommandResult::Outcome::not_started);
  EXPECT_EQ(result.code, ENOENT);
}

TEST_F(LinuxHostTest, TimeLimitKillsTheChildrenToo) {
  const auto start = std::chrono::steady_clock::now();
  const Command command{.argv = {"sh", "-c", "sleep 1000 & echo $!; wait"}, .time_limit = 500ms};
  const CommandResult result = host_.run(command);
  EXPECT_EQ(result.outcome, Outcome::timed_out);
  EXPECT_EQ(result.how(command), "no answer within 500 ms");
  EXPECT_LT(std::chrono::steady_clock::now() - start, kSoon);
  ASSERT_NE(result.output, "") << "what was written before the end is kept";
  EXPECT_TRUE(dies_soon(std::stoi(result.output)));
  EXPECT_FALSE(has_children());
}

TEST_F(LinuxHostTest, TimeLimitHoldsForACommandThatHasClosedItsOutput) {
  const CommandResult result =
      host_.run({.argv = {"sh", "-c", "exec sleep 1000 >&- 2>&-"}, .time_limit = 200ms});
  EXPECT_EQ(result.outcome, Outcome::timed_out);
}

TEST_F(LinuxHostTest, CommandThatClosesItsOutputIsWaitedFor) {
  const CommandResult result = shell("exec >&- 2>&-; sleep 0.2; exit 5");
  EXPECT_EQ(result.outcome, Outcome::exited);
  EXPECT_EQ(result.code, 5);
}

TEST_F(LinuxHostTest, EndlessOutputIsCutOff) {
  for (const char* script : {"yes", "yes >&2"}) {
    const Command command{.argv = {"sh", "-c", script}, .output_limit = 100'000};
    const CommandResult result = host_.run(command);
    EXPECT_EQ(result.outcome, Outcome::too_much_output);
    EXPECT_EQ(result.output.size() + result.errors.size(), 100'000u);
    EXPECT_EQ(result.how(command), "more than 100000 bytes of output");
  }
  EXPECT_FALSE(has_children());
}

TEST_F(LinuxHostTest, OutputOfExactlyTheLimitIsFine) {
  const CommandResult result = host_.run({.argv = {"sh", "-c", "printf 12345"}, .output_limit = 5});
  EXPECT_TRUE(result.succeeded());
  EXPECT_EQ(result.output, "12345");
}

TEST_F(LinuxHostTest, MuchOutputOnBothSidesArrivesWhole) {
  const CommandResult result = shell("head -c 3000000 /dev/zero >&2 & head -c 2000000 /dev/zero; wait");
  EXPECT_TRUE(result.succeeded());
  EXPECT_EQ(result.output.size(), 2'000'000u);
  EXPECT_EQ(result.errors.size(), 3'000'000u);
}

TEST_F(LinuxHostTest, BackgroundChildThatHoldsTheOutputDoesNotHoldUsUp) {
  const auto start = std::chrono::steady_clock::now();
  const CommandResult result = shell("sleep 1000 & echo $!");
  EXPECT_TRUE(result.succeeded());
  EXPECT_LT(std::chrono::steady_clock::now() - start, kSoon);
  ASSERT_NE(result.output, "");
  EXPECT_TRUE(dies_soon(std::stoi(result.output)));
}

TEST_F(LinuxHostTest, BackgroundChildInASessionOfItsOwnDoesNotHoldUsUp) {
  const CommandResult result = shell("setsid sleep 1000 & echo $!");
  EXPECT_TRUE(result.succeeded());
  ::kill(std::stoi(result.output), SIGKILL);  // no group reaches it; the promise is only that we go on
}

TEST_F(LinuxHostTest, EnvironmentIsOursUnlessGiven) {
  const WithVariable ours("FROMHOST_TEST", "ours");
  EXPECT_EQ(host_.run({.argv = {"sh", "-c", "echo $FROMHOST_TEST"}}).output, "ours\n");
  const CommandResult given = host_.run({.argv = {"env"}, .environment = Names{"A=1", "B=two words"}});
  EXPECT_EQ(given.output, "A=1\nB=two words\n");
  EXPECT_EQ(host_.run({.argv = {"env"}, .environment = Names{}}).output, "");
}

TEST_F(LinuxHostTest, StandardInputIsEmptyUnlessOursIsAskedFor) {
  const UniqueFd file = host_.open_file(write("input", "from us"));
  const WithDescriptor ours(STDIN_FILENO, file.get());
  EXPECT_EQ(host_.run({.argv = {"cat"}}).output, "");
  EXPECT_EQ(host_.run({.argv = {"cat"}, .input = Command::Input::ours}).output, "from us");
}

TEST_F(LinuxHostTest, DescriptorsAreNotInherited) {
  const UniqueFd low(::open("/", O_RDONLY));  // without O_CLOEXEC, as a library may open it
  const UniqueFd high(::fcntl(low.get(), F_DUPFD, 900));
  ASSERT_TRUE(high);
  // The listing holds one descriptor more, the directory's own.
  EXPECT_EQ(host_.run({.argv = {"ls", "/proc/self/fd"}}).output, "0\n1\n2\n3\n");
}

TEST_F(LinuxHostTest, ClosedStandardDescriptorsDoNoHarm) {
  // In a process of its own, since the test's output is at stake.
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(fd);
    const CommandResult result = shell("cat; echo out; echo err >&2");
    ::_exit(result.succeeded() && result.output == "out\n" && result.errors == "err\n" ? 0 : 1);
  }
  int status = 1;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(LinuxHostTest, DirectoryIsRootUnlessOursIsAskedFor) {
  EXPECT_EQ(host_.run({.argv = {"pwd"}, .environment = Names{}}).output, "/\n");
  const CommandResult ours =
      host_.run({.argv = {"pwd"}, .environment = Names{}, .directory = Command::Directory::current});
  EXPECT_EQ(ours.output, fs::current_path().string() + "\n");
}

TEST_F(LinuxHostTest, RelativeProgramIsFoundFromOurDirectory) {
  write("tool", "#!/bin/sh\npwd\n", 0755);
  const fs::path before = fs::current_path();
  fs::current_path(directory_);
  const CommandResult result = host_.run({.argv = {"./tool"}, .environment = Names{}});
  fs::current_path(before);
  EXPECT_EQ(result.output, "/\n") << result.how({});
}

TEST_F(LinuxHostTest, IgnoredAndBlockedSignalsAreNotPassedOn) {
  struct sigaction before {};
  ::sigaction(SIGPIPE, nullptr, &before);
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked, mask;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &mask);
  EXPECT_EQ(shell("kill -PIPE $$").outcome, Outcome::signalled);
  EXPECT_EQ(shell("kill -TERM $$").outcome, Outcome::signalled);
  sigset_t now;
  ::sigprocmask(SIG_SETMASK, &mask, &now);
  EXPECT_EQ(::sigismember(&now, SIGTERM), 1) << "our own mask is as before";
  EXPECT_EQ(::sigismember(&now, SIGINT), 0);
  ::sigaction(SIGPIPE, &before, nullptr);
}

TEST_F(LinuxHostTest, ExitStatusIsGivenEvenWhereSigchldIsIgnored) {
  ::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(shell("exit 3").code, 3);
  ::signal(SIGCHLD, SIG_DFL);
}

TEST_F(LinuxHostTest, CommandDoesNotOutliveUs) {
  const HostPath number = at("number");
  const pid_t pid = ::fork();
  if (pid == 0) {
    shell("echo $$ > '" + number.text() + ".new'; mv '" + number.text() + ".new' '" + number.text() +
          "'; exec sleep 1000");
    ::_exit(0);
  }
  const auto deadline = std::chrono::steady_clock::now() + kSoon;
  while (!fs::exists(number.text()) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(10ms);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  EXPECT_TRUE(dies_soon(std::stoi(host_.read_file(number, 100))));
}

TEST(CommandText, WordsWithBlanksAreQuoted) {
  EXPECT_EQ((Command{.argv = {"ls", "-l", "/a b", "", "it's"}}.text()), "ls -l '/a b' '' 'it'\\''s'");
  EXPECT_EQ((Command{}.text()), "");
}

TEST(CommandText, HowNamesTheLimits) {
  const Command command{.argv = {"x"}, .time_limit = 60s};
  CommandResult result;
  result.outcome = Outcome::timed_out;
  EXPECT_EQ(result.how(command), "no answer within 60 s");
}

// --- files

TEST_F(LinuxHostTest, FileIsReadThroughLinks) {
  const std::string content("a\0b\n", 4);
  write("file", content);
  fs::create_symlink("file", at("link").text());
  EXPECT_EQ(host_.read_file(at("link"), 4), content);
  EXPECT_EQ(error_of([&] { host_.read_file(at("link"), 3); }), EFBIG);
}

TEST_F(LinuxHostTest, FileWithoutASizeIsReadToItsEnd) {
  EXPECT_NE(host_.read_file(HostPath("/proc/self/status"), 1 << 20), "");
}

TEST_F(LinuxHostTest, PipeIsReadToItsEnd) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read(ends[0]);
  UniqueFd write_end(ends[1]);
  EXPECT_EQ(::write(write_end.get(), "list\n", 5), 5);
  write_end.reset();
  // As the shell passes "--file <(command)".
  EXPECT_EQ(host_.read_file(HostPath("/dev/fd/" + std::to_string(read.get())), 100), "list\n");
  EXPECT_EQ(host_.read_file(HostPath("/dev/null"), 100), "");
  EXPECT_EQ(error_of([&] { host_.read_file(HostPath("/"), 100); }), EISDIR);
}

TEST_F(LinuxHostTest, OpenedFileIsNotInherited) {
  const UniqueFd fd = host_.open_file(write("file", ""));
  EXPECT_EQ(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_F(LinuxHostTest, WhatIsNoRegularFileIsNotOpenedAndDoesNotBlock) {
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(at("socket").text().size(), sizeof address.sun_path);
  std::strcpy(address.sun_path, at("socket").c_str());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);

  struct Row {
    HostPath path;
    std::string kind;
  };
  for (const Row& row : {Row{at("fifo"), "FIFO"}, Row{at("socket"), "socket"},
                         Row{HostPath("/dev/null"), "character device"}}) {
    try {
      host_.open_file(row.path);
      ADD_FAILURE() << row.path.text();
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code(), std::errc::invalid_argument);
      const std::string expected = std::string("not a regular file (") + row.kind + ")";
      EXPECT_EQ(std::string(error.what()).substr(0, expected.size()), expected);
    }
  }
  EXPECT_EQ(error_of([&] { host_.open_file(at(".")); }), EISDIR);
  EXPECT_EQ(error_of([&] { host_.open_file(at("none")); }), ENOENT);
}

TEST_F(LinuxHostTest, InspectTellsTheKindBehindLinks) {
  write("file", "12345", 0640);
  fs::create_symlink("file", at("link").text());
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  const HostFile file = host_.inspect(at("link"));
  EXPECT_EQ(file.kind, HostFile::Kind::regular);
  EXPECT_EQ(file.bytes, 5u);
  EXPECT_EQ(file.mode & 07777, 0640u);
  EXPECT_EQ(host_.inspect(at(".")).kind, HostFile::Kind::directory);
  EXPECT_EQ(host_.inspect(at("fifo")).kind, HostFile::Kind::other);
  EXPECT_EQ(error_of([&] { host_.inspect(at("none")); }), ENOENT);
}

TEST_F(LinuxHostTest, NamesOfADirectoryAreSorted) {
  for (const char* name : {"b", ".hidden", "a b", "\xff"}) write(name, "");
  EXPECT_EQ(host_.list(HostPath(directory_.string())), (Names{".hidden", "a b", "b", "\xff"}));
  EXPECT_EQ(host_.list(HostPath(directory_.string() + "/")), (Names{".hidden", "a b", "b", "\xff"}));
  EXPECT_EQ(error_of([&] { host_.list(at("none")); }), ENOENT);
  EXPECT_EQ(error_of([&] { host_.list(at("b")); }), ENOTDIR);
}

TEST_F(LinuxHostTest, StandardInputIsReadToItsEnd) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read(ends[0]);
  UniqueFd write_end(ends[1]);
  // Non-blocking, as another program may have left it.
  ::fcntl(read.get(), F_SETFL, O_NONBLOCK);
  const WithDescriptor ours(STDIN_FILENO, read.get());
  std::thread writer([&] {
    for (const char* piece : {"one\n", "two\n"}) {
      std::this_thread::sleep_for(20ms);
      EXPECT_EQ(::write(write_end.get(), piece, 4), 4);
    }
    write_end.reset();
  });
  EXPECT_EQ(host_.read_standard_input(100), "one\ntwo\n");
  writer.join();
}

TEST_F(LinuxHostTest, ReadAllNamesWhatItCouldNotRead) {
  try {
    read_all(-1, 10, "the name");
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::bad_file_descriptor);
    EXPECT_TRUE(std::string(error.what()).starts_with("the name"));
  }
}

TEST_F(LinuxHostTest, FirstProgramInPathIsFound) {
  fs::create_directories(at("first/tool").text());  // a directory is no program
  fs::create_directory(at("second").text());
  fs::create_directory(at("third").text());
  write("second/tool", "", 0644);
  const HostPath third = write("third/tool", "", 0755);
  const std::string path = "relative::" + at("none").text() + ":" + at("first").text() + ":" +
                           at("second").text() + ":" + at("third").text();
  const WithVariable ours("PATH", path);
  EXPECT_EQ(host_.find_program("tool"), third);
  EXPECT_EQ(host_.find_program(third.text()), third);
  EXPECT_EQ(host_.find_program(at("second/tool").text()), std::nullopt);
  EXPECT_EQ(host_.find_program("other"), std::nullopt);
  EXPECT_EQ(host_.find_program(""), std::nullopt);
}

TEST_F(LinuxHostTest, DirectoryWhereWeStandIsNotSearchedForPrograms) {
  write("tool", "", 0755);
  const fs::path before = fs::current_path();
  fs::current_path(directory_);
  for (const char* path : {"", ".", ":", "/none:", ":/none"}) {
    const WithVariable ours("PATH", path);
    EXPECT_EQ(host_.find_program("tool"), std::nullopt) << path;
  }
  fs::current_path(before);
}

TEST_F(LinuxHostTest, EnvironmentTellsUnsetFromEmpty) {
  const WithVariable ours("FROMHOST_TEST", "");
  EXPECT_EQ(host_.environment("FROMHOST_TEST"), "");
  EXPECT_EQ(host_.environment("FROMHOST_TEST_NEVER_SET"), std::nullopt);
}

TEST_F(LinuxHostTest, OwnDirectoryHoldsThisProgram) {
  EXPECT_EQ(host_.own_directory().text(), fs::canonical("/proc/self/exe").parent_path().string());
}

}  // namespace
}  // namespace fromhost::core
