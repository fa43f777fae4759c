// SPDX-License-Identifier: Apache-2.0
// Provider: directories to search, as the environment names them and as they are.
#include "core/provider/search_directories.hpp"

#include <fcntl.h>
#include <sys/auxv.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "core/error.hpp"
#include "core/host/unique_fd.hpp"

namespace fromhost::core {

std::vector<std::string> directories_in_variable(const std::string& name, const HostSystem& host) {
  std::vector<std::string> parts;
  if (::getauxval(AT_SECURE) != 0) return parts;
  const std::string text = host.environment(name).value_or("");
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(':', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

int closed_because(const std::string& directory) {
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd ? 0 : errno;
}

void check_directories(const std::vector<std::pair<std::string, std::vector<std::string>>>& lists) {
  std::vector<Problem> problems;
  for (const auto& [kind, directories] : lists)
    for (const std::string& directory : directories)
      if (const int why = closed_because(directory); why != 0)
        problems.push_back({Stage::command_line, "no " + kind + " directory: " + directory, errno_text(why),
                            why == ENOTDIR ? "give the directory that the file is in" : ""});
  if (!problems.empty()) throw Error(std::move(problems));
}

std::vector<std::string> files_of(const std::string& directory, const std::string& extension) {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error))
    if (entry->path().extension() == extension) files.push_back(entry->path().string());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace fromhost::core
