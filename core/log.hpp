// SPDX-License-Identifier: Apache-2.0
// The talk on stderr: spdlog with our line format, levels by -v and -q, and control characters made harmless.
#pragma once

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

namespace fromhost::core {

/// Sets up spdlog's default logger: stderr, "ch-fromhost: text" (warnings and errors say so, in
/// colour on a terminal that has it).
/// verbosity 0 shows spdlog's level info: the one line of the report; 1 (-v) shows debug: each file and why;
/// 2 (-vv) shows trace: each decision and command; -1 (-q): warnings and errors; -2: errors; -3: nothing.
void start_log(int verbosity);

/// Shows one line that does not stay, below what was said so far: the next message, or another passing line,
/// takes its place; "" only wipes it out. It is sent as it is, so it must be printable, and shorter than the
/// terminal is wide, or wiping leaves some of it. Nothing else may write to standard error meanwhile.
void show_passing_line(std::string_view text);

/// The same text with control characters as \n, \t, \x1b, …: names come from images and commands that
/// strangers made, and a terminal obeys what it is sent. UTF-8 passes.
std::string printable(std::string_view text);

}  // namespace fromhost::core
