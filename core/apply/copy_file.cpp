// SPDX-License-Identifier: Apache-2.0
// Apply: one file, complete before it gets its name.
#include "core/apply/copy_file.hpp"

#include <sys/xattr.h>

#include <cerrno>
#include <string_view>
#include <system_error>

#include "core/error.hpp"

namespace fromhost::core {
namespace {

constexpr std::size_t kMostAttributes = 65536;  // XATTR_LIST_MAX, and XATTR_SIZE_MAX

void copy_attributes(FileOperations& files, int from, int to, Dropped& dropped) {
  std::string names(kMostAttributes, '\0');
  const ssize_t size = ::flistxattr(from, names.data(), names.size());
  if (size <= 0) return;  // none, or a file system without them
  names.resize(static_cast<std::size_t>(size));
  std::string value;
  for (std::size_t begin = 0; begin < names.size();) {
    const std::string name = names.c_str() + begin;
    begin += name.size() + 1;
    if (name == "security.capability") dropped.emplace_back("file capabilities");
    if (name.compare(0, 5, "user.") != 0) continue;
    value.resize(kMostAttributes);
    const ssize_t length = ::fgetxattr(from, name.c_str(), value.data(), value.size());
    if (length < 0) continue;  // gone since it was listed
    value.resize(static_cast<std::size_t>(length));
    if (!files.set_attribute(to, name, value)) dropped.push_back("attribute " + name);
  }
}

}  // namespace

Dropped copy_file(FileOperations& files, int from, int directory, const std::string& name, bool sync,
                  const PieceCopied& copied) {
  struct stat facts;
  if (::fstat(from, &facts) != 0) throw_errno("stat");
  Dropped dropped;
  if (facts.st_mode & S_ISUID) dropped.emplace_back("setuid bit");
  if (facts.st_mode & S_ISGID) dropped.emplace_back("setgid bit");
  const UniqueFd to = files.create(directory, name);
  files.copy(from, to.get(), copied);
  copy_attributes(files, from, to.get(), dropped);
  files.change_owner(to.get(), facts.st_uid, facts.st_gid);
  files.change_mode(to.get(), facts.st_mode & 0777);  // after chown, which may change the mode
  files.change_times(to.get(), facts.st_atim, facts.st_mtim);
  if (sync) files.sync(to.get());
  return dropped;
}

}  // namespace fromhost::core
