// SPDX-License-Identifier: Apache-2.0
// Links and data files that a GPU job needs and nobody lists.
#include <algorithm>

#include "driver.hpp"
#include "driver_files.hpp"

namespace nvidia {
namespace {

using fromhost::Host;

const Library* find(const Driver& driver, const std::string& stem) {
  for (const Library& one : driver.libraries)
    if (one.elf_class == 2 && stem_of(file_name(one.path)) == stem) return &one;
  return nullptr;
}

std::string with_version(std::string target, const std::string& version) {
  if (const auto at = target.find("%V"); at != std::string::npos) target.replace(at, 2, version);
  return target;
}

/// Where the links go: beside the libraries.
std::string in_library_directory(const std::optional<std::string>& destination, const std::string& name) {
  return destination ? *destination + "/" + name : name;
}

void contribute_links(Host& host, const Driver& driver, const std::optional<std::string>& destination) {
  std::vector<std::string> made;
  for (const Link& link : kLinks) {
    const Library* library = find(driver, link.library);
    const std::string target = link.target, reason = "a link that ldconfig does not make";
    const bool versioned = target.find("%V") != std::string::npos;
    if (!library || (versioned && driver.version.empty())) continue;
    host.contribute_link(in_library_directory(destination, link.name),
                         versioned ? with_version(target, driver.version) : target, reason);
    made.push_back(link.name);
  }
  // Whatever development links the host has beside a library, programs that were built there may open.
  for (const Library& library : driver.libraries) {
    if (library.elf_class != 2) continue;
    const std::string name = stem_of(file_name(library.path)) + ".so";
    if (std::find(made.begin(), made.end(), name) != made.end()) continue;
    if (!look(host, directory_of(library.path) + "/" + name)) continue;
    const auto elf = host.inspect_elf(library.path);
    const std::string target = elf && !elf->soname.empty() ? elf->soname : file_name(library.path);
    if (target == name) continue;
    host.contribute_link(in_library_directory(destination, name), target,
                         "the host has it beside the library");
    made.push_back(name);
  }
}

void contribute_data(Host& host, const Driver& driver) {
  for (const Data& data : kData) {
    if (!find(driver, data.library)) continue;
    for (const char* root : kDataRoots) {
      const std::string directory = std::string(root) + "/" + data.directory;
      const auto info = look(host, directory + "/" + data.file);
      if (!info || info->kind != FH_FILE_REGULAR) continue;
      host.contribute_data(directory + "/" + data.file, directory, std::string("tells of ") + data.library);
      break;
    }
  }
}

}  // namespace

void contribute_extras(Host& host, const Driver& driver, const std::optional<std::string>& destination) {
  contribute_links(host, driver, destination);
  contribute_data(host, driver);
}

}  // namespace nvidia
