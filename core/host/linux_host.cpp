// SPDX-License-Identifier: Apache-2.0
// This machine: its files and environment, and its commands, run within limits and without a shell.
#include "core/host/linux_host.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "core/error.hpp"

namespace fromhost::core {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// What a command's background children may still write after it has ended.
constexpr milliseconds kGrace{200};
/// How often we look whether a command has ended that has closed its output, or whose children hold it open.
constexpr milliseconds kLongestNap{50};

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

template <typename Call>
auto again_after_signal(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

struct stat status_of(const HostPath& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) fail(errno, path.text());
  return status;
}

bool is_program(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
}

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

/// What the child needs, made before fork(): after it only async-signal-safe calls are allowed, so no
/// allocation.
struct Launch {
  const Command& command;
  const std::string& program;
  std::vector<char*> argv;
  std::vector<char*> environment;
  int output, errors, report;  ///< descriptors; `report` tells the parent why exec failed
  pid_t parent;
};

int close_from(unsigned first) {
#ifdef SYS_close_range
  return static_cast<int>(::syscall(SYS_close_range, first, ~0u, 0u));
#else
  errno = ENOSYS;
  return first ? -1 : 0;
#endif
}

void close_others(int first) {
  if (close_from(static_cast<unsigned>(first)) == 0) return;
  // Before Linux 5.9. The limit may be a thousand million in a container, so it is cut to what is usual
  // elsewhere.
  const long limit = std::clamp(::sysconf(_SC_OPEN_MAX), 1024L, 65536L);
  for (int fd = first; fd < limit; ++fd) ::close(fd);
}

/// All signals are blocked here, so that none of our handlers runs in the child.
[[noreturn]] void become(const Launch& launch) {
  const auto give_up = [](int report) {
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(report, &error, sizeof error);
    ::_exit(127);
  };
  // Own session: its group can be killed as one, and reading our terminal does not stop it as a background
  // job.
  ::setsid();
  // If we are killed, ldconfig or ch-run does not go on without us.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != launch.parent) ::_exit(127);

  if (launch.command.input == Command::Input::empty) {
    const int empty = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (empty < 0) give_up(launch.report);
    if (empty != STDIN_FILENO && ::dup2(empty, STDIN_FILENO) < 0) give_up(launch.report);
    if (empty == STDIN_FILENO) ::fcntl(empty, F_SETFD, 0);
  }
  constexpr int kReport = STDERR_FILENO + 1;
  if (::dup2(launch.output, STDOUT_FILENO) < 0 || ::dup2(launch.errors, STDERR_FILENO) < 0)
    give_up(launch.report);
  if (launch.report != kReport && ::dup3(launch.report, kReport, O_CLOEXEC) < 0) give_up(launch.report);
  close_others(kReport + 1);

  if (launch.command.directory == Command::Directory::root && ::chdir("/") != 0) give_up(kReport);
  // Handlers would be reset by exec anyway; what somebody else chose to ignore (nohup) stays so, what we
  // ignore does not.
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};
    const bool ignored = ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
    if (!ignored || signal == SIGPIPE || signal == SIGXFSZ || signal == SIGCHLD) ::signal(signal, SIG_DFL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(launch.program.c_str(), launch.argv.data(), launch.environment.data());
  give_up(kReport);
  __builtin_unreachable();
}

/// A child that has been started; killed with its process group, and waited for, at the latest with its
/// owner.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
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
  pid_t pid_;
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
    std::array<pollfd, 2> waiting;
    for (std::size_t i = 0; i < waiting.size(); ++i)
      waiting[i] = {streams[i].fd.get(), POLLIN, 0};  // -1 is passed over
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
    case Outcome::not_started:
      return "cannot start: " + errno_text(code);
  }
  return "?";
}

CommandResult LinuxHost::run(const Command& command) {
  const auto start = Clock::now();
  if (command.argv.empty() || command.argv[0].empty()) return not_started(ENOENT);
  std::string program = command.argv[0];
  if (program.find('/') == std::string::npos) {
    const auto found = find_program(program);
    if (!found) return not_started(ENOENT);
    program = found->text();
  }
  // Made absolute, since the child changes its directory first.
  std::error_code no_directory;
  program = std::filesystem::absolute(program, no_directory).string();
  if (no_directory) return not_started(no_directory.value());

  auto output = make_pipe(), errors = make_pipe(), report = make_pipe();
  if (!output || !errors || !report) return not_started(errno);
  ::fcntl(output->read.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(errors->read.get(), F_SETFL, O_NONBLOCK);

  Launch launch{command,   program, {}, {}, output->write.get(), errors->write.get(), report->write.get(),
                ::getpid()};
  for (const std::string& word : command.argv) launch.argv.push_back(const_cast<char*>(word.c_str()));
  launch.argv.push_back(nullptr);
  if (command.environment) {
    for (const std::string& one : *command.environment)
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
  if (pid == 0) become(launch);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return not_started(fork_error);

  Child child(pid);
  for (auto* pipe : {&output, &errors, &report}) (*pipe)->write.reset();
  // Ends without a word when exec closes the other side.
  int exec_error = 0;
  if (again_after_signal([&] { return ::read(report->read.get(), &exec_error, sizeof exec_error); }) ==
      static_cast<ssize_t>(sizeof exec_error))
    return not_started(exec_error);

  CommandResult result;
  std::array<Stream, 2> streams{Stream{std::move(output->read), result.output},
                                Stream{std::move(errors->read), result.errors}};
  follow(child, streams, command, start, result);
  return result;
}

std::optional<std::string> LinuxHost::environment(const std::string& name) const {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

UniqueFd LinuxHost::open_file(const HostPath& path) const {
  // Asked first, since opening a device can act on it; and again of what we have got, which cannot be swapped
  // any more.
  require_regular(status_of(path), path);
  UniqueFd fd(
      again_after_signal([&] { return ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY); }));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) fail(errno, path.text());
  require_regular(status, path);
  return fd;
}

std::string LinuxHost::read_file(const HostPath& path, std::uint64_t limit) const {
  // Blocks on a FIFO until somebody writes, as any reader of a list that is still being made.
  const UniqueFd fd(
      again_after_signal([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY); }));
  if (!fd) fail(errno, path.text());
  return read_all(fd.get(), limit, path.text());
}

std::string LinuxHost::read_standard_input(std::uint64_t limit) {
  return read_all(STDIN_FILENO, limit, "standard input");
}

HostFile LinuxHost::inspect(const HostPath& path) const {
  return describe(status_of(path));
}

HostFile describe(const struct stat& status) {
  HostFile file;
  if (S_ISREG(status.st_mode)) file.kind = HostFile::Kind::regular;
  if (S_ISDIR(status.st_mode)) file.kind = HostFile::Kind::directory;
  file.bytes = static_cast<std::uint64_t>(status.st_size);
  file.mode = status.st_mode;
  return file;
}

std::vector<std::string> LinuxHost::list(const HostPath& path) const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path.text()))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<HostPath> LinuxHost::find_program(const std::string& name) const {
  if (name.find('/') != std::string::npos)
    return is_program(name) ? std::optional(HostPath(name)) : std::nullopt;
  const std::string path = environment("PATH").value_or("/usr/bin:/bin");
  std::size_t start = 0;
  while (!name.empty() && start <= path.size()) {
    const std::size_t end = std::min(path.find(':', start), path.size());
    const std::string directory = path.substr(start, end - start);
    start = end + 1;
    // An empty or relative one means wherever we happen to stand, which may be anybody's directory.
    if (!directory.starts_with('/')) continue;
    if (std::string candidate = directory + '/' + name; is_program(candidate))
      return HostPath(std::move(candidate));
  }
  return std::nullopt;
}

HostPath LinuxHost::own_directory() const {
  return HostPath(std::filesystem::read_symlink("/proc/self/exe").parent_path().string());
}

void require_regular(const struct stat& status, const HostPath& path) {
  const char* kind = nullptr;
  switch (status.st_mode & S_IFMT) {
    case S_IFREG:
      return;
    case S_IFDIR:
      fail(EISDIR, path.text());
    case S_IFIFO:
      kind = "FIFO";
      break;
    case S_IFSOCK:
      kind = "socket";
      break;
    case S_IFCHR:
      kind = "character device";
      break;
    case S_IFBLK:
      kind = "block device";
      break;
    default:
      kind = "unknown kind";
      break;
  }
  fail(EINVAL, std::string("not a regular file (") + kind + ")");
}

std::string read_all(int fd, std::uint64_t limit, const std::string& name) {
  std::string content;
  std::array<char, 65536> piece;
  for (;;) {
    const ssize_t got = again_after_signal([&] { return ::read(fd, piece.data(), piece.size()); });
    if (got == 0) return content;
    if (got < 0) {
      if (errno != EAGAIN) fail(errno, name);
      // Standard input may be a pipe that its other user has made non-blocking.
      pollfd waiting{fd, POLLIN, 0};
      ::poll(&waiting, 1, -1);
      continue;
    }
    if (static_cast<std::uint64_t>(got) > limit - content.size()) fail(EFBIG, name);
    content.append(piece.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace fromhost::core
