// SPDX-License-Identifier: Apache-2.0
// The talk on stderr: spdlog with our line format, levels by -v and -q, and control characters made harmless.
#pragma once

#include <spdlog/spdlog.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fromhost::core {

/// Sets up spdlog's default logger: stderr, "ch-fromhost: text" (warnings and errors say so, in
/// colour on a terminal that has it).
/// verbosity 0 shows spdlog's level info: the one line of the report; 1 (-v) shows debug: each file and why;
/// 2 (-vv) shows trace: each decision and command; -1 (-q): warnings and errors; -2: errors; -3: nothing.
void start_log(int verbosity);

/// A problem's line as the log would write it now, newline included, for who cannot log any more; empty where
/// errors are not shown.
std::string error_line(std::string_view text);

/// Shows one line that does not stay, below what was said so far: the next message, or another passing line,
/// takes its place; "" only wipes it out. It is sent as it is, so it must be printable, and shorter than the
/// terminal is wide, or wiping leaves some of it. Nothing else may write to standard error meanwhile.
void show_passing_line(std::string_view text);

/// How many lines of one kind are told of an image that strangers made, and how long each is, in bytes: an
/// odd one has thousands of faults. JSON has them all.
inline constexpr std::size_t kMostTold = 20;
inline constexpr std::size_t kLongestLine = 4096;

/// A message each; of very many, the first kMostTold and how many more there are, unless -v wants them all.
void log_each(spdlog::level::level_enum level, const std::vector<std::string>& lines);

/// The same text with control and format characters, and bytes that are not UTF-8, as \n, \t, \x1b, \u202e,
/// …: names come from images and commands that strangers made, and a terminal obeys what it is sent. Other
/// UTF-8 passes.
std::string printable(std::string_view text);

/// The same, and with the middle left out if it is longer than kLongestLine. Every line of the log is such.
std::string line_of(std::string_view text);

}  // namespace fromhost::core
