// SPDX-License-Identifier: Apache-2.0
// What is said on the log, as text: "warning: X\n", every level, while it lives.
#pragma once

#include <memory>
#include <string>

#include "core/log.hpp"

namespace fromhost::test {

class LogCapture {
 public:
  explicit LogCapture(core::LogLevel level = core::LogLevel::trace);
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  ~LogCapture();
  std::string text() const;

 private:
  struct Said;
  std::unique_ptr<Said> said_;
};

}  // namespace fromhost::test
