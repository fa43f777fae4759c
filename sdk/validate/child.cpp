// SPDX-License-Identifier: Apache-2.0
// The child and its parent: a verdict through a pipe, output into a file without a name, a limit on time.
#include "sdk/validate/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <memory>
#include <system_error>

#include "core/host/host_system.hpp"
#include "core/host/unique_fd.hpp"
#include "core/log.hpp"
#include "sdk/validate/watched_host.hpp"
#include "sdk/validate/write_watch.hpp"

namespace fromhost::validate {
namespace {

using core::UniqueFd;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

struct Ends {
  UniqueFd ours, childs;
};

Ends pipe_ends() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) fail("pipe");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Ends socket_ends() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) fail("socketpair");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// 'p', 'f' or 'n', and the reason.
std::string packed(const Verdict& verdict) {
  return "pfn"[static_cast<int>(verdict.result)] + verdict.why;
}
Verdict unpacked(const std::string& text) {
  const auto result = static_cast<Verdict::Result>(std::string("pfn").find(text.front()));
  return {result, text.substr(1)};
}

[[noreturn]] void be_the_child(const std::function<Verdict()>& body, int verdict_fd, int output,
                               int watch_socket) {
  ::setpgid(0, 0);  // so that what it starts ends with it
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (::dup2(nothing, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) ::_exit(126);
  core::start_log(-3);
  if (watch_socket >= 0) hand_over_writes(watch_socket);
  Verdict verdict;
  try {
    verdict = body();
  } catch (const std::exception& error) {
    verdict = not_judged(std::string("fromhost-validate itself failed: ") + error.what());
  }
  std::cout.flush();
  std::fflush(nullptr);
  const std::string text = packed(verdict);
  const bool written = ::write(verdict_fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  // Not exit(): what the plugin has registered for it is not part of the check.
  ::_exit(written ? 0 : 126);
}

std::string death_of(int status) {
  if (WIFSIGNALED(status))
    return "it crashed with signal " + std::to_string(WTERMSIG(status)) + " (" +
           ::strsignal(WTERMSIG(status)) + ")";
  return "it ended the process with exit status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Ended run_in_child(const std::function<Verdict()>& body, std::chrono::milliseconds limit, bool watch_writes) {
  Ends verdict = pipe_ends();
  Ends socket = socket_ends();
  const UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
  if (!output) fail("memfd_create");
  at_work() = AtWork::us;
  std::cout.flush();
  const pid_t child = ::fork();
  if (child < 0) fail("fork");
  if (child == 0)
    be_the_child(body, verdict.childs.get(), output.get(), watch_writes ? socket.childs.get() : -1);
  verdict.childs = UniqueFd();
  socket.childs = UniqueFd();

  Ended ended;
  std::unique_ptr<WriteWatch> watch;
  if (watch_writes) watch = std::make_unique<WriteWatch>(socket.ours.get());
  ended.writes_watched = watch && watch->fd() >= 0;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::string text;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      ended.how = Ended::How::hung;
      break;
    }
    pollfd fds[2] = {{verdict.ours.get(), POLLIN, 0}, {ended.writes_watched ? watch->fd() : -1, POLLIN, 0}};
    if (::poll(fds, 2, static_cast<int>(left.count())) <= 0) continue;
    if (fds[1].revents & POLLIN) watch->answer();
    if (!fds[0].revents) continue;
    char part[4096];
    const ssize_t bytes = ::read(verdict.ours.get(), part, sizeof part);
    if (bytes <= 0) break;
    text.append(part, static_cast<std::size_t>(bytes));
  }
  ::kill(-child, SIGKILL);  // what it has started and left behind, too
  if (ended.how == Ended::How::hung) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (ended.how == Ended::How::said && text.empty()) {
    ended.how = Ended::How::died;
    ended.death = death_of(status);
  } else if (ended.how == Ended::How::said) {
    ended.verdict = unpacked(text);
  }
  ::lseek(output.get(), 0, SEEK_SET);
  ended.output.resize(4096);
  const ssize_t bytes = ::read(output.get(), ended.output.data(), ended.output.size());
  ended.output.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  if (watch) ended.written = watch->refused();
  return ended;
}

}  // namespace fromhost::validate
