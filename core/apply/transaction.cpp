// SPDX-License-Identifier: Apache-2.0
// Apply: stage, rename, and the way back. Whatever is touched is reached through directory descriptors that
// were resolved inside the image once; names below them are never paths.
#include "core/apply/transaction.hpp"

#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

#include "core/apply/interruption.hpp"
#include "core/error.hpp"
#include "core/host/resolve_in_root.hpp"
#include "core/log.hpp"

namespace fromhost::core {

/// A directory of the image that we may write in, as it was before.
struct Transaction::Directory {
  UniqueFd fd;
  struct stat before;
  bool made = false;     ///< by this run
  bool changed = false;  ///< holds something new that stays
  bool made_writable = false;
};

/// The symbolic links and empty files in a library directory that ldconfig may replace.
struct Transaction::Links {
  Directory* directory;
  std::map<std::string, std::string> targets;  // by name
};

/// How one change is taken back.
struct Transaction::Undo {
  enum class Kind { remove, restore, remove_directory, restore_links };
  Kind kind;
  Directory* directory;
  std::string name;
  std::string kept;  // restore: its name in the staging directory
  const Links* links = nullptr;
};

namespace {

std::optional<struct stat> stat_at(int directory, const std::string& name) {
  struct stat facts;
  if (::fstatat(directory, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0) return facts;
  return std::nullopt;
}

std::string link_at(int directory, const std::string& name) {
  char target[PATH_MAX];
  const ssize_t length = ::readlinkat(directory, name.c_str(), target, sizeof target);
  return length > 0 ? std::string(target, static_cast<std::size_t>(length)) : "";
}

bool ldconfig_looks_at(const std::string& name) {
  return ::fnmatch("lib*.so*", name.c_str(), 0) == 0 || ::fnmatch("ld*.so*", name.c_str(), 0) == 0;
}

std::vector<std::string> names_in(const UniqueFd& directory) {
  // A descriptor of its own: readdir's position belongs to the open file description.
  UniqueFd own(::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Taken for empty, all links of a library directory would be removed on the way back.
  if (!own) throw std::system_error(errno, std::generic_category(), "open");
  return list_directory(std::move(own));
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

Error cannot(const std::string& what, const std::system_error& error) {
  const int code = error.code().value();
  return Error({Stage::apply, what, cause_of(error),
                code == ENOSPC || code == EDQUOT ? "the image is as it was" : ""});
}

}  // namespace

Transaction::Transaction(const ImageRoot& image, FileOperations& files) : image_(image), files_(files) {}

Transaction::~Transaction() {
  if (open_) roll_back();
}

Transaction::Directory& Transaction::remember(UniqueFd fd) {
  struct stat facts;
  if (::fstat(fd.get(), &facts) != 0) throw std::system_error(errno, std::generic_category(), "stat");
  Directory*& known = by_identity_[{facts.st_dev, facts.st_ino}];
  if (!known) known = &directories_.emplace_back(Directory{std::move(fd), facts});
  return *known;
}

Transaction::Directory& Transaction::directory(const ImagePath& path) {
  Directory*& known = by_path_[path];
  if (!known) known = &remember(image_.open_directory(path));
  return *known;
}

void Transaction::make_writable(Directory& directory) {
  if (::faccessat(directory.fd.get(), ".", W_OK | X_OK, AT_EACCESS) == 0) return;
  if (errno != EACCES || directory.before.st_uid != ::geteuid()) return;  // the write itself will say why not
  files_.change_mode(directory.fd.get(), (directory.before.st_mode & 07777) | 0300);
  directory.made_writable = true;
}

Transaction::Directory& Transaction::make_directories(const ImagePath& path, std::vector<Undo>& undo) {
  if (path.is_root() || image_.is_directory(path)) return directory(path);
  Directory& parent = make_directories(path.parent(), undo);
  const std::string name(path.name());
  make_writable(parent);
  files_.make_directory(parent.fd.get(), name, 0755);
  if (&undo == &undo_) parent.changed = true;
  undo.push_back({Undo::Kind::remove_directory, &parent, name, ""});
  UniqueFd fd(::openat(parent.fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) throw std::system_error(errno, std::generic_category(), "open");
  Directory& made = remember(std::move(fd));
  made.made = true;
  files_.change_mode(made.fd.get(), 0755);  // whatever the umask says
  return made;
}

void Transaction::open_staging() {
  open_ = true;
  const ImagePath path("/ch/fromhost");
  Directory& parent = make_directories(path, undo_staging_);
  make_writable(parent);
  // A name of our own: another run may be at work, or one that was killed may have left its own behind.
  std::string name;
  for (int attempt = 0;; ++attempt) try {
      name = "staging-" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
      files_.make_directory(parent.fd.get(), name, 0700);
      break;
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::file_exists || attempt == 1000) throw;
    }
  undo_staging_.push_back({Undo::Kind::remove_directory, &parent, name, ""});
  UniqueFd fd(::openat(parent.fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) throw std::system_error(errno, std::generic_category(), "open");
  staging_ = &remember(std::move(fd));
  staging_->made = true;
}

std::vector<std::string> Transaction::stage(const Plan& plan, const HostSystem& host) {
  std::vector<std::string> dropped;
  try {
    open_staging();
  } catch (const std::system_error& error) {
    throw cannot("cannot write: " + image_.path() + "/ch/fromhost", error);
  }
  std::size_t number = 0;
  const int staging = staging_->fd.get();
  for (const PlannedFile& file : plan.files) try {
      throw_if_interrupted();
      const UniqueFd from = host.open_file(file.source);
      for (const std::string& what : copy_file(files_, from.get(), staging, "n" + std::to_string(number++)))
        dropped.push_back(file.source.text() + ": " + what + " not kept");
    } catch (const std::system_error& error) {
      throw cannot("cannot inject: " + file.source.text(), error);
    }
  for (const PlannedText& text : plan.texts) try {
      const auto old = image_.stat(text.path);
      const UniqueFd to = files_.create(staging, "n" + std::to_string(number++));
      files_.write(to.get(), text.content);
      if (old) files_.change_owner(to.get(), old->st_uid, old->st_gid);
      files_.change_mode(to.get(), old ? old->st_mode & 0777 : 0644);
    } catch (const std::system_error& error) {
      throw cannot("cannot write: " + text.path.text(), error);
    }
  for (const PlannedLink& link : plan.links) try {
      files_.make_link(staging, "n" + std::to_string(number++), link.target);
    } catch (const std::system_error& error) {
      throw cannot("cannot write: " + link.path.text(), error);
    }
  return dropped;
}

void Transaction::put_in_place(std::size_t number, Directory& to, const std::string& name) {
  make_writable(to);
  to.changed = true;
  Undo undo{Undo::Kind::remove, &to, name, ""};
  if (stat_at(to.fd.get(), name)) {
    undo.kind = Undo::Kind::restore;
    undo.kept = set_aside_name();
    try {
      files_.hard_link(to.fd.get(), name, staging_->fd.get(), undo.kept);
      undo_.push_back(undo);
    } catch (const std::system_error& error) {
      // fs.protected_hardlinks: another's file cannot be linked, but the directory's owner may move it away.
      const int code = error.code().value();
      if (code != EPERM && code != EMLINK && code != ENOTSUP) throw;
      files_.rename(to.fd.get(), name, staging_->fd.get(), undo.kept);
      undo_.push_back(undo);
    }
    files_.rename(staging_->fd.get(), "n" + std::to_string(number), to.fd.get(), name);
    return;
  }
  files_.rename(staging_->fd.get(), "n" + std::to_string(number), to.fd.get(), name);
  undo_.push_back(undo);
}

void Transaction::apply(const Plan& plan) {
  std::size_t number = 0;
  const auto guarded = [](const ImagePath& path, auto body) {
    try {
      body();
    } catch (const std::system_error& error) {
      throw cannot("cannot write: " + path.text(), error);
    }
  };
  for (const PlannedDirectory& one : plan.directories)
    guarded(one.path, [&] { make_directories(one.path, undo_); });
  for (const PlannedFile& file : plan.files)
    guarded(file.directory / file.name, [&] {
      throw_if_interrupted();
      Directory& to =
          file.make_directory ? make_directories(file.directory, undo_) : directory(file.directory);
      put_in_place(number++, to, file.name);
    });
  for (const PlannedText& text : plan.texts)
    guarded(text.path, [&] {
      put_in_place(number++, make_directories(text.path.parent(), undo_), std::string(text.path.name()));
    });
  for (const PlannedLink& link : plan.links)
    guarded(link.path, [&] {
      put_in_place(number++, make_directories(link.path.parent(), undo_), std::string(link.path.name()));
    });
}

/// Keeps a copy of a file that ldconfig may write, or the knowledge that it was not there.
void Transaction::keep(Directory& directory, const std::string& name) {
  const auto facts = stat_at(directory.fd.get(), name);
  Undo undo{Undo::Kind::remove, &directory, name, ""};
  if (facts) {
    undo.kind = Undo::Kind::restore;
    undo.kept = set_aside_name();
    UniqueFd from;
    if (S_ISREG(facts->st_mode))
      from = UniqueFd(
          ::openat(directory.fd.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    // A copy, since nobody knows that this ldconfig does not write in place; what cannot be read can be
    // linked.
    if (from)
      copy_file(files_, from.get(), staging_->fd.get(), undo.kept);
    else
      files_.hard_link(directory.fd.get(), name, staging_->fd.get(), undo.kept);
  }
  undo_.push_back(undo);
}

void Transaction::expect_ldconfig(const std::vector<ImagePath>& directories) try {
  for (const ImagePath& path : directories) {
    if (!image_.is_directory(path)) continue;
    Directory& library_directory = directory(path);
    if (std::any_of(links_.begin(), links_.end(),
                    [&](const Links& l) { return l.directory == &library_directory; }))
      continue;  // one directory by two names, as /lib and /usr/lib
    make_writable(library_directory);
    library_directory.changed = true;
    Links& links = links_.emplace_back(Links{&library_directory, {}});
    for (const std::string& name : names_in(library_directory.fd)) {
      if (!ldconfig_looks_at(name)) continue;
      const auto facts = stat_at(library_directory.fd.get(), name);
      if (facts && S_ISLNK(facts->st_mode)) links.targets[name] = link_at(library_directory.fd.get(), name);
      if (facts && S_ISREG(facts->st_mode) && facts->st_size == 0) keep(library_directory, name);
    }
    undo_.push_back({Undo::Kind::restore_links, &library_directory, "", "", &links});
  }
  if (image_.is_directory(ImagePath("/etc"))) {
    Directory& etc = directory(ImagePath("/etc"));
    make_writable(etc);
    etc.changed = true;
    keep(etc, "ld.so.cache");
    keep(etc, "ld.so.cache~");
  }
  const ImagePath cache("/var/cache"), auxiliary = cache / "ldconfig";
  if (image_.is_directory(auxiliary)) {
    Directory& there = directory(auxiliary);
    there.changed = true;
    keep(there, "aux-cache");
    keep(there, "aux-cache~");
  } else if (image_.is_directory(cache)) {
    directory(cache).changed = true;
    undo_.push_back({Undo::Kind::remove_directory, &directory(cache), "ldconfig", ""});
  }
} catch (const std::system_error& error) {
  throw cannot("cannot prepare the image for ldconfig", error);
}

void Transaction::restore_links(Directory& directory, const Links& before) {
  const int fd = directory.fd.get();
  for (const std::string& name : names_in(directory.fd)) {
    const auto facts = stat_at(fd, name);
    if (!facts || !S_ISLNK(facts->st_mode) || !ldconfig_looks_at(name) || before.targets.count(name))
      continue;
    files_.remove(fd, name);
  }
  for (const auto& [name, target] : before.targets) {
    if (link_at(fd, name) == target) continue;
    const std::string made = set_aside_name();
    files_.make_link(staging_->fd.get(), made, target);
    files_.rename(staging_->fd.get(), made, fd, name);
  }
}

void Transaction::undo(const Undo& step) {
  const int fd = step.directory->fd.get();
  switch (step.kind) {
    case Undo::Kind::remove:
      if (stat_at(fd, step.name)) files_.remove(fd, step.name);
      return;
    case Undo::Kind::restore: {
      const auto kept = stat_at(staging_->fd.get(), step.kept);
      const auto present = stat_at(fd, step.name);
      // Two names of one file: nothing was renamed over it yet, and rename() would do nothing.
      if (!kept || (present && same_file(*kept, *present))) return;
      files_.rename(staging_->fd.get(), step.kept, fd, step.name);
      return;
    }
    case Undo::Kind::remove_directory: {
      const auto present = stat_at(fd, step.name);
      if (!present) return;
      const UniqueFd made(::openat(fd, step.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      // Only ldconfig's own directory can hold anything here that has no undo step of its own.
      if (made && step.name == "ldconfig")
        for (const std::string& name : names_in(made)) files_.remove(made.get(), name);
      files_.remove_directory(fd, step.name);
      return;
    }
    case Undo::Kind::restore_links:
      restore_links(*step.directory, *step.links);
      return;
  }
}

void Transaction::roll_back() noexcept {
  for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) try {
      twice([&] { undo(*step); });
    } catch (const std::exception& error) {
      spdlog::error("apply: cannot undo the change of {} in the image: {}", step->name, error.what());
    }
  undo_.clear();
  clean_up(false);
}

void Transaction::clean_up(bool keep_changes) noexcept {
  const auto attempt = [](const char* what, auto body) {
    try {
      twice(body);
    } catch (const std::exception& error) {
      spdlog::warn("apply: cannot {} in the image: {}", what, error.what());
    }
  };
  if (staging_)
    attempt("remove what was staged", [&] {
      for (const std::string& name : names_in(staging_->fd)) files_.remove(staging_->fd.get(), name);
    });
  for (auto step = undo_staging_.rbegin(); step != undo_staging_.rend(); ++step)
    attempt("remove the staging directory", [&] {
      try {
        undo(*step);
      } catch (const std::system_error& error) {
        // Files of the plan, or another run's staging directory.
        if (error.code() != std::errc::directory_not_empty) throw;
      }
    });
  undo_staging_.clear();
  for (Directory& one : directories_) {
    if (one.made && &one == staging_) continue;
    if (one.made_writable)
      attempt("restore a directory's mode",
              [&] { files_.change_mode(one.fd.get(), one.before.st_mode & 07777); });
    if ((!keep_changes || !one.changed) && !one.made &&
        (one.before.st_uid == ::geteuid() || ::geteuid() == 0))
      attempt("restore a directory's times",
              [&] { files_.change_times(one.fd.get(), one.before.st_atim, one.before.st_mtim); });
  }
  open_ = false;
}

void Transaction::commit() {
  throw_if_interrupted();
  undo_.clear();
  clean_up(true);
}

}  // namespace fromhost::core
