// SPDX-License-Identifier: Apache-2.0
// Who runs on this machine, as far as we can see.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>

namespace fromhost::core {

struct Process {
  pid_t pid = 0;
  std::string name;  ///< as the kernel has it, cut at 15 bytes
};

/// Any process whose root directory is this one, such as a container's; other users' are seen by root only.
std::optional<Process> process_with_root(const struct stat& directory);

}  // namespace fromhost::core
