// SPDX-License-Identifier: Apache-2.0
// Host: running a command to its end, within limits and without a shell. What its child does first is in
// become_command.
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "core/error.hpp"
#include "core/host/again_after_signal.hpp"
#include "core/host/become_command.hpp"
#include "core/host/interruption.hpp"
#include "core/host/linux_host.hpp"

namespace fromhost::core {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// What a command's background children may still write after it has ended.
constexpr milliseconds kGrace{200};
/// How often we look whether a command has ended that has closed its output, or whose children hold it open.
constexpr milliseconds kLongestNap{50};

struct Pipe {
  UniqueFd read, write;
};

/// Both ends above the standard descriptors, which may be closed in us, so that no dup2() in the child hits
/// one.
std::optional<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  for (UniqueFd* end : {&pipe.read, &pipe.write}) {
    if (end->get() > STDERR_FILENO) continue;
    const int moved = ::fcntl(end->get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (moved < 0) return std::nullopt;
    end->reset(moved);
  }
  return pipe;
}

/// A child that has been started; killed with its process group, and waited for, at the latest with its
/// owner.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid), end_(open_process(pid)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { end(); }

  /// The child stays a zombie, so that its number, and its group's, is not given to others before end().
  bool has_ended() const {
    siginfo_t info{};
    const int result = again_after_signal(
        [&] { return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT); });
    return result != 0 || info.si_pid != 0;
  }
  /// Becomes readable when it ends; -1 where the kernel has no such descriptor (before Linux 5.3).
  int end_descriptor() const { return end_.get(); }
  /// Kills what is left of the group, and gives the status of the child.
  int end() {
    if (pid_ < 0) return status_;
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);  // in case it has not come to setsid(); no effect on one that has ended
    again_after_signal([&] { return ::waitpid(pid_, &status_, 0); });
    pid_ = -1;
    return status_;
  }

 private:
  static UniqueFd open_process([[maybe_unused]] pid_t pid) {
#ifdef SYS_pidfd_open
    return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
#else
    return {};
#endif
  }
  pid_t pid_;
  UniqueFd end_;
  int status_ = 127 << 8;  // if somebody else has taken the status, it counts as a failure
};

/// One of the child's outputs and what has come of it.
struct Stream {
  UniqueFd fd;
  std::string& text;
};

/// Reads what is there now; false when there is more than `limit`. The descriptor is closed at its end.
bool drain(Stream& stream, std::uint64_t limit) {
  std::array<char, 65536> piece;
  while (stream.fd) {
    const ssize_t got =
        again_after_signal([&] { return ::read(stream.fd.get(), piece.data(), piece.size()); });
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) {
      stream.fd.reset();
      return true;
    }
    const std::uint64_t room = limit - stream.text.size();
    stream.text.append(piece.data(), static_cast<std::size_t>(
                                         std::min<std::uint64_t>(room, static_cast<std::uint64_t>(got))));
    if (static_cast<std::uint64_t>(got) > room) return false;
  }
  return true;
}

/// Follows a running child to its end or its limits, and fills in the result.
void follow(Child& child, std::array<Stream, 2>& streams, const Command& command, Clock::time_point start,
            CommandResult& result) {
  using Outcome = CommandResult::Outcome;
  std::optional<Clock::time_point> deadline, grace_end;
  if (command.time_limit.count() > 0) deadline = start + command.time_limit;
  milliseconds nap{1};
  const auto within_limit = [&] {
    return drain(streams[0], command.output_limit) && drain(streams[1], command.output_limit);
  };
  for (;;) {
    // -1 is passed over. The end of one that has ended is of no more interest: others may hold its output
    // open.
    std::array<pollfd, 3> waiting = {{{streams[0].fd.get(), POLLIN, 0},
                                      {streams[1].fd.get(), POLLIN, 0},
                                      {grace_end ? -1 : child.end_descriptor(), POLLIN, 0}}};
    ::poll(waiting.data(), waiting.size(), static_cast<int>(nap.count()));
    nap = std::min(nap * 2, kLongestNap);
    const bool was_open = streams[0].fd || streams[1].fd;
    // Asked before reading: what an ended child has written is in the pipe.
    const bool ended = child.has_ended();
    if (!within_limit()) {
      result.outcome = Outcome::too_much_output;
      child.end();
      return;
    }
    const bool is_open = streams[0].fd || streams[1].fd;
    if (was_open && !is_open) nap = milliseconds{1};  // it is about to end
    const auto now = Clock::now();
    if (!ended && is_interrupted()) {
      result.outcome = Outcome::interrupted;
      child.end();
      return;
    }
    if (ended) {
      if (!grace_end) grace_end = now + kGrace;
      // A background child may hold the output open; it gets a moment to finish its line.
      if (!is_open || now >= *grace_end) break;
    } else if (deadline && now >= *deadline) {
      result.outcome = Outcome::timed_out;
      child.end();
      within_limit();
      return;
    }
  }
  const int status = child.end();
  result.outcome = WIFSIGNALED(status) ? Outcome::signalled : Outcome::exited;
  result.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

CommandResult not_started(int error) {
  CommandResult result;
  result.code = error;
  return result;
}

}  // namespace

std::string Command::text() const {
  std::string text;
  for (const std::string& word : argv) {
    if (!text.empty()) text += ' ';
    if (!word.empty() && word.find_first_of(" \t\n'\"\\") == std::string::npos) {
      text += word;
      continue;
    }
    text += '\'';
    for (char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

std::string CommandResult::how(const Command& command) const {
  switch (outcome) {
    case Outcome::exited:
      return "exit status " + std::to_string(code);
    case Outcome::signalled:
      return "killed by signal " + std::to_string(code);
    case Outcome::timed_out: {
      const auto limit = command.time_limit.count();
      return "no answer within " +
             (limit % 1000 ? std::to_string(limit) + " ms" : std::to_string(limit / 1000) + " s");
    }
    case Outcome::too_much_output:
      return "more than " + std::to_string(command.output_limit) + " bytes of output";
    case Outcome::interrupted:
      return "interrupted";
    case Outcome::not_started:
      return "cannot start: " + errno_text(code);
  }
  return "?";
}

namespace {

/// A child that is on its way to the command, or why there is none.
class LinuxCommand : public PreparedCommand {
 public:
  explicit LinuxCommand(Command command) : command_(std::move(command)) {}
  /// `program`: an absolute path.
  void start(const std::string& program);
  void cannot_start(int error) { error_ = error; }
  CommandResult run() override;

 private:
  const Command command_;
  int error_ = 0;
  UniqueFd output_, errors_, report_;
  std::optional<Pipe> go_;  // with its other end, so that no child's death makes writing a signal
  std::optional<Child> child_;
};

void LinuxCommand::start(const std::string& program) {
  auto output = make_pipe(), errors = make_pipe(), report = make_pipe(), go = make_pipe();
  if (!output || !errors || !report || !go) return cannot_start(errno);
  ::fcntl(output->read.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(errors->read.get(), F_SETFL, O_NONBLOCK);

  Launch launch{.command = command_,
                .program = program,
                .argv = {},
                .environment = {},
                .output = output->write.get(),
                .errors = errors->write.get(),
                .report = report->write.get(),
                .go = go->read.get(),
                .parent = ::getpid(),
                .root = {},
                .writable = {},
                .writable_names = {},
                .identity_maps = {}};
  if (const auto& confinement = command_.confinement) {
    if (::fstat(confinement->root_directory, &launch.root) != 0) return cannot_start(errno);
    if (!confinement->writable.empty()) {
      if (::fstat(confinement->writable_directory, &launch.writable) != 0) return cannot_start(errno);
      for (const auto& name : std::filesystem::path(confinement->writable).relative_path())
        launch.writable_names.push_back(name.string());
    }
    // Inside, root is somebody else, so that exec() leaves it no capability of its namespace.
    const auto map = [](auto id) {
      return std::to_string(id == 0 ? 65534 : id) + " " + std::to_string(id) + " 1";
    };
    launch.identity_maps = {map(::geteuid()), map(::getegid())};
  }
  for (const std::string& word : command_.argv) launch.argv.push_back(const_cast<char*>(word.c_str()));
  launch.argv.push_back(nullptr);
  if (command_.environment) {
    for (const std::string& one : *command_.environment)
      launch.environment.push_back(const_cast<char*>(one.c_str()));
  } else {
    for (char** one = environ; one && *one; ++one) launch.environment.push_back(*one);
  }
  launch.environment.push_back(nullptr);

  // Ignored, as some daemons leave it to what they start, this signal would take the exit status away with
  // it.
  struct sigaction on_child {};
  if (::sigaction(SIGCHLD, nullptr, &on_child) == 0 && on_child.sa_handler == SIG_IGN)
    ::signal(SIGCHLD, SIG_DFL);

  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  const int fork_error = errno;
  if (pid == 0) become_command(launch);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return cannot_start(fork_error);
  child_.emplace(pid);
  output_ = std::move(output->read);
  errors_ = std::move(errors->read);
  report_ = std::move(report->read);
  go_ = std::move(go);
}

CommandResult LinuxCommand::run() {
  if (!child_) return not_started(error_);
  const auto start = Clock::now();
  const char byte = 1;
  if (again_after_signal([&] { return ::write(go_->write.get(), &byte, 1); }) != 1) return not_started(errno);
  // Ends without a word when exec closes the other side.
  int exec_error = 0;
  if (again_after_signal([&] { return ::read(report_.get(), &exec_error, sizeof exec_error); }) ==
      static_cast<ssize_t>(sizeof exec_error))
    return not_started(exec_error);

  CommandResult result;
  std::array<Stream, 2> streams{Stream{std::move(output_), result.output},
                                Stream{std::move(errors_), result.errors}};
  follow(*child_, streams, command_, start, result);
  return result;
}

}  // namespace

std::unique_ptr<PreparedCommand> LinuxHost::prepare(Command command) {
  auto prepared = std::make_unique<LinuxCommand>(command);
  std::string program = command.argv.empty() ? "" : command.argv[0];
  if (program.find('/') == std::string::npos) {
    const auto found = program.empty() ? std::nullopt : find_program(program);
    program = found ? found->text() : "";
  }
  // Made absolute, since the child changes its directory first.
  std::error_code no_directory;
  if (!program.empty()) program = std::filesystem::absolute(program, no_directory).string();
  if (program.empty() || no_directory)
    prepared->cannot_start(no_directory ? no_directory.value() : ENOENT);
  else
    prepared->start(program);
  return prepared;
}

CommandResult LinuxHost::run(const Command& command) {
  return prepare(command)->run();
}

}  // namespace fromhost::core
