// SPDX-License-Identifier: Apache-2.0
// The generic provider: files that a person lists, one by one, in a file, or by a command.
#include <string>
#include <vector>

#include "fromhost/provider_plugin.hpp"

namespace {

using fromhost::Answer;
using fromhost::CommandOptions;
using fromhost::CommandResult;
using fromhost::Failure;
using fromhost::Host;
using fromhost::Request;

/// The lines of a list of paths. Blank lines, and carriage returns around a path, are tolerated: lists come
/// from editors and commands of all kinds.
std::vector<std::string> paths_in(const std::string& list) {
  std::vector<std::string> paths;
  std::size_t begin = 0;
  while (begin < list.size()) {
    std::size_t end = list.find('\n', begin);
    if (end == std::string::npos) end = list.size();
    std::size_t first = begin, last = end;
    while (first < last && list[first] == '\r') ++first;
    while (last > first && list[last - 1] == '\r') --last;
    if (list.find_first_not_of(" \t\r", first) < last) paths.push_back(list.substr(first, last - first));
    begin = end + 1;
  }
  return paths;
}

/// What the command said on stderr, line by line: it is the person's own command, its words are theirs to
/// read.
void show(Host& host, const std::string& command, const std::string& errors) {
  for (const std::string& line : paths_in(errors)) host.warn(command + ": " + line);
}

/// The paths that a command prints. The manual promises a command *line*, so this is the one place with a
/// shell.
std::vector<std::string> listed_by_command(Host& host, const std::string& command) {
  CommandOptions options;
  options.flags = FH_COMMAND_STDIN | FH_COMMAND_HERE;
  const CommandResult result = host.run({"/bin/sh", "-c", command}, options);
  show(host, command, result.errors);
  if (result.succeeded()) return paths_in(result.output);
  std::string how = "could not be started";
  if (result.outcome == FH_COMMAND_EXITED) how = "exit status " + std::to_string(result.code);
  if (result.outcome == FH_COMMAND_SIGNALLED) how = "killed by signal " + std::to_string(result.code);
  if (result.outcome == FH_COMMAND_TOO_MUCH) how = "printed too much";
  throw Failure("command failed: " + command + ": " + how);
}

std::vector<std::string> listed_in_file(Host& host, const std::string& file) {
  if (file == "-") return paths_in(host.read_standard_input());
  std::optional<std::string> list;
  try {
    list = host.read_file(file);
  } catch (const Failure& failure) {
    throw Failure(std::string("cannot read file: ") + failure.what());  // which names it
  }
  if (!list) throw Failure("cannot read file: " + file + ": No such file or directory");
  return paths_in(*list);
}

class GenericProvider : public fromhost::ProviderPlugin {
 public:
  Answer collect(Host& host, const Request& request) override {
    if (request.option == "path") {
      host.contribute_file(request.value, "--path", request.destination);
      return Answer::done;
    }
    const bool by_command = request.option == "cmd";
    const std::string reason = (by_command ? "--cmd " : "--file ") + request.value;
    const auto paths =
        by_command ? listed_by_command(host, request.value) : listed_in_file(host, request.value);
    if (paths.empty()) host.info(reason + ": lists no file");
    for (const std::string& path : paths) host.contribute_file(path, reason, request.destination);
    return Answer::done;
  }
};

constexpr fh_option kOptions[] = {
    fromhost::option("cmd", "CMD", "inject files listed in the standard output of command line CMD", 'c'),
    fromhost::option("file", "FILE", "inject files listed in FILE, one a line; - is standard input", 'f'),
    fromhost::option("path", "PATH", "inject the file at PATH", 'p'),
};

}  // namespace

FROMHOST_PROVIDER(GenericProvider, "generic", FROMHOST_VERSION, "files that you list", kOptions, nullptr);
