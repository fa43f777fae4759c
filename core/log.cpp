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
    std::string line = "ch-fromhost: ";
    if (message.level == spdlog::level::warn) line += coloured("warning:", kBoldMagenta) + ' ';
    if (message.level >= spdlog::level::err) line += coloured("error:", kBoldRed) + ' ';
    line += printable({message.payload.data(), message.payload.size()});
    line += '\n';
    // One write a line: several runs may share the terminal or the job's log.
    for (std::size_t done = 0; done < line.size();) {
      const ssize_t n = ::write(STDERR_FILENO, line.data() + done, line.size() - done);
      if (n <= 0) return;  // nobody is left to be told
      done += static_cast<std::size_t>(n);
    }
  }
  void flush_() override {}

 private:
  std::string coloured(std::string_view word, std::string_view colour) const {
    std::string text(word);
    if (colours_) text = std::string(colour) + text + std::string(kPlain);
    return text;
  }

  const bool colours_ = stderr_has_colours();
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
