// SPDX-License-Identifier: Apache-2.0
// A check in a process of its own: whatever the plugin does there, it is a result.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "sdk/validate/verdict.hpp"

namespace fromhost::validate {

struct Ended {
  enum class How { said, died, hung };
  How how = How::said;
  Verdict verdict;  ///< where it said one
  std::string death;
  std::string output;                ///< what it wrote to stdout and stderr
  bool writes_watched = false;       ///< only where that was asked for, and the kernel can
  std::vector<std::string> written;  ///< the plugin's own calls that would have changed a file
};

/// Runs `body` in a child, for at most `limit`.
Ended run_in_child(const std::function<Verdict()>& body, std::chrono::milliseconds limit, bool watch_writes);

}  // namespace fromhost::validate
