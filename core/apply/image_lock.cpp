// SPDX-License-Identifier: Apache-2.0
// Apply: the lock, and who holds it.
#include "core/apply/image_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <thread>

#include "core/error.hpp"
#include "core/host/again_after_signal.hpp"
#include "core/host/resolve_in_root.hpp"
#include "core/log.hpp"

namespace fromhost::core {
namespace {

using std::chrono::milliseconds;

constexpr const char* kLockFile = ".ch-fromhost.lock";
constexpr milliseconds kLongestNap{200};

/// "process 1234", from /proc/locks, which tells of this host only. Who waits is there as well, after "->".
std::string holder_of(int fd) {
  struct stat facts;
  const UniqueFd locks(::open("/proc/locks", O_RDONLY | O_CLOEXEC));
  if (!locks || ::fstat(fd, &facts) != 0) return "another process";
  std::string text;
  char piece[4096];
  for (ssize_t n; (n = ::read(locks.get(), piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(n));
  const std::string inode = ":" + std::to_string(facts.st_ino);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, type, advisory, access, pid, file;
    words >> number >> type >> advisory >> access >> pid >> file;
    if (type != "FLOCK" || file.size() < inode.size() ||
        file.compare(file.size() - inode.size(), inode.size(), inode) != 0)
      continue;
    std::string who = "process " + pid + " on this host";
    struct stat started;
    if (::stat(("/proc/" + pid).c_str(), &started) == 0) {
      char since[32];
      struct tm local;
      if (::localtime_r(&started.st_ctim.tv_sec, &local) &&
          std::strftime(since, sizeof since, "%H:%M:%S", &local) > 0)
        who += std::string(" since ") + since;
    }
    return who;
  }
  return "a process that this host does not see, perhaps on another one";
}

/// A lock file that is there already may be anything. Nothing but a file with this one name is opened: a FIFO
/// could keep us, a device do what devices do, and a hard link lock somebody else's file.
UniqueFd open_lock_file(const ImageRoot& image) {
  const auto refuse_unless_ours = [&](const struct stat& status) {
    if (S_ISREG(status.st_mode) && status.st_nlink <= 1) return;
    throw Error({Stage::apply, "cannot lock the image: " + image.path(),
                 std::string("/") + kLockFile + " is not a file of its own", "remove it from the image"});
  };
  struct stat status;
  if (::fstatat(image.fd(), kLockFile, &status, AT_SYMLINK_NOFOLLOW) == 0) refuse_unless_ours(status);
  UniqueFd fd(::openat(image.fd(), kLockFile,
                       O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
  if (fd && ::fstat(fd.get(), &status) == 0) refuse_unless_ours(status);
  return fd;
}

}  // namespace

ImageLock::ImageLock(const ImageRoot& image, std::chrono::seconds timeout) : image_(image) {
  const auto give_up = [&](int error, const std::string& way_out) {
    throw Error({Stage::apply, "cannot lock the image: " + image.path(),
                 error == EWOULDBLOCK ? "it is held by " + holder_of(fd_.get()) : errno_text(error),
                 way_out});
  };
  const auto end = std::chrono::steady_clock::now() + timeout;
  milliseconds nap{5};
  bool told = false;
  for (;;) {
    if (!fd_) {
      fd_ = is_file_ ? open_lock_file(image)
                     : UniqueFd(::openat(image.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!fd_) give_up(errno, "");
    }
    if (again_after_signal([&] { return ::flock(fd_.get(), LOCK_EX | LOCK_NB); }) == 0) {
      struct stat ours, there;
      // The holder before us may have removed the file that we waited for.
      const bool same = !is_file_ || (::fstat(fd_.get(), &ours) == 0 &&
                                      ::fstatat(image.fd(), kLockFile, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
                                      same_file(ours, there));
      if (same) return;
      fd_.reset();
      continue;
    }
    const int error = errno;
    if (error != EWOULDBLOCK) {
      const bool unsupported = error == EBADF || error == ENOLCK || error == ENOSYS || error == EOPNOTSUPP;
      if (!unsupported || is_file_) give_up(error, "does its file system have locks?");
      is_file_ = true;
      fd_.reset();
      continue;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= end) give_up(error, "try again later, or wait longer with --lock-timeout");
    if (!told)
      log::warn("waiting for the image, which is held by {}, for up to {} s", holder_of(fd_.get()),
                timeout.count());
    told = true;
    std::this_thread::sleep_for(nap);
    nap = std::min(nap * 2, kLongestNap);
  }
}

ImageLock::~ImageLock() {
  if (is_file_ && fd_) ::unlinkat(image_.fd(), kLockFile, 0);
}

}  // namespace fromhost::core
