// SPDX-License-Identifier: Apache-2.0
// The file-changing calls of the apply stage, so that a test can fail the N-th of them. All are relative to
// open descriptors; all throw std::system_error with the call's name.
#pragma once

#include <sys/stat.h>
#include <time.h>

#include <string>

#include "core/apply/copy_contents.hpp"
#include "core/host/unique_fd.hpp"

namespace fromhost::core {

class FileOperations {
 public:
  virtual ~FileOperations() = default;
  /// A new, empty file of mode 0600, open for writing; EEXIST where the name is taken.
  virtual UniqueFd create(int directory, const std::string& name);
  /// As copy_contents() promises. Like all that copy_file() calls, by several threads at once.
  virtual void copy(int from, int to, const PieceCopied& copied);
  virtual void write(int to, const std::string& bytes);
  virtual void make_directory(int parent, const std::string& name, mode_t mode);
  virtual void make_link(int directory, const std::string& name, const std::string& target);
  virtual void rename(int from, const std::string& old_name, int to, const std::string& new_name);
  virtual void hard_link(int from, const std::string& old_name, int to, const std::string& new_name);
  virtual void remove(int directory, const std::string& name);
  virtual void remove_directory(int parent, const std::string& name);
  /// Waits until a file's bytes, or a directory's names, are on disk.
  virtual void sync(int fd);
  virtual void change_mode(int fd, mode_t mode);
  /// Gives the file to this user and group; false where we may not.
  virtual bool change_owner(int fd, uid_t user, gid_t group);
  virtual void change_times(int fd, const struct timespec& access, const struct timespec& modification);
  /// Sets an extended attribute; false where the file system or our rights do not have it.
  virtual bool set_attribute(int fd, const std::string& name, const std::string& value);
};

}  // namespace fromhost::core
