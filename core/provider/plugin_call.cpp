// SPDX-License-Identifier: Apache-2.0
// Provider: the last words of a process that ends inside a plugin. What runs in a signal handler here calls
// async-signal-safe functions only, and its texts are made beforehand.
#include "core/provider/plugin_call.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/exit_status.hpp"
#include "core/log.hpp"

namespace fromhost::core {
namespace {

using std::chrono::milliseconds;

/// What is to be said, and by whom: a child that the plugin forks is not the run.
std::atomic<const PluginCallWords*> speaker{nullptr};
std::atomic<pid_t> process{0};
static_assert(std::atomic<const PluginCallWords*>::is_always_lock_free);
static_assert(std::atomic<pid_t>::is_always_lock_free);

/// Of its own: SIGALRM may be somebody's who has started us with alarm(2).
int time_signal() {
  return SIGRTMAX - 1;
}

void write_all(int fd, const std::string& text) {
  const char* rest = text.data();
  std::size_t left = text.size();
  while (left > 0) {
    const ssize_t n = ::write(fd, rest, left);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // nobody is left to be told
    rest += n;
    left -= static_cast<std::size_t>(n);
  }
}

void say(const LastWords& words) {
  write_all(STDERR_FILENO, words.talk);
  write_all(STDOUT_FILENO, words.answer);
}

/// Who is inside a plugin speaks, and speaks once.
const PluginCallWords* take_speaker() {
  const PluginCallWords* words = speaker.exchange(nullptr);
  return process.load() == ::getpid() ? words : nullptr;
}

[[noreturn]] void leave() {
  ::_exit(static_cast<int>(ExitStatus::failure));
}

void on_time() {
  if (const PluginCallWords* words = take_speaker()) {
    say(words->hung);
    leave();
  }
}

/// Also the plugin's exit(0): nothing was injected. In a child of the plugin's the exit goes on.
void on_exit() {
  if (const PluginCallWords* words = take_speaker()) {
    say(words->ended);
    leave();
  }
}

constexpr auto& kCrashes = PluginCallWords::kCrashes;
std::array<struct sigaction, kCrashes.size()> before;

void on_crash(int signal, siginfo_t* info, void*) {
  const int error = errno;
  const PluginCallWords* words = take_speaker();
  for (std::size_t i = 0; i < kCrashes.size(); ++i) {
    if (kCrashes[i] != signal) continue;
    if (words) say(words->crashed[i]);
    ::sigaction(signal, &before[i], nullptr);
  }
  // A fault happens again as soon as we return, and then ends us with the registers and the stack that it
  // has. What was sent, as by abort(), has to be sent again.
  if (info->si_code <= 0) ::raise(signal);
  errno = error;
}

/// A stack of its own, since the plugin's may be what overflowed. Whoever has given us one (a sanitizer)
/// keeps it.
void make_alternate_stack() {
  stack_t there{};
  if (::sigaltstack(nullptr, &there) != 0 || !(there.ss_flags & SS_DISABLE)) return;
  alignas(16) static std::array<char, 64 * 1024> bytes;
  stack_t ours{};
  ours.ss_sp = bytes.data();
  ours.ss_size = bytes.size();
  ::sigaltstack(&ours, nullptr);
}

/// Once, and for good: outside a call the handlers say nothing, and do what would be done without them.
void listen() {
  make_alternate_stack();
  struct sigaction action {};
  ::sigemptyset(&action.sa_mask);
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  action.sa_sigaction = on_crash;
  for (std::size_t i = 0; i < kCrashes.size(); ++i) ::sigaction(kCrashes[i], &action, &before[i]);
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  action.sa_handler = [](int) { on_time(); };
  ::sigaction(time_signal(), &action, nullptr);
  sigset_t ours;
  ::sigemptyset(&ours);
  ::sigaddset(&ours, time_signal());
  ::pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
  std::atexit(on_exit);
  std::at_quick_exit(on_exit);
}

/// A child does not inherit timers.
timer_t timer;
pid_t timer_owner = 0;

void set_time(milliseconds left) {
  if (timer_owner != process.load()) {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = time_signal();
    if (::timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return;
    timer_owner = process.load();
  }
  itimerspec time{};
  time.it_value.tv_sec = static_cast<time_t>(left.count() / 1000);
  time.it_value.tv_nsec = static_cast<long>(left.count() % 1000) * 1'000'000;
  ::timer_settime(timer, 0, &time, nullptr);
}

/// nullopt: no clock runs.
std::optional<milliseconds> time_left() {
  itimerspec time{};
  if (!speaker.load() || timer_owner != process.load() || ::timer_gettime(timer, &time) != 0 ||
      (time.it_value.tv_sec == 0 && time.it_value.tv_nsec == 0))
    return std::nullopt;
  return milliseconds(time.it_value.tv_sec * 1000 + time.it_value.tv_nsec / 1'000'000);
}

}  // namespace

LastWords plain_last_words(const Problem& problem) {
  return {error_line(problem.text()), ""};
}

PluginCallWords::PluginCallWords(const PluginCallRules& rules, const std::string& plugin,
                                 const std::string& where, const std::string& image)
    : function(where), time_limit(rules.time_limit) {
  const auto words = [&](const std::string& what, const std::string& cause) {
    return rules.words({Stage::provider, plugin + ": the plugin " + what + " in " + where, cause, image});
  };
  for (std::size_t i = 0; i < kCrashes.size(); ++i) crashed[i] = words("crashed", ::strsignal(kCrashes[i]));
  ended = words("ended the program", "");
  hung_because = [say_it = rules.words, limit = rules.time_limit, plugin, where,
                  image](const std::string& cause) {
    return say_it({Stage::provider,
                   plugin + ": the plugin did not come back from " + where + " within " +
                       std::to_string(limit.count()) + " s",
                   cause, image + "; --plugin-timeout gives it longer"});
  };
  hung = hung_because("");
}

PluginCall::PluginCall(const PluginCallWords& words) : timed_(words.time_limit.count() > 0) {
  static const bool listening = (listen(), true);
  static_cast<void>(listening);
  process = ::getpid();
  speaker = &words;
  if (timed_) set_time(words.time_limit);
}

PluginCall::~PluginCall() {
  if (timed_) set_time(milliseconds(0));
  speaker = nullptr;
}

namespace {

class HeldTimeSignal {
 public:
  HeldTimeSignal() {
    sigset_t held;
    ::sigemptyset(&held);
    ::sigaddset(&held, time_signal());
    ::pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  HeldTimeSignal(const HeldTimeSignal&) = delete;
  HeldTimeSignal& operator=(const HeldTimeSignal&) = delete;
  ~HeldTimeSignal() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

CommandResult PluginCall::run(HostSystem& host, Command command) {
  const std::optional<milliseconds> left = time_left();
  if (!left) return host.run(command);
  // Rounded up, so that our own time is over by then.
  const milliseconds rest = *left + milliseconds(2);
  if (command.time_limit.count() == 0 || rest < command.time_limit) command.time_limit = rest;
  const HeldTimeSignal held;  // let go also where the command cannot be run
  CommandResult result = host.run(command);
  sigset_t pending;
  ::sigpending(&pending);
  if (sigismember(&pending, time_signal()) == 1) {
    if (const PluginCallWords* words = take_speaker()) {
      say(words->hung_because("it waited for: " + command.text()));
      leave();
    }
  }
  return result;
}

PluginCall::Pause::Pause() : left_(time_left()) {
  if (left_) set_time(milliseconds(0));
}

PluginCall::Pause::~Pause() {
  if (left_) set_time(std::max(*left_, milliseconds(1)));
}

}  // namespace fromhost::core
