// SPDX-License-Identifier: Apache-2.0
// Directories that are searched in order for what a site adds: plugins, recipes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/host/host_system.hpp"

namespace fromhost::core {

/// The directories in a variable such as PATH; none when privileges were raised, since whoever set it is then
/// not whose rights we have.
std::vector<std::string> directories_in_variable(const std::string& name, const HostSystem& host);

/// Why nothing can be found in a directory, as errno; 0 if something can.
int closed_because(const std::string& directory);

/// Throws Error where one that was asked for on the command line is none: a typing mistake would be found
/// late. Each list comes with what it is for: "plugin".
void check_directories(const std::vector<std::pair<std::string, std::vector<std::string>>>& lists);

/// The files of a directory whose names end so (".so"), sorted; none where there is no such directory.
std::vector<std::string> files_of(const std::string& directory, const std::string& extension);

}  // namespace fromhost::core
