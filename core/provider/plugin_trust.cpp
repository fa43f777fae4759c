// SPDX-License-Identifier: Apache-2.0
// Provider: whom root trusts. Looks, and loads nothing.
#include "core/provider/plugin_trust.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <filesystem>
#include <fstream>

#include "core/error.hpp"

namespace fromhost::core {
namespace {

constexpr int kMostLinks = 40;

bool is_ours(const struct stat& facts) {
  return facts.st_uid == 0 || facts.st_uid == ::geteuid();
}

/// Access control lists count as well: with one, the group's bits are the most that it grants anybody.
bool others_write(const struct stat& facts) {
  return (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

constexpr const char* kWayOut = "; put it where only root can write";

std::string belongs_to_another(const std::string& path) {
  return path + " belongs to another user" + kWayOut;
}

std::string can_be_written(const std::string& path) {
  return path + " can be written by others" + kWayOut;
}

/// "": nobody else can change what `name`, a directory, is or which entries it has, except that in a sticky
/// one others may make entries of their own. `last`: the file itself is in it, or a link to it; there, not
/// even that.
std::string fault_of_directory(const std::string& path, const struct stat& facts, bool last) {
  if (!is_ours(facts)) return belongs_to_another(path);
  if (others_write(facts) && (last || !(facts.st_mode & S_ISVTX))) return can_be_written(path);
  return "";
}

}  // namespace

bool plugins_need_trust() {
  if (::geteuid() != 0) return false;
  // A map of one user: everybody else's files count as nobody's, and "root" has that one user's rights.
  std::ifstream map("/proc/self/uid_map");
  unsigned long long inside = 0, outside = 0, count = 0, more = 0;
  return !(map >> inside >> outside >> count) || count != 1 || (map >> more);
}

// What was looked at by its name is then loaded by its name. Nobody but root can make that another file in
// between: the name, every directory and every link on the way were found to be root's alone. Loading
// /proc/self/fd/N instead would bind the look to the file, but the loader takes libraries of one name for
// one, and descriptors' numbers come again; $ORIGIN would be /proc/self/fd; and there may be no /proc.
std::string PluginTrust::untrusted_because(const std::string& file) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(file, error);
  if (error) return file + ": " + error.message();
  std::deque<std::filesystem::path> ahead(whole.begin(), whole.end());
  std::filesystem::path path;
  int links = 0;
  while (!ahead.empty()) {
    const std::filesystem::path name = ahead.front();
    ahead.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      path = path.parent_path();  // no link among them: those were followed
      continue;
    }
    path /= name;
    struct stat facts;
    if (::lstat(path.c_str(), &facts) != 0) return path.string() + ": " + errno_text(errno);
    if (S_ISDIR(facts.st_mode)) {
      const bool last = ahead.size() == 1;
      const auto [known, fresh] = directories_.try_emplace(path.string() + (last ? "/" : ""));
      if (fresh) known->second = fault_of_directory(path.string(), facts, last);
      if (!known->second.empty()) return known->second;
      continue;
    }
    // In a sticky directory, others cannot remove or rename what is not theirs.
    if (!is_ours(facts)) return belongs_to_another(path.string());
    if (!S_ISLNK(facts.st_mode)) {
      if (others_write(facts)) return can_be_written(path.string());
      return ahead.empty() ? "" : path.string() + ": " + errno_text(ENOTDIR);
    }
    if (++links > kMostLinks) return file + ": " + errno_text(ELOOP);
    const std::filesystem::path target = std::filesystem::read_symlink(path, error);
    if (error) return path.string() + ": " + error.message();
    path = target.is_absolute() ? std::filesystem::path() : path.parent_path();
    ahead.insert(ahead.begin(), target.begin(), target.end());
  }
  return "";
}

}  // namespace fromhost::core
