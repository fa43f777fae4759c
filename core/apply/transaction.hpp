// SPDX-License-Identifier: Apache-2.0
// The image's change: all of the plan, or nothing.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/apply/copy_file.hpp"
#include "core/apply/file_operations.hpp"
#include "core/host/host_system.hpp"
#include "core/image/image_root.hpp"
#include "core/plan/plan.hpp"

namespace fromhost::core {

/// Stages everything below ch/fromhost of the image, then renames into place and keeps what was there. Until
/// commit(), the destructor gives back the old image: names, types, modes, contents, links, and the times of
/// directories. (A run that is killed leaves its traces: the journal for that is not there yet.) All
/// functions throw std::system_error, which names the call, or Error (stage apply), which names the file.
class Transaction {
 public:
  /// `image` and `files` must outlive it. Does nothing yet.
  Transaction(const ImageRoot& image, FileOperations& files);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  /// Copies every file of the plan into a staging directory; nothing of it is visible yet. Returns what was
  /// dropped of whose attributes, in words for a warning.
  std::vector<std::string> stage(const Plan& plan, const HostSystem& host);
  /// Makes the plan's directories and renames everything staged to its name.
  void apply(const Plan& plan);
  /// Remembers what ldconfig may change: soname links in `directories`, the cache, its auxiliary cache.
  void expect_ldconfig(const std::vector<ImagePath>& directories);
  /// The change stands; what was kept for the way back is removed.
  void commit();

 private:
  struct Directory;
  struct Undo;
  struct Links;

  Directory& directory(const ImagePath& path);
  Directory& remember(UniqueFd fd);
  Directory& make_directories(const ImagePath& path, std::vector<Undo>& undo);
  void make_writable(Directory& directory);
  void open_staging();
  void put_in_place(std::size_t number, Directory& to, const std::string& name);
  std::string set_aside_name() { return "o" + std::to_string(set_aside_++); }
  void keep(Directory& directory, const std::string& name);
  void roll_back() noexcept;
  void undo(const Undo& step);
  void restore_links(Directory& directory, const Links& before);
  void clean_up(bool keep_changes) noexcept;

  const ImageRoot& image_;
  FileOperations& files_;
  std::deque<Directory> directories_;  // stable addresses
  std::map<std::pair<dev_t, ino_t>, Directory*> by_identity_;
  std::map<ImagePath, Directory*> by_path_;
  std::vector<Undo> undo_;          // of visible changes, in the order in which they were made
  std::vector<Undo> undo_staging_;  // of the directories made for staging
  std::deque<Links> links_;
  Directory* staging_ = nullptr;
  std::size_t set_aside_ = 0;
  bool open_ = false;  // something was changed that is neither committed nor rolled back
};

}  // namespace fromhost::core
