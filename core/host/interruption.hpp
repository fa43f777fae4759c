// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and its like, while the image is written: held back until the old image is there again.
#pragma once

#include <signal.h>

namespace fromhost::core {

/// While it lives, SIGINT, SIGTERM and SIGHUP wait. One that arrived is delivered at the end, so that whoever
/// started us sees that we died of it.
class HeldSignals {
 public:
  HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  ~HeldSignals();

 private:
  sigset_t before_;
};

/// Does one of them wait?
bool is_interrupted();
/// Throws Error (stage apply) where one of them waits, and says so before.
void throw_if_interrupted();

}  // namespace fromhost::core
