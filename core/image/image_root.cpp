// SPDX-License-Identifier: Apache-2.0
// The seam to the image: looking, never writing.
#include "core/image/image_root.hpp"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/error.hpp"
#include "core/host/host_system.hpp"
#include "core/host/resolve_in_root.hpp"

namespace fromhost::core {
namespace {

/// Which mount an open directory is in; where the kernel or its headers do not know (before Linux 5.8), which
/// file system.
struct Mount {
  std::uint64_t number = 0;
  unsigned major = 0, minor = 0;
  bool operator==(const Mount&) const = default;
};

Mount mount_of(int directory) {
#ifdef STATX_MNT_ID
  constexpr unsigned kWanted = STATX_MNT_ID;
#else
  constexpr unsigned kWanted = 0;
#endif
  struct statx facts;
  if (::statx(directory, "", AT_EMPTY_PATH, kWanted, &facts) != 0) throw_errno("stat");
  Mount mount;
  mount.major = facts.stx_dev_major;
  mount.minor = facts.stx_dev_minor;
#ifdef STATX_MNT_ID
  if (facts.stx_mask & STATX_MNT_ID) mount.number = facts.stx_mnt_id;
#endif
  return mount;
}

}  // namespace
ImageRoot ImageRoot::open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    const int error = errno;
    throw Error(
        {Stage::image, "image not a directory: " + path, errno_text(error),
         error == EACCES ? "you may not read it" : "IMGDIR is an unpacked image, as ch-convert leaves it"});
  }
  struct stat image, host;
  // An injection into the running system would be an installation without a package manager, and no typing
  // error is likelier than a blank in "/ tmp/image".
  if (::fstat(fd.get(), &image) == 0 && ::stat("/", &host) == 0 && same_file(image, host))
    throw Error({Stage::image, "image not a directory: " + path, "it is this host's own root directory", ""});
  return ImageRoot(path, std::move(fd));
}

std::string ImageRoot::absolute_path() const {
  if (auto path = path_of(fd_.get())) return *path;
  throw Error(
      {Stage::image, "cannot tell where the image is: " + path_, errno_text(errno), "is /proc mounted?"});
}

UniqueFd ImageRoot::open_at(const ImagePath& path, int flags) const {
  return open_in_root(fd_.get(), path.below_root(), flags);
}

UniqueFd ImageRoot::open_directory(const ImagePath& path) const {
  UniqueFd fd = open_at(path, O_RDONLY | O_DIRECTORY);
  if (!fd) throw_errno(path.text());
  return fd;
}

std::optional<struct stat> ImageRoot::stat(const ImagePath& path) const {
  struct stat facts;
  const UniqueFd fd = open_at(path, O_PATH);
  if (!fd || ::fstat(fd.get(), &facts) != 0) return std::nullopt;
  return facts;
}

std::optional<struct stat> ImageRoot::lstat(const ImagePath& path) const {
  struct stat facts;
  const UniqueFd fd = open_at(path, O_PATH | O_NOFOLLOW);
  if (!fd || ::fstat(fd.get(), &facts) != 0) return std::nullopt;
  return facts;
}

bool ImageRoot::is_directory(const ImagePath& path) const {
  return static_cast<bool>(open_at(path, O_PATH | O_DIRECTORY));
}

bool ImageRoot::is_in_own_mount(int directory) const {
  return mount_of(fd()) == mount_of(directory);
}

bool ImageRoot::looks_like_no_image() const {
  for (const char* known : {"/usr", "/etc", "/lib", "/bin"})
    if (lstat(ImagePath(known))) return false;
  return true;
}

std::optional<std::string> ImageRoot::read_file(const ImagePath& path, std::uint64_t limit) const {
  // O_NONBLOCK: a FIFO in the image must not hold us up.
  const UniqueFd fd = open_at(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat facts;
  if (!fd || ::fstat(fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  try {
    return read_all(fd.get(), limit, path.text());
  } catch (const std::system_error&) {
    return std::nullopt;
  }
}

std::string ImageRoot::link_target(const ImagePath& path) const {
  const UniqueFd link = open_at(path, O_PATH | O_NOFOLLOW);
  char target[PATH_MAX];
  const ssize_t length = link ? ::readlinkat(link.get(), "", target, sizeof target) : -1;
  return length > 0 ? std::string(target, static_cast<std::size_t>(length)) : "";
}

std::vector<std::string> ImageRoot::list(const ImagePath& path) const {
  return list_directory(open_at(path, O_RDONLY | O_DIRECTORY));
}

std::optional<ImagePath> ImageRoot::resolve(const ImagePath& path) const {
  const UniqueFd fd = open_at(path, O_PATH);
  if (!fd) return std::nullopt;
  const auto inside = path_below(fd_.get(), fd.get());
  return inside ? std::optional<ImagePath>(*inside) : std::nullopt;
}

}  // namespace fromhost::core
