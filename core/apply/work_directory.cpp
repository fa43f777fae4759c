// SPDX-License-Identifier: Apache-2.0
// Apply: making, finding and removing the work directory.
#include "core/apply/work_directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "core/error.hpp"
#include "core/file_times.hpp"
#include "core/host/host_system.hpp"
#include "core/host/resolve_in_root.hpp"

namespace fromhost::core {
namespace {

constexpr std::uint64_t kReadLimit = 256u << 20;  // a journal of a million files
constexpr int kDeepest = 32;                      // only an image's own ldconfig makes directories in ours

UniqueFd open_directory_at(int parent, const std::string& name) {
  return UniqueFd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

std::string name_for(const JournalDirectory& root) {
  char name[96];
  std::snprintf(name, sizeof name, ".ch-fromhost-%o-%lld-%lld", static_cast<unsigned>(root.mode),
                static_cast<long long>(root.access), static_cast<long long>(root.modification));
  return name;
}

std::optional<JournalDirectory> root_in(const std::string& name) {
  unsigned mode = 0;
  long long access = 0, modification = 0;
  int end = 0;
  if (std::sscanf(name.c_str(), ".ch-fromhost-%o-%lld-%lld%n", &mode, &access, &modification, &end) != 3 ||
      static_cast<std::size_t>(end) != name.size() || mode > 07777)
    return std::nullopt;
  return JournalDirectory{ImagePath("/"), mode, access, modification, false};
}

void empty_directory(FileOperations& files, int directory, int depth) {
  if (depth > kDeepest) throw std::system_error(ELOOP, std::generic_category(), "too deep");
  UniqueFd own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) throw_errno("open");
  for (const std::string& name : list_directory(std::move(own))) {
    struct stat facts;
    if (::fstatat(directory, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISDIR(facts.st_mode)) {
      files.remove(directory, name);
      continue;
    }
    if (const UniqueFd below = open_directory_at(directory, name)) {
      files.change_mode(below.get(), 0700);
      empty_directory(files, below.get(), depth + 1);
    }
    files.remove_directory(directory, name);
  }
}

/// Is it what we have just made? The image's owner may have put another directory in its place before we
/// opened it, in which names of ours would be links or FIFOs, and which we would empty in the end. Ours is
/// empty, and our user's, unless the file system gives all files to somebody.
bool is_new_and_ours(FileOperations& files, int directory) {
  struct stat status;
  if (::fstat(directory, &status) != 0) throw_errno("stat");
  UniqueFd own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) throw_errno("open");
  if (!list_directory(std::move(own)).empty()) return false;
  if (status.st_uid == ::geteuid()) return true;
  const UniqueFd probe = files.create(directory, "probe");
  struct stat made;
  if (::fstat(probe.get(), &made) != 0) throw_errno("stat");
  files.remove(directory, "probe");
  return made.st_uid == status.st_uid;
}

/// Where the root is ours; otherwise the write itself will say why not.
void make_writable(const ImageRoot& image, FileOperations& files) {
  struct stat facts;
  if (::faccessat(image.fd(), ".", W_OK | X_OK, AT_EACCESS) == 0 || errno != EACCES) return;
  if (::fstat(image.fd(), &facts) != 0 || facts.st_uid != ::geteuid()) return;
  files.change_mode(image.fd(), (facts.st_mode & 07777) | 0300);
}

}  // namespace

WorkDirectory WorkDirectory::make(const ImageRoot& image, FileOperations& files) {
  struct stat facts;
  if (::fstat(image.fd(), &facts) != 0) throw_errno("stat");
  JournalDirectory root{ImagePath("/"), facts.st_mode & 07777, nanoseconds(facts.st_atim),
                        nanoseconds(facts.st_mtim), false};
  WorkDirectory work(image, files, name_for(root), root);
  make_writable(image, files);
  try {
    files.make_directory(image.fd(), work.name_, 0700);
    work.fd_ = open_directory_at(image.fd(), work.name_);
    if (!work.fd_) throw_errno("open");
    if (!is_new_and_ours(files, work.fd_.get())) {
      work.fd_.reset();
      throw std::system_error(ESTALE, std::generic_category(), work.name_);
    }
  } catch (...) {
    try {
      work.remove(false);
    } catch (const std::system_error&) {
      // The first error is the one to tell.
    }
    throw;
  }
  return work;
}

std::string WorkDirectory::open(const struct stat& image_root) {
  fd_ = open_directory_at(image_->fd(), name_);
  struct stat status;
  if (!fd_ || ::fstat(fd_.get(), &status) != 0) return errno_text(errno);
  if (status.st_uid != ::geteuid() && status.st_uid != image_root.st_uid)
    return "it belongs to user " + std::to_string(status.st_uid);
  return (status.st_mode & 0077) != 0 ? "others may write there" : "";
}

std::vector<WorkDirectory> WorkDirectory::left_behind(const ImageRoot& image, FileOperations& files) {
  std::vector<WorkDirectory> left;
  struct stat root;
  if (::fstat(image.fd(), &root) != 0) throw_errno("stat");
  for (const std::string& name : image.list(ImagePath("/"))) {
    const auto facts = root_in(name);
    if (!facts) continue;
    WorkDirectory work(image, files, name, *facts);
    if (const std::string why_not = work.open(root); !why_not.empty())
      throw Error({Stage::apply, "an interrupted run left " + work.path().text() + " in the image", why_not,
                   "run ch-fromhost --status as that user, which repairs the image, or unpack it again"});
    left.push_back(std::move(work));
  }
  return left;
}

bool WorkDirectory::any(const ImageRoot& image) {
  FileOperations unused;
  struct stat root;
  if (::fstat(image.fd(), &root) != 0) throw_errno("stat");
  for (const std::string& name : image.list(ImagePath("/")))
    if (const auto facts = root_in(name);
        facts && WorkDirectory(image, unused, name, *facts).open(root).empty())
      return true;
  return false;
}

std::optional<std::string> WorkDirectory::read(const std::string& name) const {
  const UniqueFd fd(::openat(fd_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat ours, theirs;
  if (!fd || ::fstat(fd.get(), &theirs) != 0 || ::fstat(fd_.get(), &ours) != 0) return std::nullopt;
  if (!S_ISREG(theirs.st_mode) || theirs.st_nlink != 1 || theirs.st_uid != ours.st_uid) return std::nullopt;
  return read_all(fd.get(), kReadLimit, name);
}

bool WorkDirectory::has(const std::string& name) const {
  return ::faccessat(fd_.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void WorkDirectory::remove(bool root_changed) {
  if (fd_) {
    empty_directory(*files_, fd_.get(), 0);
    make_writable(*image_, *files_);  // who died before us may have given the mode back already
    files_->remove_directory(image_->fd(), name_);
    fd_.reset();
  }
  struct stat now;
  if (::fstat(image_->fd(), &now) != 0) throw_errno("stat");
  if ((now.st_mode & 07777) != root_.mode) files_->change_mode(image_->fd(), root_.mode);
  if (!root_changed && (now.st_uid == ::geteuid() || ::geteuid() == 0))
    files_->change_times(image_->fd(), from_nanoseconds(root_.access), from_nanoseconds(root_.modification));
}

}  // namespace fromhost::core
