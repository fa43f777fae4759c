// SPDX-License-Identifier: Apache-2.0
// Told by the kernel of every call that could change a file, before it is made.
#pragma once

#include <string>
#include <vector>

#include "core/host/unique_fd.hpp"

namespace fromhost::validate {

/// In the child: from here on, the calls wait for an answer from whoever holds the descriptor, which is sent
/// through `socket`. False where the kernel cannot do it (before 5.5), or a filter forbids it.
bool hand_over_writes(int socket);

/// In the parent: those calls, answered.
class WriteWatch {
 public:
  /// Receives the descriptor; invalid where the child could not send one.
  explicit WriteWatch(int socket);
  int fd() const { return fd_.get(); }
  /// Answers one call: the plugin's own are refused and noted, all others (the services', and commands that
  /// they run) go on.
  void answer();
  const std::vector<std::string>& refused() const { return refused_; }

 private:
  core::UniqueFd fd_;
  std::vector<std::string> refused_;
};

}  // namespace fromhost::validate
