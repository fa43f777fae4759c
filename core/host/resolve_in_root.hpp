// SPDX-License-Identifier: Apache-2.0
// Looking below a directory as if chrooted there: links are followed, none leads out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/host/unique_fd.hpp"

namespace fromhost::core {

/// Opens `path` (relative to `root`; a leading slash is ignored) as a process chrooted to `root` would, magic
/// links of procfs refused. `flags` as for openat(2) without O_CREAT; O_CLOEXEC is added. Invalid and errno
/// on failure: ELOOP for a loop or a magic link. Uses openat2(2), and where the kernel or a seccomp filter
/// does not have it (ENOSYS, EPERM) open_by_walking().
UniqueFd open_in_root(int root, const char* path, int flags);

/// The same without openat2: component by component, each opened without following, links expanded by hand.
UniqueFd open_by_walking(int root, const char* path, int flags);

/// Where an open file is, as /proc says.
std::optional<std::string> path_of(int fd);
/// Where an open file is, as a path below the open directory `root` ("/" for itself); nullopt where it is
/// not.
std::optional<std::string> path_below(int root, int fd);

/// Names in an open directory, sorted, without . and ..; empty for an invalid descriptor.
std::vector<std::string> list_directory(UniqueFd directory);

/// The regular files among them; what is a link is none. Most file systems tell by listing alone.
struct ListedName {
  std::string name;
  bool regular = false;
};
std::vector<ListedName> list_kinds(int directory);

}  // namespace fromhost::core
