// SPDX-License-Identifier: Apache-2.0
// The talk on stderr.
#include "core/log.hpp"

#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <memory>
#include <mutex>

#include "core/terminal.hpp"

namespace fromhost::core {
namespace {

constexpr std::string_view kBoldRed = "\x1b[1;31m";
constexpr std::string_view kBoldMagenta = "\x1b[1;35m";  // yellow cannot be read on white
constexpr std::string_view kPlain = "\x1b[m";

/// spdlog has sinks with colours, which write a line in pieces.
class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string line = instead_of_passing("") + "ch-fromhost: ";
    if (message.level == spdlog::level::warn) line += coloured("warning:", kBoldMagenta) + ' ';
    if (message.level >= spdlog::level::err) line += coloured("error:", kBoldRed) + ' ';
    line += printable({message.payload.data(), message.payload.size()});
    line += '\n';
    write_out(line);
  }
  void flush_() override {}

 public:
  void pass(std::string_view text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    write_out(instead_of_passing(text));
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

spdlog::level::level_enum level_of(int verbosity) {
  if (verbosity >= 2) return spdlog::level::trace;
  if (verbosity == 1) return spdlog::level::debug;
  if (verbosity == 0) return spdlog::level::info;
  if (verbosity == -1) return spdlog::level::warn;
  if (verbosity == -2) return spdlog::level::err;
  return spdlog::level::off;
}

}  // namespace

void start_log(int verbosity) {
  auto logger = std::make_shared<spdlog::logger>("ch-fromhost", std::make_shared<StderrSink>());
  logger->set_level(level_of(verbosity));
  spdlog::set_default_logger(std::move(logger));
}

void show_passing_line(std::string_view text) {
  for (const auto& sink : spdlog::default_logger_raw()->sinks())
    if (auto* ours = dynamic_cast<StderrSink*>(sink.get())) ours->pass(text);
}

std::string printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // C1 control characters are U+0080 to U+009F: two bytes in UTF-8, and some terminals obey them.
    const bool c1 =
        byte == 0xc2 && i + 1 < text.size() && (static_cast<unsigned char>(text[i + 1]) & 0xe0) == 0x80;
    if (byte >= 0x20 && byte != 0x7f && !c1) {
      out += text[i];
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte == '\r') {
      out += "\\r";
    } else {
      const auto coded = c1 ? static_cast<unsigned char>(text[++i]) : byte;
      out += "\\x";
      out += kHex[coded >> 4];
      out += kHex[coded & 15];
    }
  }
  return out;
}

}  // namespace fromhost::core
