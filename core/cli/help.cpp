// SPDX-License-Identifier: Apache-2.0
// Cli: the text of --help.
#include <algorithm>
#include <string>
#include <string_view>

#include "core/cli/command_line.hpp"
#include "core/cli/core_options.hpp"

namespace fromhost::core {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kHelpColumn = 22;

/// Appends words from `column` on, breaking lines before kColumns and starting each at `indent`.
void append_wrapped(std::string& out, std::string_view words, std::size_t column, std::size_t indent) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    const std::string_view word = words.substr(0, end);
    if (column > indent && column + 1 + word.size() >= kColumns) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  out += '\n';
}

void append_option(std::string& out, std::string_view name, char letter, std::string_view argument,
                   std::string_view help) {
  std::string left = "  ";
  left += letter ? std::string("-") + letter + ", " : std::string("    ");
  left += "--" + std::string(name);
  if (!argument.empty()) left += (argument.front() == '[' ? "" : " ") + std::string(argument);
  if (left.size() + 2 > kHelpColumn)
    left += '\n' + std::string(kHelpColumn, ' ');
  else
    left.resize(kHelpColumn, ' ');
  out += left;
  append_wrapped(out, help, kHelpColumn, kHelpColumn);
}

void append_group(std::string& out, std::string_view heading) {
  out += "\n" + std::string(heading) + "\n\n";
  for (const CoreOption& option : kCoreOptions)
    if (option.group == heading) append_option(out, option.name, option.letter, option.argument, option.help);
}

}  // namespace

std::string help_text(const std::vector<SwitchGroup>& groups) {
  std::string out =
      "Inject files from the host into a Charliecloud image directory, so that what\n"
      "only the host can give (GPU drivers, fast networks) works in the container.\n"
      "\n"
      "Usage:\n"
      "\n"
      "  $ ch-fromhost [OPTION ...] [FILE_OPTION ...] IMGDIR\n"
      "\n"
      "Which files to inject (one or more required; can be repeated):\n";
  for (const SwitchGroup& group : groups) {
    if (group.switches.empty()) continue;
    out += "\n ";
    append_wrapped(out, group.provider + ": " + group.summary, 1, 1);
    for (const Switch& one : group.switches) append_option(out, one.name, one.letter, one.argument, one.help);
  }
  if (groups.empty()) out += "\n  (no plugin was found; see: ch-fromhost --list-plugins)\n";
  append_group(out, kDestinationGroup);
  append_group(out, kAnswersGroup);
  append_group(out, kInjectedGroup);
  append_group(out, kOptionsGroup);
  out += "\nch-fromhost(1) has the details.\n";
  return out;
}

}  // namespace fromhost::core
