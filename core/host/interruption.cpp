// SPDX-License-Identifier: Apache-2.0
// Host: signals that would otherwise end us in the middle.
#include "core/host/interruption.hpp"

#include <cstring>

#include "core/error.hpp"
#include "core/log.hpp"

namespace fromhost::core {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

int waiting_signal() {
  sigset_t pending;
  if (::sigpending(&pending) != 0) return 0;
  for (const int signal : kSignals)
    if (sigismember(&pending, signal) == 1) return signal;
  return 0;
}

}  // namespace

HeldSignals::HeldSignals() {
  sigset_t held;
  sigemptyset(&held);
  for (const int signal : kSignals) sigaddset(&held, signal);
  ::sigprocmask(SIG_BLOCK, &held, &before_);
}

HeldSignals::~HeldSignals() {
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

bool is_interrupted() {
  return waiting_signal() != 0;
}

void throw_if_interrupted() {
  const int signal = waiting_signal();
  if (signal == 0) return;
  // Said here, since the signal ends us as soon as it is let through.
  log::error("apply: interrupted ({}); the image gets back what it was", ::strsignal(signal));
  throw Error({Stage::apply, "interrupted", ::strsignal(signal), ""});
}

}  // namespace fromhost::core
