// SPDX-License-Identifier: Apache-2.0
// Cli: the options for programs.
#include <string>
#include <string_view>

#include "core/cli/command_line.hpp"
#include "core/cli/core_options.hpp"
#include "core/log.hpp"

namespace fromhost::core {
namespace {

/// What a plugin says may hold a tab or a newline.
void append_line(std::string& out, std::string_view name, char letter, std::string_view argument,
                 std::string_view help) {
  out += "--" + std::string(name) + '\t';
  out += letter ? std::string("-") + letter : std::string("-");
  out += '\t' + (argument.empty() ? std::string("-") : printable(argument)) + '\t' + printable(help) + '\n';
}

}  // namespace

std::string option_list(const std::vector<SwitchGroup>& groups) {
  std::string out;
  for (const SwitchGroup& group : groups)
    for (const Switch& one : group.switches) append_line(out, one.name, one.letter, one.argument, one.help);
  for (const CoreOption& one : kCoreOptions) append_line(out, one.name, one.letter, one.argument, one.help);
  return out;
}

}  // namespace fromhost::core
