// SPDX-License-Identifier: Apache-2.0
// Host: /proc. A process may end while it is looked at.
#include "core/host/processes.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <memory>

namespace fromhost::core {

std::optional<Process> process_with_root(const struct stat& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir("/proc"), ::closedir);
  if (!all) return std::nullopt;
  while (const dirent* entry = ::readdir(all.get())) {
    const std::string pid = entry->d_name;
    if (std::isdigit(static_cast<unsigned char>(pid.front())) == 0) continue;
    struct stat root;
    if (::fstatat(::dirfd(all.get()), (pid + "/root").c_str(), &root, 0) != 0 ||
        root.st_dev != directory.st_dev || root.st_ino != directory.st_ino)
      continue;
    Process found;
    found.pid = static_cast<pid_t>(std::strtol(pid.c_str(), nullptr, 10));
    std::ifstream name("/proc/" + pid + "/comm");
    std::getline(name, found.name);
    return found;
  }
  return std::nullopt;
}

}  // namespace fromhost::core
