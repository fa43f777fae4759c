// SPDX-License-Identifier: Apache-2.0
// Host: RPATH and RUNPATH as directories.
#include "core/host/search_path.hpp"

#include <elf.h>

#include <algorithm>

namespace fromhost::core {
namespace {

void replace_all(std::string& text, const std::string& token, const std::string& by) {
  for (const std::string& form : {"${" + token + "}", "$" + token})
    for (auto at = text.find(form); at != std::string::npos; at = text.find(form, at + by.size()))
      text.replace(at, form.size(), by);
}

}  // namespace

std::vector<std::string> split_search_path(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<std::string> search_directories(const std::string& path, const std::string& origin,
                                            const ElfFacts& of) {
  const std::string platform = of.machine == EM_X86_64 ? "x86_64" : "aarch64";
  std::vector<std::string> directories;
  for (std::string directory : split_search_path(path)) {
    replace_all(directory, "ORIGIN", origin);
    replace_all(directory, "PLATFORM", platform);
    // What $LIB stands for was settled when the libc was built; only one of them will be there.
    const std::string word = of.elf_class == ELFCLASS64 ? "lib64" : "lib";
    for (const std::string& lib : {word, "lib/" + platform + "-linux-gnu"}) {
      std::string one = directory;
      replace_all(one, "LIB", lib);
      if (directories.empty() || directories.back() != one) directories.push_back(one);
    }
  }
  return directories;
}

}  // namespace fromhost::core
