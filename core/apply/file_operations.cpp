// SPDX-License-Identifier: Apache-2.0
// Apply: the system calls that change files, and nothing else.
#include "core/apply/file_operations.hpp"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/error.hpp"

namespace fromhost::core {
namespace {

void must(int result, const char* call) {
  if (result != 0) throw_errno(call);
}

void write_all(int to, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(to, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_errno("write");
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
}

}  // namespace

UniqueFd FileOperations::create(int directory, const std::string& name) {
  UniqueFd fd(::openat(directory, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) throw_errno("open");
  return fd;
}

void FileOperations::copy(int from, int to, const PieceCopied& copied) {
  copy_contents(from, to, copied);
}

void FileOperations::write(int to, const std::string& bytes) {
  write_all(to, bytes.data(), bytes.size());
}

void FileOperations::make_directory(int parent, const std::string& name, mode_t mode) {
  must(::mkdirat(parent, name.c_str(), mode), "mkdir");
}
void FileOperations::make_link(int directory, const std::string& name, const std::string& target) {
  must(::symlinkat(target.c_str(), directory, name.c_str()), "symlink");
}
void FileOperations::rename(int from, const std::string& old_name, int to, const std::string& new_name) {
  must(::renameat(from, old_name.c_str(), to, new_name.c_str()), "rename");
}
void FileOperations::hard_link(int from, const std::string& old_name, int to, const std::string& new_name) {
  must(::linkat(from, old_name.c_str(), to, new_name.c_str(), 0), "link");
}
void FileOperations::remove(int directory, const std::string& name) {
  must(::unlinkat(directory, name.c_str(), 0), "unlink");
}
void FileOperations::remove_directory(int parent, const std::string& name) {
  must(::unlinkat(parent, name.c_str(), AT_REMOVEDIR), "rmdir");
}
void FileOperations::sync(int fd) {
  // EINVAL: a directory on a file system that cannot; its names are then as safe as it makes them.
  if (::fsync(fd) != 0 && errno != EINVAL) throw_errno("fsync");
}
void FileOperations::change_mode(int fd, mode_t mode) {
  must(::fchmod(fd, mode), "chmod");
}

bool FileOperations::change_owner(int fd, uid_t user, gid_t group) {
  if (::fchown(fd, user, group) == 0) return true;
  // An ordinary user may still give a file to one of their groups.
  if (errno == EPERM || errno == EINVAL)
    return ::fchown(fd, static_cast<uid_t>(-1), group) == 0 && user == ::geteuid();
  throw_errno("chown");
}

void FileOperations::change_times(int fd, const struct timespec& access,
                                  const struct timespec& modification) {
  const struct timespec times[2] = {access, modification};
  must(::futimens(fd, times), "utimens");
}

bool FileOperations::set_attribute(int fd, const std::string& name, const std::string& value) {
  if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == 0) return true;
  if (errno == ENOTSUP || errno == EPERM || errno == ENOSPC || errno == E2BIG) return false;
  throw_errno("setxattr");
}

}  // namespace fromhost::core
