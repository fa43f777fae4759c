// SPDX-License-Identifier: Apache-2.0
// argv to Options. Plugins add switches, so it takes two passes: where are the plugins, then everything.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/cli/options.hpp"
#include "core/cli/switches.hpp"

namespace fromhost::core {

/// First pass: the values of --plugin-dir. Ignores whatever else is there, and does not know which of the
/// plugins' options have arguments.
std::vector<std::string> plugin_directories_in(const std::vector<std::string>& words);
/// The same for --recipe-dir.
std::vector<std::string> recipe_directories_in(const std::vector<std::string>& words);

/// The same for --plugin-timeout; the default where it is missing or wrong.
std::chrono::seconds plugin_timeout_in(const std::vector<std::string>& words);

/// Is --json on the line? To be asked where the line may be wrong, so that this is answered as asked, too.
bool json_in(const std::vector<std::string>& words, const std::vector<SwitchGroup>& groups);
/// The same of --help and --version; nullopt: neither.
std::optional<Mode> help_in(const std::vector<std::string>& words, const std::vector<SwitchGroup>& groups);

/// Second pass, with the switches that the plugins declare. Throws Error with the manual's texts. `refused`
/// names the plugins that could not be used, to be told where an unknown switch may have been theirs.
Options parse_command_line(const std::vector<std::string>& words, const std::vector<SwitchGroup>& groups,
                           const std::vector<std::string>& refused = {});

/// --help: grouped as in the manual, each plugin's switches under its name; at most 80 columns.
std::string help_text(const std::vector<SwitchGroup>& groups);

/// --list-options: a line for each, of four parts with tabs between: "--cmd", "-c", "CMD", and what --help
/// says; "-" where an option has no letter or no argument.
std::string option_list(const std::vector<SwitchGroup>& groups);

/// The core's own long option names and short letters; a plugin cannot take one of them.
bool is_core_switch(const Switch& candidate);

/// The candidate nearest to a misspelt word, or "" if none is near (edit distance over a third of its
/// length).
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace fromhost::core
