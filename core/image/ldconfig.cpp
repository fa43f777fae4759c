// SPDX-License-Identifier: Apache-2.0
// Image: running its ldconfig in a clean environment and with a time limit. What it prints is untrusted.
#include "core/image/ldconfig.hpp"

#include <pwd.h>
#include <unistd.h>

#include <chrono>

#include "core/error.hpp"
#include "core/log.hpp"

namespace fromhost::core {
namespace {

constexpr std::chrono::seconds kTimeLimit{
    120};  // one takes 10 ms; a cold parallel file system takes its time
constexpr std::uint64_t kOutputLimit = 16u << 20;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

/// ch-run wants $USER, which job prologs do not always have.
std::string user_name(const HostSystem& host) {
  if (auto user = host.environment("USER"); user && !user->empty()) return *user;
  if (const passwd* entry = ::getpwuid(::geteuid())) return entry->pw_name;
  return "nobody";
}

/// The last thing that it said, and how it ended.
std::string why(const CommandResult& result, const Command& command) {
  const auto said = without_noise(result.errors);
  return (said.empty() ? "" : said.back() + "; ") + result.how(command);
}

}  // namespace

std::vector<ImagePath> directories_in(const std::string& output) {
  std::vector<ImagePath> directories;
  for (const std::string& line : lines_of(output))
    if (const auto colon = line.find(':'); !line.empty() && line.front() == '/' && colon != std::string::npos)
      directories.emplace_back(line.substr(0, colon));
  return directories;
}

std::vector<std::string> without_noise(const std::string& errors) {
  std::vector<std::string> kept;
  bool continues = false;
  for (const std::string& line : lines_of(errors)) {
    const bool noise = line.find("Can't stat ") != std::string::npos ||
                       line.find(" given more than once") != std::string::npos ||
                       line.find(" is the dynamic linker, ignoring") != std::string::npos;
    // "(from /etc/ld.so.conf.d/x.conf:4 and <builtin>:0)" belongs to the line before it.
    const bool continuation =
        line.empty() || line.front() == '(' || line.front() == ' ' || line.front() == '\t';
    continues = noise || (continues && continuation);
    if (!continues && !line.empty()) kept.push_back(line);
  }
  return kept;
}

const std::vector<ImagePath>& Ldconfig::directories() {
  if (directories_.empty()) directories_ = ask();
  return directories_;
}

std::vector<ImagePath> Ldconfig::ask() {
  spdlog::trace("asking ldconfig for shared library destination");
  Command command;
  // -N: no cache, -X: no links, -v: say the directories.
  const CommandResult result = run({"-N", "-X", "-v"}, false, command);
  std::vector<ImagePath> directories = directories_in(result.output);
  if (!result.succeeded() || directories.empty()) {
    throw Error({Stage::ldconfig, "empty path from ldconfig", why(result, command),
                 "the image needs a working /sbin/ldconfig, or give --dest and --no-ldconfig"});
  }
  spdlog::trace("shared library destination: {}: first ldconfig directory of {}", directories.front().text(),
                directories.size());
  return directories;
}

void Ldconfig::update() {
  Command command;
  const CommandResult result = run({}, true, command);
  if (!result.succeeded())
    throw Error({Stage::ldconfig, "command failed: " + command.text(), why(result, command), ""});
}

CommandResult Ldconfig::run(const std::vector<std::string>& arguments, bool writable, Command& command) {
  const std::string image = image_.absolute_path();
  const HostPath beside(host_.own_directory().text() + "/ch-run");
  std::optional<HostPath> runner = host_.find_program(beside.text());
  if (!runner) runner = host_.find_program("ch-run");
  if (runner) {
    command.argv = {runner->text()};
    if (writable) command.argv.emplace_back("-w");
    command.argv.insert(command.argv.end(), {image, "--", "/sbin/ldconfig"});
  } else if ((runner = host_.find_program("unshare"))) {
    command.argv = {runner->text(),    "--user", "--map-root-user",
                    "--root=" + image, "--wd=/", "/sbin/ldconfig"};
  } else {
    throw Error({Stage::ldconfig, "cannot run ldconfig in the image", "neither ch-run nor unshare is in PATH",
                 "install Charliecloud or util-linux, or give --no-ldconfig and --dest"});
  }
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.environment = {"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "USER=" + user_name(host_), "HOME=/",
                         "LC_ALL=C"};
  command.time_limit = kTimeLimit;
  command.output_limit = kOutputLimit;
  spdlog::trace("running: {}", command.text());
  CommandResult result = host_.run(command);
  for (const std::string& line : lines_of(result.errors)) spdlog::trace("ldconfig: {}", line);
  if (result.succeeded() && !spdlog::should_log(spdlog::level::trace))
    for (const std::string& line : without_noise(result.errors)) spdlog::warn("ldconfig: {}", line);
  return result;
}

}  // namespace fromhost::core
