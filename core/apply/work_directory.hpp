// SPDX-License-Identifier: Apache-2.0
// The directory in an image where a run stages, keeps and journals; and what a dead run left in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/apply/file_operations.hpp"
#include "core/apply/journal.hpp"
#include "core/image/image_root.hpp"

namespace fromhost::core {

/// A directory of mode 0700 right in the image's root, so that making it touches no other directory. Its name
/// says what the root's mode and times were: of a run that was killed, the next one knows them.
class WorkDirectory {
 public:
  /// Makes it; the root's mode is widened for that where the root is ours. Throws std::system_error.
  static WorkDirectory make(const ImageRoot& image, FileOperations& files);
  /// What runs have left that were killed; under the image's lock there is no other. Throws Error where one
  /// belongs to somebody whose word does not count: not ours, nor the image's owner's.
  static std::vector<WorkDirectory> left_behind(const ImageRoot& image, FileOperations& files);
  /// Is there one whose word counts, of a run that is dead or at work?
  static bool any(const ImageRoot& image);

  int fd() const { return fd_.get(); }
  ImagePath path() const { return ImagePath(name_); }
  const JournalDirectory& root() const { return root_; }  ///< the image's root as it was
  /// A regular file of ours in it; nullopt where there is none.
  std::optional<std::string> read(const std::string& name) const;
  bool has(const std::string& name) const;
  /// Removes it with all that it holds, and gives the root its mode, and its times unless `root_changed`.
  /// Throws std::system_error.
  void remove(bool root_changed);

 private:
  WorkDirectory(const ImageRoot& image, FileOperations& files, std::string name, JournalDirectory root)
      : image_(&image), files_(&files), name_(std::move(name)), root_(std::move(root)) {}
  /// Opens one by name; says why its word does not count, "" where it does.
  std::string open(const struct stat& image_root);
  const ImageRoot* image_;
  FileOperations* files_;
  std::string name_;
  JournalDirectory root_;
  UniqueFd fd_;
};

}  // namespace fromhost::core
