// SPDX-License-Identifier: Apache-2.0
// This machine: its files and environment. Commands are in run_command.cpp.
#include "core/host/linux_host.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "core/error.hpp"
#include "core/file_times.hpp"
#include "core/host/again_after_signal.hpp"

namespace fromhost::core {
namespace {

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}
struct stat status_of(const HostPath& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw_errno(path.text());
  return status;
}

/// Resizes it. The memory of a large one is asked for at once: page by page it took longer than reading.
void make_room(std::string& content, std::size_t bytes) {
#ifdef MADV_POPULATE_WRITE  // Linux 5.14; where the kernel does not know it, nothing is lost
  constexpr std::size_t kLarge = 1u << 20, kPage = 4096;
  if (bytes >= kLarge) {
    content.reserve(bytes);
    void* start = content.data();
    std::size_t room = bytes;
    if (std::align(kPage, kPage, start, room))
      static_cast<void>(::madvise(start, room / kPage * kPage, MADV_POPULATE_WRITE));
  }
#endif
  content.resize(bytes);
}

bool is_program(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
}
}  // namespace

std::optional<std::string> LinuxHost::environment(const std::string& name) const {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

UniqueFd LinuxHost::open_file(const HostPath& path) const {
  // Asked first, since opening a device can act on it; and again of what we have got, which cannot be swapped
  // any more.
  require_regular(status_of(path), path);
  UniqueFd fd(
      again_after_signal([&] { return ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY); }));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) throw_errno(path.text());
  require_regular(status, path);
  return fd;
}

std::string LinuxHost::read_file(const HostPath& path, std::uint64_t limit) const {
  // Blocks on a FIFO until somebody writes, as any reader of a list that is still being made.
  const UniqueFd fd(
      again_after_signal([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY); }));
  if (!fd) throw_errno(path.text());
  return read_all(fd.get(), limit, path.text());
}

std::string LinuxHost::read_standard_input(std::uint64_t limit) {
  return read_all(STDIN_FILENO, limit, "standard input");
}

HostFile LinuxHost::inspect(const HostPath& path) const {
  return describe(status_of(path));
}

HostFile describe(const struct stat& status) {
  HostFile file;
  if (S_ISREG(status.st_mode)) file.kind = HostFile::Kind::regular;
  if (S_ISDIR(status.st_mode)) file.kind = HostFile::Kind::directory;
  file.bytes = static_cast<std::uint64_t>(status.st_size);
  file.mode = status.st_mode;
  file.modified = nanoseconds(status.st_mtim);
  return file;
}

std::vector<std::string> LinuxHost::list(const HostPath& path) const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path.text()))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<HostPath> LinuxHost::find_program(const std::string& name) const {
  if (name.find('/') != std::string::npos)
    return is_program(name) ? std::optional(HostPath(name)) : std::nullopt;
  const std::string path = environment("PATH").value_or("/usr/bin:/bin");
  std::size_t start = 0;
  while (!name.empty() && start <= path.size()) {
    const std::size_t end = std::min(path.find(':', start), path.size());
    const std::string directory = path.substr(start, end - start);
    start = end + 1;
    // An empty or relative one means wherever we happen to stand, which may be anybody's directory.
    if (!directory.starts_with('/')) continue;
    if (std::string candidate = directory + '/' + name; is_program(candidate))
      return HostPath(std::move(candidate));
  }
  return std::nullopt;
}

HostPath LinuxHost::resolve(const HostPath& path) const {
  const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
  if (!resolved) throw_errno(path.text());
  return HostPath(resolved.get());
}

HostPath LinuxHost::own_directory() const {
  return HostPath(std::filesystem::read_symlink("/proc/self/exe").parent_path().string());
}

void require_regular(const struct stat& status, const HostPath& path) {
  const char* kind = nullptr;
  switch (status.st_mode & S_IFMT) {
    case S_IFREG:
      return;
    case S_IFDIR:
      fail(EISDIR, path.text());
    case S_IFIFO:
      kind = "FIFO";
      break;
    case S_IFSOCK:
      kind = "socket";
      break;
    case S_IFCHR:
      kind = "character device";
      break;
    case S_IFBLK:
      kind = "block device";
      break;
    default:
      kind = "unknown kind";
      break;
  }
  fail(EINVAL, std::string("not a regular file (") + kind + ")");
}

std::string read_all(int fd, std::uint64_t limit, const std::string& name) {
  constexpr std::size_t kPiece = 65536;
  std::string content;
  std::size_t length = 0;
  // A regular file says how long it is, so that room is made once; and one byte more, to see that it ends.
  struct stat status {};
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
      static_cast<std::uint64_t>(status.st_size) <= limit)
    make_room(content, static_cast<std::size_t>(status.st_size) + 1);
  for (;;) {
    if (length == content.size()) content.resize(length + kPiece);
    const ssize_t got =
        again_after_signal([&] { return ::read(fd, content.data() + length, content.size() - length); });
    if (got == 0) break;
    if (got < 0) {
      if (errno != EAGAIN) throw_errno(name);
      // Standard input may be a pipe that its other user has made non-blocking.
      pollfd waiting{fd, POLLIN, 0};
      ::poll(&waiting, 1, -1);
      continue;
    }
    if (static_cast<std::uint64_t>(got) > limit - length) fail(EFBIG, name);
    length += static_cast<std::size_t>(got);
  }
  content.resize(length);
  // Of a short one, little more than it has is kept.
  if (content.capacity() > 2 * length + 64) content.shrink_to_fit();
  return content;
}
}  // namespace fromhost::core
