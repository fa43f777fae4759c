// SPDX-License-Identifier: Apache-2.0
// The seam to the image: a directory descriptor. Whatever is inside is opened relative to it, and links are
// followed as in a chroot: an absolute one starts at the image's root, ".." stops there. The image may be
// hostile.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/host/unique_fd.hpp"
#include "core/paths.hpp"

namespace fromhost::core {

class ImageRoot {
 public:
  /// Throws Error "image not a directory: X". `path` is kept as given, for messages.
  static ImageRoot open(const std::string& path);

  const std::string& path() const { return path_; }  ///< as the person typed it
  int fd() const { return fd_.get(); }
  /// Where the image is now, for commands that need a path.
  std::string absolute_path() const;

  /// Opens below the root, links followed inside it. `flags` as for openat(2), O_CLOEXEC added; no O_CREAT.
  /// An invalid descriptor and errno on failure.
  UniqueFd open_at(const ImagePath& path, int flags) const;
  /// A directory for reading and for *at() calls; throws std::system_error.
  UniqueFd open_directory(const ImagePath& path) const;
  /// Links followed; nullopt where it leads nowhere.
  std::optional<struct stat> stat(const ImagePath& path) const;
  /// The last component's link is not followed.
  std::optional<struct stat> lstat(const ImagePath& path) const;
  bool is_directory(const ImagePath& path) const;
  /// Is an open directory below the root in the root's mount? Elsewhere is none of the image: be it a bind
  /// mount of a directory of the same file system. Throws std::system_error.
  bool is_in_own_mount(int directory) const;
  /// Has none of the directories by which an unpacked image is known: an empty directory, one that holds
  /// images, or part of one.
  bool looks_like_no_image() const;
  /// A regular file's bytes; nullopt where there is none, it is no regular file, or is larger than `limit`.
  std::optional<std::string> read_file(const ImagePath& path, std::uint64_t limit) const;
  /// Where a symbolic link says that it leads; empty where there is none.
  std::string link_target(const ImagePath& path) const;
  /// Names in a directory, sorted, without . and ..; empty where there is none.
  std::vector<std::string> list(const ImagePath& path) const;
  /// Where a path leads after all links, as a path inside the image; nullopt where it leads nowhere. For
  /// comparing and for people; to open, use the other functions with the path as it was.
  std::optional<ImagePath> resolve(const ImagePath& path) const;

 private:
  ImageRoot(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  UniqueFd fd_;
};

/// True if both describe one file.
inline bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace fromhost::core
