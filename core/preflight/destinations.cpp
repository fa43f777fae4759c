// SPDX-License-Identifier: Apache-2.0
// Preflight: destinations, from the changes that are foretold. Writes nothing.
#include "core/preflight/destinations.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace fromhost::core {
namespace {

using Action = Change::Action;

constexpr const char* kWayOut = "remove it from the image";

}  // namespace

Destinations::Destinations(const Plan& plan, const ImageRoot& image) : image_(image) {
  struct stat root;
  if (::fstat(image_.fd(), &root) == 0) device_ = root.st_dev;
  directory(ImagePath("/"), false);  // where the work directory is made
  // By the names that were asked for, which a person knows; and those that are there already.
  for (const PlannedFile& file : plan.files) directory(file.directory, file.make_directory);
  for (const PlannedDirectory& one : plan.directories) directory(one.path, true);
}

void Destinations::found(FindingKind kind, const std::string& what, const std::string& cause,
                         const std::string& way_out) {
  findings_.push_back(make_finding(kind, what, cause, way_out));
}

/// The nearest directory that is there must be ours to write, and on the image's own file system: files
/// arrive by rename.
void Destinations::directory(const ImagePath& path, bool may_be_missing) {
  if (!seen_.insert(path.text()).second) return;
  ImagePath there = path;
  while (may_be_missing && !there.is_root() && !image_.lstat(there)) there = there.parent();
  if (there != path && !seen_.insert(there.text()).second) return;
  const auto status = image_.stat(there);
  if (!status || !S_ISDIR(status->st_mode))
    return found(FindingKind::taken, "not a directory: " + there.text());
  if (status->st_dev != device_)
    return found(FindingKind::unwritable, "cannot write: " + there.text(),
                 "another file system is mounted there", "unmount it");
  const UniqueFd fd = image_.open_at(there, O_RDONLY | O_DIRECTORY);
  // A path alone reads as the host's.
  const std::string cannot =
      "cannot write: " + (there.is_root() ? "the image, " + image_.path() : there.text());
  if (!fd) return found(FindingKind::unwritable, cannot, errno_text(errno));
  if (!image_.is_in_own_mount(fd.get()))
    return found(FindingKind::unwritable, cannot, "something is mounted there", "unmount it");
  if (::faccessat(fd.get(), ".", W_OK | X_OK, AT_EACCESS) == 0) return;
  const int error = errno;
  if (error == EROFS && read_only_) return;
  read_only_ = read_only_ || (error == EROFS && there.is_root());
  // What is ours is made writable for the write (upstream issue 323).
  if (error == EACCES && status->st_uid == ::geteuid()) return;
  found(FindingKind::unwritable, cannot, errno_text(error),
        error == EROFS ? "unpack the image where you may write, for example with ch-convert"
                       : "it belongs to user " + std::to_string(status->st_uid));
}

void Destinations::target(const std::string& verb, const ImagePath& path, mode_t mode,
                          const std::string& way_out) {
  if (mode == 0 || S_ISREG(mode) || S_ISLNK(mode)) return;
  found(FindingKind::taken, verb + path.text(),
        S_ISDIR(mode) ? "the image has a directory of that name" : "the image has a special file there",
        way_out);
}

void Destinations::look_at(const Change& change) {
  switch (change.action) {
    case Action::make_directory:
      directory(change.path, true);
      break;
    case Action::remove:
    case Action::remove_directory:
      directory(change.path.parent(), true);
      break;
    case Action::copy:
    case Action::link:
      directory(change.path.parent(), true);
      target("cannot inject: ", change.path, change.old_mode);
      break;
    case Action::write:
    case Action::run_ldconfig:
    case Action::give_back:
      directory(change.path.parent(), true);
      target("cannot write: ", change.path, change.old_mode, kWayOut);
      break;
  }
  // A name in the archive is always a free one.
  if (change.action == Action::give_back || change.replaced == Change::Replaced::images_own)
    directory(ImagePath(kArchive), true);
}

}  // namespace fromhost::core
