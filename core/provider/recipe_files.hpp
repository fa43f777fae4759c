// SPDX-License-Identifier: Apache-2.0
// The recipes of a site: where they are looked for, and which of them may be believed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/host/host_system.hpp"

namespace fromhost::core {

/// Where to look for recipes, in order: --recipe-dir, CH_FROMHOST_RECIPE_PATH, the installed directory
/// (../etc/ch-fromhost/recipes.d of our executable; /etc/… where that is in /usr). The environment does not
/// count when privileges were raised. Never the image, never below --host-root.
std::vector<std::string> recipe_search_path(const std::vector<std::string>& from_command_line,
                                            const HostSystem& host);

class RecipeFiles {
 public:
  explicit RecipeFiles(std::vector<std::string> directories = {}) : directories_(std::move(directories)) {}
  /// Every *.toml, sorted by name within its directory; of two of one name the first counts. A directory that
  /// is not there is skipped.
  std::vector<std::string> list() const;
  /// One of list(). Throws std::system_error (ENOENT for any other file, EFBIG beyond `limit` bytes), and
  /// std::runtime_error for one that root must not believe: it or its directory can be written by another
  /// user.
  std::string read(const std::string& file, std::uint64_t limit) const;
  const std::vector<std::string>& directories() const { return directories_; }

 private:
  std::vector<std::string> directories_;
};

}  // namespace fromhost::core
