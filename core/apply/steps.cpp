// SPDX-License-Identifier: Apache-2.0
// Apply: one step forward, one step back. A directory is resolved inside the image once and then held; names
// below it are never paths.
#include "core/apply/steps.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

#include "core/error.hpp"
#include "core/file_times.hpp"
#include "core/manifest/manifest.hpp"

namespace fromhost::core {
namespace {

using Kind = JournalStep::Kind;

std::optional<struct stat> stat_at(int directory, const std::string& name) {
  struct stat facts;
  if (::fstatat(directory, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0) return facts;
  if (errno == ENOENT) return std::nullopt;
  throw_errno("stat");
}

/// On the way back, a call that failed for a moment (a network file system's server) is worth a second try.
template <typename Body>
void twice(Body body) {
  try {
    body();
  } catch (const std::system_error&) {
    body();
  }
}

}  // namespace

int Steps::directory(const ImagePath& path) {
  UniqueFd& fd = open_[path];
  if (!fd) {
    UniqueFd opened = image_.open_directory(path);
    // The journal may be a stranger's, and what is mounted in the image is none of the image.
    if (!image_.is_in_own_mount(opened.get()))
      throw std::system_error(EXDEV, std::generic_category(), path.text());
    fd = std::move(opened);
  }
  return fd.get();
}

bool Steps::in_work(const std::string& name) const {
  return !name.empty() && stat_at(work_, name).has_value();
}

void Steps::make_writable(const ImagePath& path) {
  const int fd = directory(path);
  if (::faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0 || errno != EACCES) return;
  struct stat facts;
  if (::fstat(fd, &facts) != 0 || facts.st_uid != ::geteuid()) return;  // the write itself will say why not
  files_.change_mode(fd, (facts.st_mode & 07777) | 0300);
}

/// Otherwise somebody else's files are in it by now.
void Steps::remove_if_empty(int parent, const std::string& name) {
  try {
    files_.remove_directory(parent, name);
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::directory_not_empty && error.code() != std::errc::file_exists) throw;
  }
}

void Steps::apply(const JournalStep& step) {
  make_writable(step.directory);
  const int fd = directory(step.directory);
  switch (step.kind) {
    case Kind::make_directory: {
      files_.make_directory(fd, step.name, 0755);
      const UniqueFd made(::openat(fd, step.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!made) throw_errno("open");
      files_.change_mode(made.get(), 0755);  // whatever the umask says
      return;
    }
    case Kind::remove_directory:
      remove_if_empty(fd, step.name);
      open_.erase(step.directory / step.name);  // one that is made again is another
      return;
    case Kind::remove:
      files_.rename(fd, step.name, work_, step.kept);
      return;
    case Kind::place:
      break;
  }
  if (!step.kept.empty()) try {
      files_.hard_link(fd, step.name, work_, step.kept);
    } catch (const std::system_error& error) {
      // fs.protected_hardlinks: another's file cannot be linked, but the directory's owner may move it away.
      const int code = error.code().value();
      if (code != EPERM && code != EMLINK && code != ENOTSUP) throw;
      files_.rename(fd, step.name, work_, step.kept);
    }
  files_.rename(work_, step.fresh, fd, step.name);
}

void Steps::undo(const JournalStep& step) {
  int fd = -1;
  try {
    fd = directory(step.directory);
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::no_such_file_or_directory) return;  // it was not made yet, or not any more
    throw;
  }
  const auto present = stat_at(fd, step.name);
  switch (step.kind) {
    case Kind::make_directory:
      if (present && S_ISDIR(present->st_mode)) remove_if_empty(fd, step.name);
      return;
    case Kind::remove_directory: {
      if (present) return;
      files_.make_directory(fd, step.name, 0700);
      const UniqueFd made(::openat(fd, step.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!made) throw_errno("open");
      files_.change_owner(made.get(), step.user, step.group);
      files_.change_mode(made.get(), step.mode & 0777);
      return;
    }
    case Kind::place:
    case Kind::remove:
      break;
  }
  if (step.kept.empty()) {
    // What was to be placed is gone from the work directory: it was placed.
    if (present && !in_work(step.fresh)) files_.remove(fd, step.name);
    return;
  }
  const auto kept = stat_at(work_, step.kept);
  if (!kept) return;
  // Two names of one file: nothing was renamed over it yet, and rename() would do nothing.
  if (present && same_file(*kept, *present))
    files_.remove(work_, step.kept);
  else
    files_.rename(work_, step.kept, fd, step.name);
}

std::vector<std::string> Steps::roll_back() {
  std::vector<std::string> failures;
  const auto attempt = [&](const std::string& what, auto body) {
    try {
      twice(body);
    } catch (const std::system_error& error) {
      failures.push_back(what + ": " + cause_of(error));
    }
  };
  for (auto step = journal_.steps.rbegin(); step != journal_.steps.rend(); ++step)
    attempt((step->directory / step->name).text(), [&] { undo(*step); });
  for (const JournalDirectory& one : journal_.directories)
    if (!one.path.is_root())
      attempt(one.path.text(), [&] {
        const int fd = directory(one.path);
        struct stat now;
        if (::fstat(fd, &now) != 0) throw_errno("stat");
        if ((now.st_mode & 07777) != one.mode) files_.change_mode(fd, one.mode);
        if (now.st_uid == ::geteuid() || ::geteuid() == 0)
          files_.change_times(fd, from_nanoseconds(one.access), from_nanoseconds(one.modification));
      });
  return failures;
}

void Steps::finish() {
  for (const JournalStep& step : journal_.steps) {
    if (step.archive.empty() || !in_work(step.kept)) continue;
    const int archive = directory(ImagePath(kArchive));
    make_writable(ImagePath(kArchive));
    files_.rename(work_, step.kept, archive, step.archive);
  }
  for (const JournalDirectory& one : journal_.directories) {
    if (one.path.is_root()) continue;
    const UniqueFd fd = image_.open_at(one.path, O_RDONLY | O_DIRECTORY);
    struct stat now;
    if (!fd || ::fstat(fd.get(), &now) != 0) continue;  // gone with this transaction, or since
    if (!image_.is_in_own_mount(fd.get())) continue;
    if ((now.st_mode & 07777) != one.mode) files_.change_mode(fd.get(), one.mode);
    if (!one.changed && (now.st_uid == ::geteuid() || ::geteuid() == 0))
      files_.change_times(fd.get(), from_nanoseconds(one.access), from_nanoseconds(one.modification));
  }
}

void Steps::sync() {
  for (const auto& [path, fd] : open_)
    if (fd) files_.sync(fd.get());
}

}  // namespace fromhost::core
