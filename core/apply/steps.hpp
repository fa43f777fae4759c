// SPDX-License-Identifier: Apache-2.0
// Doing the steps of a journal, and taking them back: for the run that wrote it, or for the one after a
// crash.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/apply/file_operations.hpp"
#include "core/apply/journal.hpp"
#include "core/image/image_root.hpp"

namespace fromhost::core {

class Steps {
 public:
  /// `work` is the open work directory. All must outlive it.
  Steps(const ImageRoot& image, FileOperations& files, int work, const Journal& journal)
      : image_(image), files_(files), work_(work), journal_(journal) {}

  /// Throws std::system_error.
  void apply(const JournalStep& step);
  /// Takes back whatever was done, last first; then modes and times of all directories but the root, in which
  /// the work directory still is. Knows by the names in the work directory
  /// how far it came, so it may itself be interrupted and done again. Goes on after a failure; returns what
  /// could not be done, in words.
  std::vector<std::string> roll_back();
  /// After the commit: replaced versions go to the archive, modes are as they were (the root's aside). Throws
  /// std::system_error. May be done again.
  void finish();
  /// Waits until the directories of the image that changed are on disk.
  void sync();

 private:
  int directory(const ImagePath& path);
  void make_writable(const ImagePath& path);
  void undo(const JournalStep& step);
  void remove_if_empty(int parent, const std::string& name);
  bool in_work(const std::string& name) const;

  const ImageRoot& image_;
  FileOperations& files_;
  int work_;
  const Journal& journal_;
  std::map<ImagePath, UniqueFd> open_;
};

}  // namespace fromhost::core
