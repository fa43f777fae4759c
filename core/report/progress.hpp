// SPDX-License-Identifier: Apache-2.0
// How far the copying is: one line on stderr that goes away again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/paths.hpp"

namespace fromhost::core {

/// Where the line appears, and when: what a test replaces.
struct ProgressDisplay {
  using Clock = std::chrono::steady_clock;
  Clock::duration patience{};                         ///< copying that ends before shows nothing
  std::function<void(const std::string& line)> show;  ///< in the place of the last one; "": wipes it out
  std::function<std::size_t()> columns;
  std::function<Clock::time_point()> now = Clock::now;
};

/// What --progress=`when` means at this verbosity, with the standard error that there is; nothing: no line.
/// always: at once, also to a pipe; auto: after half a second, on a terminal that obeys and is ours.
std::optional<ProgressDisplay> progress_display(const std::string& when, int verbosity);

/// Keeps count of the copying and has it shown, five times a second at most. Its end wipes the line out.
class Progress {
 public:
  Progress(std::uint64_t total, ProgressDisplay display);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// `bytes` more of this file; 0: it begins.
  void copied(const HostPath& source, std::uint64_t bytes);

 private:
  using Clock = ProgressDisplay::Clock;
  const std::uint64_t total_;
  const ProgressDisplay display_;
  const Clock::time_point begin_;
  std::optional<Clock::time_point> shown_;
  std::uint64_t done_ = 0;
};

/// The line itself: "ch-fromhost: 1.2 GB of 3.4 GB, 210 MB/s, 11 s left: libcuda.so.1". It is shorter than
/// `columns`, for which the name is cut first, and then whole parts are left out from the right.
std::string progress_line(std::uint64_t done, std::uint64_t total, std::chrono::duration<double> taken,
                          std::string_view name, std::size_t columns);

/// "12 s", "3 min 20 s", "2 h 5 min"; of a fraction of a second, a whole one.
std::string human_duration(std::chrono::duration<double> time);

}  // namespace fromhost::core
