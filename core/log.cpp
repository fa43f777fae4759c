// SPDX-License-Identifier: Apache-2.0
// The talk on stderr.
#include "core/log.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <mutex>

#include "core/terminal.hpp"
#include "core/utf8.hpp"

namespace fromhost::core {
namespace {

constexpr std::string_view kBoldRed = "\x1b[1;31m";
constexpr std::string_view kBoldMagenta = "\x1b[1;35m";  // yellow cannot be read on white
constexpr std::string_view kPlain = "\x1b[m";

/// spdlog has sinks with colours, which write a line in pieces.
class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    write_out(instead_of_passing("") +
              logged(message.level, {message.payload.data(), message.payload.size()}));
  }
  void flush_() override {}

 public:
  void pass(std::string_view text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    write_out(instead_of_passing(text));
  }
  std::string logged(spdlog::level::level_enum level, std::string_view text) const {
    std::string line = "ch-fromhost: ";
    if (level == spdlog::level::warn) line += coloured("warning:", kBoldMagenta) + ' ';
    if (level >= spdlog::level::err) line += coloured("error:", kBoldRed) + ' ';
    return line + line_of(text) + '\n';
  }

 private:
  /// One write a line: several runs may share the terminal or the job's log.
  static void write_out(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(STDERR_FILENO, bytes.data(), bytes.size());
      if (n <= 0) return;  // nobody is left to be told
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  /// The bytes that put `text` in the place of the passing line.
  std::string instead_of_passing(std::string_view text) {
    std::string bytes(text);
    if (passing_ > 0 && obeys_) {
      bytes.insert(0, "\r\x1b[K");  // also what the terminal itself showed behind it, such as ^C
    } else if (passing_ > 0) {
      bytes.insert(0, 1, '\r');
      if (text.size() < passing_) bytes.append(passing_ - text.size(), ' ');
      if (text.empty()) bytes += '\r';
    }
    passing_ = text.size();
    return bytes;
  }

  std::string coloured(std::string_view word, std::string_view colour) const {
    std::string text(word);
    if (colours_) text = std::string(colour) + text + std::string(kPlain);
    return text;
  }

  const bool colours_ = stderr_has_colours();
  const bool obeys_ = stderr_obeys();
  std::size_t passing_ = 0;  // length of the passing line
};

/// What a terminal obeys, or shows as nothing, or that makes text look like another one: control characters,
/// line ends of Unicode, format characters (category Cf) such as those that turn the direction of writing.
bool is_obeyed(std::uint32_t code) {
  struct Range {
    std::uint32_t first, last;
  };
  static constexpr Range kRanges[] = {
      {0x00, 0x1f},     {0x7f, 0x9f},       {0xad, 0xad},       {0x61c, 0x61c},     {0x180e, 0x180e},
      {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},   {0xfeff, 0xfeff},   {0xfff0, 0xfffb},
      {0xfffe, 0xffff}, {0x110bd, 0x110bd}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
  };
  return std::any_of(std::begin(kRanges), std::end(kRanges),
                     [&](const Range& one) { return one.first <= code && code <= one.last; });
}

/// As \\n, \\x1b, \\u202e or \\U000e0001.
void append_code(std::string& out, std::uint32_t code) {
  if (code == '\n') {
    out += "\\n";
  } else if (code == '\t') {
    out += "\\t";
  } else if (code == '\r') {
    out += "\\r";
  } else {
    const int digits = code <= 0xff ? 2 : code <= 0xffff ? 4 : 8;
    out += digits == 2 ? "\\x" : digits == 4 ? "\\u" : "\\U";
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += "0123456789abcdef"[code >> shift & 15];
  }
}

constexpr spdlog::level::level_enum in_spdlog(LogLevel level) {
  return static_cast<spdlog::level::level_enum>(level);
}
static_assert(in_spdlog(LogLevel::trace) == spdlog::level::trace &&
              in_spdlog(LogLevel::debug) == spdlog::level::debug &&
              in_spdlog(LogLevel::info) == spdlog::level::info &&
              in_spdlog(LogLevel::warn) == spdlog::level::warn &&
              in_spdlog(LogLevel::err) == spdlog::level::err &&
              in_spdlog(LogLevel::off) == spdlog::level::off);

spdlog::level::level_enum level_of(int verbosity) {
  if (verbosity >= 2) return spdlog::level::trace;
  if (verbosity == 1) return spdlog::level::debug;
  if (verbosity == 0) return spdlog::level::info;
  if (verbosity == -1) return spdlog::level::warn;
  if (verbosity == -2) return spdlog::level::err;
  return spdlog::level::off;
}

}  // namespace

bool log::is_on(LogLevel level) {
  return spdlog::should_log(in_spdlog(level));
}

void log::write(LogLevel level, std::string_view format, std::initializer_list<Argument> arguments) {
  std::string line;
  for (const Argument& one : arguments) {
    const std::size_t hole = std::min(format.find("{}"), format.size());
    line.append(format.substr(0, hole)).append(one.text());
    format.remove_prefix(std::min(hole + 2, format.size()));
  }
  line += format;
  spdlog::default_logger_raw()->log(in_spdlog(level), line);
}

void start_log(int verbosity) {
  auto logger = std::make_shared<spdlog::logger>("ch-fromhost", std::make_shared<StderrSink>());
  logger->set_level(level_of(verbosity));
  spdlog::set_default_logger(std::move(logger));
}

std::string error_line(std::string_view text) {
  const spdlog::logger& logger = *spdlog::default_logger_raw();
  if (!logger.should_log(spdlog::level::err)) return "";
  for (const auto& sink : logger.sinks())
    if (const auto* ours = dynamic_cast<const StderrSink*>(sink.get()))
      return ours->logged(spdlog::level::err, text);
  return std::string(text) + '\n';
}

void show_passing_line(std::string_view text) {
  for (const auto& sink : spdlog::default_logger_raw()->sinks())
    if (auto* ours = dynamic_cast<StderrSink*>(sink.get())) ours->pass(text);
}

void log_each(LogLevel level, const std::vector<std::string>& lines) {
  const bool all = log::is_on(LogLevel::debug);
  const std::size_t told = all ? lines.size() : std::min(lines.size(), kMostTold);
  for (std::size_t i = 0; i < told; ++i) log::at(level, "{}", lines[i]);
  if (told < lines.size()) log::at(level, "and {} more; -v tells all", lines.size() - told);
}

std::string printable(std::string_view text) {
  // Nearly all are plain ASCII, which is not decoded.
  if (std::all_of(text.begin(), text.end(), [](char one) { return one >= ' ' && one <= '~'; }))
    return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Character one = utf8_at(text, at);
    if (one.valid && !is_obeyed(one.code))
      out += text.substr(at, one.bytes);
    else
      append_code(out, one.code);
    at += one.bytes;
  }
  return out;
}

std::string line_of(std::string_view text) {
  std::string line = printable(text);
  if (line.size() <= kLongestLine) return line;
  // The end has the cause and the way out.
  constexpr std::size_t kEnd = kLongestLine / 4;
  const auto inside = [&](std::size_t at) { return (static_cast<unsigned char>(line[at]) & 0xc0) == 0x80; };
  std::size_t left = kLongestLine - kEnd, right = line.size() - kEnd;
  while (inside(left)) --left;
  while (inside(right)) ++right;
  return line.substr(0, left) + " [" + std::to_string(right - left) + " bytes left out] " +
         line.substr(right);
}

}  // namespace fromhost::core
