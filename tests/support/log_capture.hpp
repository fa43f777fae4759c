// SPDX-License-Identifier: Apache-2.0
// What is said on the log, as text: "warning: X\n", every level, while it lives.
#pragma once

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <string>

#include "core/log.hpp"

namespace fromhost::test {

class LogCapture {
 public:
  explicit LogCapture(spdlog::level::level_enum level = spdlog::level::trace) {
    auto logger =
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(said_));
    logger->set_level(level);
    logger->set_pattern("%l: %v");
    spdlog::set_default_logger(std::move(logger));
  }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  ~LogCapture() { core::start_log(0); }
  std::string text() const { return said_.str(); }

 private:
  std::ostringstream said_;
};

}  // namespace fromhost::test
