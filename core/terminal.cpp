// SPDX-License-Identifier: Apache-2.0
// What standard error and standard output are.
#include "core/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace fromhost::core {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

void take_closed_descriptors() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    // The lowest number that is free is this one. Commands inherit it.
    if (::fcntl(standard, F_GETFD) == -1) ::open("/dev/null", standard == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

bool stderr_obeys() {
  const std::string_view kind = variable("TERM");
  return !kind.empty() && kind != "dumb" && ::isatty(STDERR_FILENO) == 1;
}

bool stderr_has_colours() {
  return variable("NO_COLOR").empty() && stderr_obeys();
}

std::size_t stderr_columns() {
  constexpr std::size_t kUsual = 80;
  struct winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
  return size.ws_col;
}

bool stderr_is_ours() {
  return ::tcgetpgrp(STDERR_FILENO) == ::getpgrp();
}

bool stdout_is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}

bool stdout_is_stderr() {
  struct stat out, err;
  return ::fstat(STDOUT_FILENO, &out) == 0 && ::fstat(STDERR_FILENO, &err) == 0 && out.st_dev == err.st_dev &&
         out.st_ino == err.st_ino;
}

}  // namespace fromhost::core
