// SPDX-License-Identifier: Apache-2.0
// Opening a path below a directory as if chrooted there. The directory's owner may change it while we look:
// only descriptors that are open already are trusted, never a path a second time.
#include "core/host/resolve_in_root.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fromhost::core {
namespace {

constexpr int kRacedTries = 128;  // libpathrs: 0.12 % failures under rename spam on 16 cores
constexpr int kMostLinks = 40;    // as the kernel's MAXSYMLINKS
constexpr long kProcMagic = 0x9fa0;

/// What a link points to; false and errno on failure.
bool read_link(int link, std::string& target) {
  char text[PATH_MAX];
  const ssize_t length = ::readlinkat(link, "", text, sizeof text);
  if (length < 0) return false;
  target.assign(text, static_cast<std::size_t>(length));
  return true;
}

/// The path's components in reverse, so that the next one is at the back. A trailing slash leaves an empty
/// one at the very end: the last component must then be a directory, and its link is followed.
void push_components(std::string_view path, std::vector<std::string>& todo) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin < path.size()) {
    std::size_t end = path.find('/', begin);
    if (end == std::string_view::npos) end = path.size();
    if (end > begin) parts.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  if (todo.empty() && !parts.empty() && path.back() == '/') todo.emplace_back();
  todo.insert(todo.end(), parts.rbegin(), parts.rend());
}

bool is_procfs(int fd) {
  struct statfs facts;
  return ::fstatfs(fd, &facts) == 0 && facts.f_type == kProcMagic;
}

}  // namespace

UniqueFd open_by_walking(int root, const char* path, int flags) {
  std::vector<UniqueFd> above;  // the open directories from the root down; ".." pops, and never opens ".."
  std::vector<std::string> todo;
  if (std::strlen(path) >= PATH_MAX) {
    errno = ENAMETOOLONG;
    return UniqueFd();
  }
  push_components(path, todo);
  int links = 0;
  const auto here = [&] { return above.empty() ? root : above.back().get(); };
  while (!todo.empty()) {
    const std::string name = std::move(todo.back());
    todo.pop_back();
    if (name.empty()) continue;
    const bool slash = todo.size() == 1 && todo.back().empty();
    const bool last = todo.empty() || slash;
    if (name == "." || name == "..") {
      // Either takes the right to search the directory, as in the kernel's own walk.
      if (!UniqueFd(::openat(here(), ".", O_PATH | O_CLOEXEC))) return UniqueFd();
      if (name == ".." && !above.empty()) above.pop_back();
      continue;
    }
    UniqueFd next(::openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return UniqueFd();
    struct stat facts;
    if (::fstat(next.get(), &facts) != 0) return UniqueFd();
    if (S_ISLNK(facts.st_mode) && !(last && !slash && (flags & O_NOFOLLOW))) {
      std::string target;
      // procfs links can lead anywhere without saying so; RESOLVE_NO_MAGICLINKS answers ELOOP, too.
      if (++links > kMostLinks || is_procfs(next.get())) {
        errno = ELOOP;
        return UniqueFd();
      }
      if (!read_link(next.get(), target)) return UniqueFd();
      if (target.empty()) {
        errno = ENOENT;
        return UniqueFd();
      }
      if (target.front() == '/') above.clear();
      push_components(target, todo);
      continue;
    }
    if (!S_ISDIR(facts.st_mode) && (!last || slash || (flags & O_DIRECTORY))) {
      errno = ENOTDIR;
      return UniqueFd();
    }
    if (last) {
      if (flags & O_PATH) return next;
      // The name may have become a link since: O_NOFOLLOW makes that an error instead of a way out.
      return UniqueFd(::openat(here(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
    }
    above.push_back(std::move(next));
  }
  return UniqueFd(::openat(here(), ".", flags | O_CLOEXEC));
}

UniqueFd open_in_root(int root, const char* path, int flags) {
  struct open_how how;
  std::memset(&how, 0, sizeof how);
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  while (*path == '/') ++path;
  if (*path == '\0') path = ".";
  for (int tries = 0;; ++tries) {
    const long fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    // EAGAIN: a rename somewhere raced with the resolution; the kernel asks us to try again.
    if (errno == EAGAIN && tries < kRacedTries) continue;
    // ENOSYS: before Linux 5.6. EPERM: a seccomp filter that does not know the call; openat2 itself gives
    // EPERM only for O_NOATIME and sealed files, which we do not ask for.
    if (errno == ENOSYS || errno == EPERM) return open_by_walking(root, path, flags);
    return UniqueFd();
  }
}

std::optional<std::string> path_of(int fd) {
  char text[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(link.c_str(), text, sizeof text);
  if (length <= 0 || static_cast<std::size_t>(length) == sizeof text) return std::nullopt;
  return std::string(text, static_cast<std::size_t>(length));
}

std::optional<std::string> path_below(int root, int fd) {
  const auto top = path_of(root), path = path_of(fd);
  if (!top || !path) return std::nullopt;
  if (*top == "/") return path;
  if (*path == *top) return "/";
  if (path->compare(0, top->size() + 1, *top + "/") != 0) return std::nullopt;
  return path->substr(top->size());
}

namespace {

/// Calls `visit` for each entry but . and .., in the directory's order.
template <typename Visit>
void visit_entries(UniqueFd fd, const Visit& visit) {
  if (!fd) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(fd.get()), ::closedir);
  if (!directory) return;
  fd.release();
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") visit(*entry);
  }
}

}  // namespace

std::vector<std::string> list_directory(UniqueFd fd) {
  std::vector<std::string> names;
  visit_entries(std::move(fd), [&](const dirent& entry) { names.emplace_back(entry.d_name); });
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<ListedName> list_kinds(int directory) {
  std::vector<ListedName> listed;
  // Of its own, since reading moves an offset.
  UniqueFd own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  visit_entries(std::move(own), [&](const dirent& entry) {
    bool regular = entry.d_type == DT_REG;
    struct stat facts;
    if (entry.d_type == DT_UNKNOWN)
      regular =
          ::fstatat(directory, entry.d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(facts.st_mode);
    listed.push_back({entry.d_name, regular});
  });
  std::sort(listed.begin(), listed.end(),
            [](const ListedName& a, const ListedName& b) { return a.name < b.name; });
  return listed;
}

}  // namespace fromhost::core
