// SPDX-License-Identifier: Apache-2.0
// The words of an error.
#include "core/error.hpp"

#include <cerrno>
#include <cstring>

namespace fromhost::core {

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::command_line:
      return "command line";
    case Stage::provider:
      return "provider";
    case Stage::image:
      return "image";
    case Stage::plan:
      return "plan";
    case Stage::preflight:
      return "preflight";
    case Stage::apply:
      return "apply";
    case Stage::ldconfig:
      return "ldconfig";
    case Stage::validate:
      return "validate";
  }
  return "?";
}

std::string Problem::sentence() const {
  std::string text = what;
  if (!cause.empty()) text += ": " + cause;
  if (!way_out.empty()) text += "; " + way_out;
  return text;
}

std::string Problem::text() const {
  return std::string(to_string(stage)) + ": " + sentence();
}

Error::Error(std::vector<Problem> problems) : problems_(std::move(problems)) {
  for (const Problem& problem : problems_) text_ += (text_.empty() ? "" : "\n") + problem.text();
}

void throw_errno(const std::string& words) {
  throw std::system_error(errno, std::generic_category(), words);
}

std::string cause_of(const std::system_error& error) {
  const int code = error.code().value();
  if (code != EINVAL) return errno_text(code);
  const std::string what = error.what();
  return what.substr(0, what.rfind(": "));
}

std::string errno_text(int error) {
  // English as long as nobody calls setlocale(), which we do not.
  return std::strerror(error);
}

}  // namespace fromhost::core
