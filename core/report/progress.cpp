// SPDX-License-Identifier: Apache-2.0
// Report: how far the copying is.
#include "core/report/progress.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/log.hpp"
#include "core/report/report.hpp"
#include "core/terminal.hpp"

namespace fromhost::core {
namespace {

using std::chrono::duration;
using namespace std::chrono_literals;

constexpr auto kPatience = 500ms;
constexpr auto kInterval = 200ms;
constexpr std::size_t kShortestName = 8;  // less of one tells nothing

/// What is shown of a name where there is room for so many bytes. Bytes, not columns: no character of UTF-8
/// is wider than it has bytes, whatever the terminal thinks of it.
std::string shortened(const std::string& name, std::size_t room) {
  constexpr std::string_view kCut = "...";
  if (name.size() <= room) return name;
  if (room < kShortestName) return "";
  std::size_t end = room - kCut.size();
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
  return name.substr(0, end) + std::string(kCut);
}

}  // namespace

std::string human_duration(duration<double> time) {
  const auto seconds = static_cast<std::uint64_t>(std::ceil(std::max(time.count(), 0.0)));
  if (seconds < 60) return std::to_string(seconds) + " s";
  const std::uint64_t minutes = seconds / 60;
  if (minutes < 60) return std::to_string(minutes) + " min " + std::to_string(seconds % 60) + " s";
  return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

std::string progress_line(std::uint64_t done, std::uint64_t total, duration<double> taken,
                          std::string_view name, std::size_t columns) {
  // A terminal goes to its next line after the last column.
  const std::size_t width = columns > 0 ? columns - 1 : 0;
  total = std::max(total, done);  // a file has grown
  std::string line = "ch-fromhost: " + human_bytes(done) + " of " + human_bytes(total);
  if (line.size() > width) return "";
  // The first moments say little of the rest.
  if (done > 0 && taken > 100ms) {
    const double rate = static_cast<double>(done) / taken.count();
    constexpr double kLongest = 100 * 3600;
    const double left = static_cast<double>(total - done) / rate;
    std::string parts[] = {", " + human_bytes(static_cast<std::uint64_t>(rate)) + "/s",
                           left < kLongest ? ", " + human_duration(duration<double>(left)) + " left" : ""};
    for (const std::string& part : parts) {
      if (line.size() + part.size() > width) return line;
      line += part;
    }
  }
  const std::string shown =
      line.size() + 2 < width ? shortened(printable(name), width - line.size() - 2) : "";
  return shown.empty() ? line : line + ": " + shown;
}

std::optional<ProgressDisplay> progress_display(const std::string& when, int verbosity) {
  if (when == "never") return std::nullopt;
  ProgressDisplay display;
  display.columns = stderr_columns;
  display.show = show_passing_line;
  if (when == "always") return display;
  if (verbosity < 0 || !stderr_obeys()) return std::nullopt;
  display.patience = kPatience;
  display.show = [](const std::string& line) {
    if (stderr_is_ours()) show_passing_line(line);
  };
  return display;
}

Progress::Progress(std::uint64_t total, ProgressDisplay display)
    : total_(total), display_(std::move(display)), begin_(display_.now()) {}

Progress::~Progress() {
  if (shown_) display_.show("");
}

void Progress::copied(const HostPath& source, std::uint64_t bytes) {
  done_ += bytes;
  const Clock::time_point now = display_.now();
  const bool ends = shown_ && bytes > 0 && done_ == total_;  // whoever reads a pipe waits for that
  if (!ends && now < (shown_ ? *shown_ + kInterval : begin_ + display_.patience)) return;
  shown_ = now;
  display_.show(progress_line(done_, total_, now - begin_, source.name(), display_.columns()));
}

}  // namespace fromhost::core
