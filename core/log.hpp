// SPDX-License-Identifier: Apache-2.0
// The talk on stderr: spdlog with our line format, levels by -v and -q, and control characters made harmless.
// Its headers, which take long to compile, stay in log.cpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fromhost::core {

/// spdlog's levels, but for "critical", by its numbers.
enum class LogLevel { trace = 0, debug = 1, info = 2, warn = 3, err = 4, off = 6 };

/// A line of the log: `log::warn("{}: {}", path, why)`. Each {} is the next argument, a text or a whole
/// number; that there are as many is checked by the compiler. A line that is not shown costs nothing but its
/// arguments.
namespace log {

class Argument {
 public:
  Argument(std::string_view text) : text_(text) {}
  Argument(const std::string& text) : text_(text) {}
  Argument(const char* text) : text_(text) {}
  Argument(std::integral auto number) : digits_(std::to_string(number)), text_(digits_) {}
  Argument(const Argument&) = delete;
  Argument& operator=(const Argument&) = delete;
  std::string_view text() const { return text_; }

 private:
  std::string digits_;
  std::string_view text_;
};

template <typename... Arguments>
class Format {
 public:
  consteval Format(const char* text) : text_(text) {
    std::size_t wanted = 0;
    for (std::size_t at = text_.find("{}"); at != std::string_view::npos; at = text_.find("{}", at + 2))
      ++wanted;
    if (wanted != sizeof...(Arguments)) throw "as many {} as arguments";
  }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};
template <typename... Arguments>
using FormatOf = Format<std::type_identity_t<Arguments>...>;

bool is_on(LogLevel level);
void write(LogLevel level, std::string_view format, std::initializer_list<Argument> arguments);

template <typename... A>
void at(LogLevel level, FormatOf<A...> format, const A&... arguments) {
  if (is_on(level)) write(level, format.text(), {arguments...});
}
template <typename... A>
void trace(FormatOf<A...> format, const A&... arguments) {
  at<A...>(LogLevel::trace, format, arguments...);
}
template <typename... A>
void debug(FormatOf<A...> format, const A&... arguments) {
  at<A...>(LogLevel::debug, format, arguments...);
}
template <typename... A>
void info(FormatOf<A...> format, const A&... arguments) {
  at<A...>(LogLevel::info, format, arguments...);
}
template <typename... A>
void warn(FormatOf<A...> format, const A&... arguments) {
  at<A...>(LogLevel::warn, format, arguments...);
}
template <typename... A>
void error(FormatOf<A...> format, const A&... arguments) {
  at<A...>(LogLevel::err, format, arguments...);
}

}  // namespace log

/// Sets up the log: stderr, "ch-fromhost: text" (warnings and errors say so, in
/// colour on a terminal that has it).
/// verbosity 0 shows level info: the one line of the report; 1 (-v) shows debug: each file and why;
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
void log_each(LogLevel level, const std::vector<std::string>& lines);

/// The same text with control and format characters, and bytes that are not UTF-8, as \n, \t, \x1b, \u202e,
/// …: names come from images and commands that strangers made, and a terminal obeys what it is sent. Other
/// UTF-8 passes.
std::string printable(std::string_view text);

/// The same, and with the middle left out if it is longer than kLongestLine. Every line of the log is such.
std::string line_of(std::string_view text);

}  // namespace fromhost::core
