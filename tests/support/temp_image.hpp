// SPDX-License-Identifier: Apache-2.0
// Images for tests, built in speech, in a directory that goes away with them; and what is in one, as text.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/host/resolve_in_root.hpp"
#include "core/image/image_root.hpp"

namespace fromhost::test {

inline void must(int result, const std::string& what) {
  if (result != 0) throw std::system_error(errno, std::generic_category(), what);
}

/// A new directory below $TMPDIR; removed at the end, whatever modes were set in it.
class TempDirectory {
 public:
  TempDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "fromhost_test.XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::system_error(errno, std::generic_category(), name);
    path_ = name;
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() {
    open_up(path_);
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  static void open_up(const std::filesystem::path& directory) {
    ::chmod(directory.c_str(), 0700);
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error))
      if (entry->symlink_status().type() == std::filesystem::file_type::directory) open_up(entry->path());
  }
  std::filesystem::path path_;
};

/// What tree() compares beside names, types, modes, owners, contents, link targets and user attributes.
struct Times {
  bool of_directories = false;
  bool of_files = false;
};

namespace detail {

inline std::string shown(std::string_view bytes) {
  if (bytes.size() > 60) {
    std::uint64_t hash = 14695981039346656037u;  // FNV-1a
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    std::ostringstream text;
    text << '#' << std::hex << hash;
    return text.str();
  }
  std::string text = "'";
  for (const char c : bytes) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
      text += c;
    } else {
      char coded[8];
      std::snprintf(coded, sizeof coded, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      text += coded;
    }
  }
  return text + "'";
}

inline std::string user_attributes(const std::string& path) {
  std::string names(65536, '\0');
  const ssize_t size = ::llistxattr(path.c_str(), names.data(), names.size());
  if (size <= 0) return "";
  names.resize(static_cast<std::size_t>(size));
  std::vector<std::string> found;
  for (std::size_t begin = 0; begin < names.size();) {
    const std::string name = names.c_str() + begin;
    begin += name.size() + 1;
    if (name.compare(0, 5, "user.") != 0) continue;
    char value[4096];
    const ssize_t length = ::lgetxattr(path.c_str(), name.c_str(), value, sizeof value);
    found.push_back(name + "=" +
                    shown({value, length > 0 ? static_cast<std::size_t>(length) : std::size_t{0}}));
  }
  std::sort(found.begin(), found.end());
  std::string text;
  for (const std::string& one : found) text += " " + one;
  return text;
}

inline std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "(unreadable)";
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return std::to_string(bytes.str().size()) + " " + shown(bytes.str());
}

inline void describe(const std::string& root, const std::string& path, const Times& times,
                     std::string& text) {
  const std::string full = root + path;
  struct stat facts;
  must(::lstat(full.c_str(), &facts), full);
  char line[128];
  const bool is_directory = S_ISDIR(facts.st_mode);
  const char type = is_directory              ? 'd'
                    : S_ISREG(facts.st_mode)  ? 'f'
                    : S_ISLNK(facts.st_mode)  ? 'l'
                    : S_ISFIFO(facts.st_mode) ? 'p'
                    : S_ISSOCK(facts.st_mode) ? 's'
                                              : '?';
  std::snprintf(line, sizeof line, " %c %04o %u:%u", type, static_cast<unsigned>(facts.st_mode & 07777),
                static_cast<unsigned>(facts.st_uid), static_cast<unsigned>(facts.st_gid));
  text += (path.empty() ? "/" : path) + line;
  if (S_ISREG(facts.st_mode)) text += " " + content_of(full);
  if (S_ISLNK(facts.st_mode)) text += " -> " + std::filesystem::read_symlink(full).string();
  if (!S_ISLNK(facts.st_mode)) text += user_attributes(full);
  if ((is_directory && times.of_directories) || (S_ISREG(facts.st_mode) && times.of_files))
    text += " @" + std::to_string(facts.st_mtim.tv_sec) + "." + std::to_string(facts.st_mtim.tv_nsec);
  text += '\n';
  if (!is_directory) return;
  for (const std::string& name :
       core::list_directory(core::UniqueFd(::open(full.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))))
    describe(root, path + "/" + name, times, text);
}

}  // namespace detail

/// One line for every entry below `root`, sorted: path, type, mode, owner, size and content (long ones as a
/// hash), link target, user attributes.
inline std::string tree_of(const std::string& root, Times times = {}) {
  std::string text;
  detail::describe(root, "", times, text);
  return text;
}

/// An image directory. Copies are the same image. Missing parent directories are made, of mode 0755.
class TempImage {
 public:
  TempImage() : directory_(std::make_shared<TempDirectory>()) {
    make_directory(root());
    // The image is ours; what is beside it is not, and must never change.
    make_directory(beside("outside"));
    write(beside("outside/kept"), "kept\n", 0644);
  }

  /// A text that stands for a library: where nobody looks inside, it need not be one.
  TempImage& with_library(const std::string& path) { return with_file(path, "library " + path + "\n", 0755); }
  TempImage& with_file(const std::string& path, const std::string& content = "", mode_t mode = 0644) {
    make_parents(path);
    write(at(path), content, mode);
    return *this;
  }
  TempImage& with_directory(const std::string& path, mode_t mode = 0755) {
    make_parents(path);
    if (!std::filesystem::is_directory(at(path))) make_directory(at(path));
    must(::chmod(at(path).c_str(), mode), path);
    return *this;
  }
  TempImage& with_link(const std::string& path, const std::string& target) {
    make_parents(path);
    must(::symlink(target.c_str(), at(path).c_str()), path);
    return *this;
  }
  TempImage& with_fifo(const std::string& path) {
    make_parents(path);
    must(::mkfifo(at(path).c_str(), 0644), path);
    return *this;
  }
  TempImage& with_mode(const std::string& path, mode_t mode) {
    must(::chmod(at(path).c_str(), mode), path);
    return *this;
  }
  TempImage& with_owner(const std::string& path, uid_t user, gid_t group) {
    must(::lchown(at(path).c_str(), user, group), path);
    return *this;
  }
  TempImage& with_attribute(const std::string& path, const std::string& name, const std::string& value) {
    must(::setxattr(at(path).c_str(), name.c_str(), value.data(), value.size(), 0), path);
    return *this;
  }
  /// Gives every entry a time long ago, so that a later change of it shows.
  TempImage& with_old_times() {
    make_old(root());
    return *this;
  }

  std::string root() const { return (directory_->path() / "image").string(); }
  /// A path on this machine for one inside the image; links are not thought of.
  std::string at(const std::string& path) const { return root() + path; }
  /// A path next to the image directory, so outside of it. "outside" is a directory that is there.
  std::string beside(const std::string& name) const { return (directory_->path() / name).string(); }
  core::ImageRoot open() const { return core::ImageRoot::open(root()); }

  std::string tree(Times times = {}) const { return tree_of(root(), times); }
  /// What is outside the image but near enough to be hit.
  std::string outside() const { return tree_of(beside("outside"), {true, true}); }

  struct stat status(const std::string& path) const {
    struct stat facts;
    must(::lstat(at(path).c_str(), &facts), path);
    return facts;
  }
  std::string content(const std::string& path) const {
    std::ifstream file(at(path), std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
  }

 private:
  static void make_directory(const std::string& path) {
    must(::mkdir(path.c_str(), 0755), path);
    must(::chmod(path.c_str(), 0755), path);
  }
  static void write(const std::string& path, const std::string& content, mode_t mode) {
    std::ofstream file(path, std::ios::binary);
    file << content;
    file.close();
    if (!file) throw std::runtime_error("cannot write " + path);
    must(::chmod(path.c_str(), mode), path);
  }
  void make_parents(const std::string& path) const {
    for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
      if (const std::string parent = at(path.substr(0, slash)); !std::filesystem::is_directory(parent))
        make_directory(parent);
  }
  static void make_old(const std::string& path) {
    struct stat facts;
    must(::lstat(path.c_str(), &facts), path);
    if (S_ISDIR(facts.st_mode))
      for (const std::string& name :
           core::list_directory(core::UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))))
        make_old(path + "/" + name);
    const struct timespec long_ago = {1'000'000'000, 123'000'000};
    const struct timespec times[2] = {long_ago, long_ago};
    must(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), path);
  }
  std::shared_ptr<TempDirectory> directory_;
};

}  // namespace fromhost::test
