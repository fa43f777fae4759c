// SPDX-License-Identifier: Apache-2.0
// A call into a plugin, which need not come back: what is said if it hangs, crashes or ends the process.
#pragma once

#include <signal.h>

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "core/host/host_system.hpp"

namespace fromhost::core {

/// What is written if the process ends inside a plugin. It is made before the call: a signal handler can make
/// nothing.
struct LastWords {
  std::string talk;    ///< for standard error
  std::string answer;  ///< for standard output
};

/// The problem as an error line, without an answer.
LastWords plain_last_words(const Problem& problem);

/// What holds of every call into any plugin.
struct PluginCallRules {
  std::chrono::seconds time_limit{300};  ///< of each call; 0: none
  std::function<LastWords(const Problem&)> words = plain_last_words;
};

/// The last words for one function of one plugin, whichever way it goes.
struct PluginCallWords {
  /// `plugin` is who is named, `where` the function; `image` says what that means for the image.
  PluginCallWords(const PluginCallRules& rules, const std::string& plugin, const std::string& where,
                  const std::string& image = "the image is as it was");
  static constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
  std::string function;
  std::chrono::seconds time_limit;
  std::array<LastWords, kCrashes.size()> crashed;
  LastWords hung, ended;
  /// The words of `hung`, with the cause.
  std::function<LastWords(const std::string& cause)> hung_because;
};

/// While it lives, the thread is inside the plugin, and `words` says the last of it:
/// - after the time limit, and then the exit status is 1;
/// - after a signal of a crash, which then ends the process as it would without us;
/// - where exit() or quick_exit() is called, and then the exit status is 1. _exit() cannot be caught.
/// `words` must outlive it. One at a time.
class PluginCall {
 public:
  explicit PluginCall(const PluginCallWords& words);
  PluginCall(const PluginCall&) = delete;
  PluginCall& operator=(const PluginCall&) = delete;
  ~PluginCall();

  /// Runs a command for the plugin, no longer than the call may last: it is killed, with its children, before
  /// we go. Its own limit counts if that is shorter.
  static CommandResult run(HostSystem& host, Command command);

  /// While it lives, the clock stands: the host waits for a person, not for the plugin.
  class Pause {
   public:
    Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    ~Pause();

   private:
    std::optional<std::chrono::milliseconds> left_;
  };

 private:
  bool timed_;
};

}  // namespace fromhost::core
