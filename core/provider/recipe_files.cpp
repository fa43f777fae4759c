// SPDX-License-Identifier: Apache-2.0
// Provider: finding recipes. What one says becomes files of an image that others will run, so root believes
// those only that nobody else can write.
#include "core/provider/recipe_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <system_error>

#include "core/error.hpp"
#include "core/provider/plugin_trust.hpp"
#include "core/provider/search_directories.hpp"

namespace fromhost::core {

std::vector<std::string> recipe_search_path(const std::vector<std::string>& from_command_line,
                                            const HostSystem& host) {
  std::vector<std::string> path = from_command_line;
  for (const std::string& directory : directories_in_variable("CH_FROMHOST_RECIPE_PATH", host))
    path.push_back(directory);
  const std::string prefix = std::filesystem::path(host.own_directory().text()).parent_path().string();
  // As everybody has it: what is installed in /usr is configured in /etc.
  path.push_back((prefix == "/usr" ? "" : prefix) + "/etc/ch-fromhost/recipes.d");
  return path;
}

std::vector<std::string> RecipeFiles::list() const {
  std::vector<std::string> all;
  std::set<std::string> names;
  for (const std::string& directory : directories_)
    for (const std::string& file : files_of(directory, ".toml"))
      if (names.insert(std::filesystem::path(file).filename().string()).second) all.push_back(file);
  return all;
}

std::string RecipeFiles::read(const std::string& file, std::uint64_t limit) const {
  const std::vector<std::string> all = list();
  if (std::find(all.begin(), all.end(), file) == all.end())
    throw std::system_error(ENOENT, std::generic_category(), file);
  if (plugins_need_trust())
    if (const std::string why = PluginTrust().untrusted_because(file); !why.empty())
      throw std::runtime_error("root does not believe it: " + why);
  // A FIFO among the recipes must not hold us up.
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status;
  if (!fd || ::fstat(fd.get(), &status) != 0) throw_errno(file);
  require_regular(status, HostPath(file));
  return read_all(fd.get(), limit, file);
}

}  // namespace fromhost::core
