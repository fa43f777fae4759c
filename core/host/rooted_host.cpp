// SPDX-License-Identifier: Apache-2.0
// Host: the same machine, its files below another directory.
#include "core/host/rooted_host.hpp"

#include <fcntl.h>

#include <cerrno>
#include <system_error>

#include "core/error.hpp"
#include "core/host/resolve_in_root.hpp"

namespace fromhost::core {

RootedHost::RootedHost(HostSystem& host, const std::string& root) : host_(host), root_(root) {
  directory_ = UniqueFd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory_)
    throw Error({Stage::command_line, "not a directory: " + root, errno_text(errno),
                 "--host-root names the directory below which the host's files are"});
}

UniqueFd RootedHost::open_below(const HostPath& path, int flags) const {
  UniqueFd fd = open_in_root(directory_.get(), path.c_str(), flags);
  if (!fd) throw_errno(path.text());
  return fd;
}

UniqueFd RootedHost::open_file(const HostPath& path) const {
  if (!path.text().starts_with('/')) return host_.open_file(path);
  struct stat status {};
  // Looked at before it is opened, since opening a device can act on it; and again what has been opened.
  if (::fstat(open_below(path, O_PATH).get(), &status) == 0) require_regular(status, path);
  UniqueFd fd = open_below(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (::fstat(fd.get(), &status) != 0) throw_errno(path.text());
  require_regular(status, path);
  return fd;
}

std::string RootedHost::read_file(const HostPath& path, std::uint64_t limit) const {
  if (!path.text().starts_with('/')) return host_.read_file(path, limit);
  return read_all(open_file(path).get(), limit, path.text());
}

HostFile RootedHost::inspect(const HostPath& path) const {
  if (!path.text().starts_with('/')) return host_.inspect(path);
  struct stat status {};
  if (::fstat(open_below(path, O_PATH).get(), &status) != 0) throw_errno(path.text());
  return describe(status);
}

HostPath RootedHost::resolve(const HostPath& path) const {
  if (!path.text().starts_with('/')) return host_.resolve(path);
  const auto inside = path_below(directory_.get(), open_below(path, O_PATH).get());
  if (!inside) throw std::system_error(ENOENT, std::generic_category(), path.text());
  return HostPath(*inside);
}

std::vector<std::string> RootedHost::list(const HostPath& path) const {
  if (!path.text().starts_with('/')) return host_.list(path);
  return list_directory(open_below(path, O_RDONLY | O_DIRECTORY));
}

}  // namespace fromhost::core
