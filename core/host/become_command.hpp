// SPDX-License-Identifier: Apache-2.0
// Between fork(2) and exec(2): how a child enters its confinement and becomes a command. Only
// async-signal-safe calls are allowed there, so nothing is allocated.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <array>
#include <string>
#include <vector>

#include "core/host/host_system.hpp"

namespace fromhost::core {

/// What the child needs, made before fork().
struct Launch {
  const Command& command;
  const std::string& program;
  std::vector<char*> argv;
  std::vector<char*> environment;
  int output, errors, report;  ///< descriptors; `report` tells the parent why exec failed
  int go;                      ///< a byte comes when the command may run; its end, when it never will
  pid_t parent;
  struct stat root, writable;               ///< of the confinement: which directories they are
  std::vector<std::string> writable_names;  ///< the path of the second below the first
  std::array<std::string, 2> identity_maps;
};

/// In the child, with all signals blocked, so that none of our handlers runs in it. What fails goes to
/// `report`, as an errno.
[[noreturn]] void become_command(const Launch& launch);

}  // namespace fromhost::core
