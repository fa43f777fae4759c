// SPDX-License-Identifier: Apache-2.0
// The one file of the tests with spdlog, whose headers take long to compile.
#include "tests/support/log_capture.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

namespace fromhost::test {

struct LogCapture::Said {
  std::ostringstream text;
};

LogCapture::LogCapture(core::LogLevel level) : said_(std::make_unique<Said>()) {
  auto logger =
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(said_->text));
  logger->set_level(static_cast<spdlog::level::level_enum>(level));
  logger->set_pattern("%l: %v");
  spdlog::set_default_logger(std::move(logger));
}

LogCapture::~LogCapture() {
  core::start_log(0);
}

std::string LogCapture::text() const {
  return said_->text.str();
}

}  // namespace fromhost::test
