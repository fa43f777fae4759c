// SPDX-License-Identifier: Apache-2.0
// Where a listed file goes, by its path alone: the manual's rule, as a table.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fromhost::core {

enum class FileRole { program, library, data };
/// "program", "library", "data", as in JSON.
std::string_view to_string(FileRole role);

struct PathRule {
  FileRole role;
  std::string_view text;  ///< for -v: "path contains /bin"
};

/// The first rule that holds: /bin or /sbin: program; /lib or .so: library; nullopt: neither. The path is
/// taken as given. Source: ch-fromhost(1), "Arbitrary files".
std::optional<PathRule> path_rule(std::string_view path);

/// Does the path look like a library, whatever else it looks like? Then ldconfig is wanted, as with the
/// manual's tool, also where --dest or a /bin in the path decides where the file goes.
bool looks_like_library(std::string_view path);

}  // namespace fromhost::core
