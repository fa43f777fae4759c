// SPDX-License-Identifier: Apache-2.0
// Asking nvidia-container-cli for the driver's files.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "driver.hpp"

namespace nvidia {
namespace {

using fromhost::CommandOptions;
using fromhost::Failure;
using fromhost::Host;

constexpr std::chrono::seconds kTimeLimit{
    60};  // loading the driver on a machine with eight GPUs takes seconds
constexpr std::uint64_t kOutputLimit = 1u << 20;  // bytes; a list has some 50 lines
constexpr const char* kFailed = "nvidia-container-cli failed; does this host have GPUs?";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

/// The directory of --host-root for the command, which runs in another directory than we do; "": none.
std::string root_of(Host& host) {
  std::string root = host.root();
  if (root != "/") root = std::filesystem::absolute(root).lexically_normal().string();
  while (!root.empty() && root.back() == '/') root.pop_back();
  return root;
}

/// The path below the host's root, which some versions print in full.
std::string below(const std::string& root, const std::string& path) {
  return !root.empty() && path.compare(0, root.size() + 1, root + "/") == 0 ? path.substr(root.size()) : path;
}

void add_listed(Host& host, const std::string& path, Driver& driver) {
  std::optional<fromhost::FileInfo> info;
  try {
    info = host.inspect(path);
  } catch (const Failure& failure) {
    host.warn(std::string("nvidia-container-cli lists ") + failure.what() + "; it is left out");
    return;
  }
  if (!info) {
    host.warn("nvidia-container-cli lists " + path + ", which is not there: No such file or directory");
    return;
  }
  if (info->kind != FH_FILE_REGULAR) {
    host.debug(path + ": listed, but no regular file");
    return;
  }
  const std::string name = file_name(path);
  if (name.find(".so") == std::string::npos) {
    driver.programs.push_back({path, "listed by nvidia-container-cli"});
    return;
  }
  if (info->bytes == 0) throw Failure(path + " is empty; reinstall the driver");
  const auto elf = host.inspect_elf(path);
  if (!elf) {
    host.warn("nvidia-container-cli lists " + path + ", which is not an ELF file; it is left out");
    return;
  }
  if (!runs_here(host, *elf)) {
    host.warn("nvidia-container-cli lists " + path + ", which is not for this machine; it is left out");
    return;
  }
  if (driver.version.empty() && carries_driver_version(name)) driver.version = version_in(name);
  driver.libraries.push_back({path, elf->elf_class, "listed by nvidia-container-cli"});
}

}  // namespace

std::optional<Driver> ask_container_cli(Host& host, bool with_32_bit) {
  const std::string root = root_of(host);
  std::vector<std::string> argv = {"nvidia-container-cli"};
  if (!root.empty()) argv.push_back("--root=" + root);
  argv.insert(argv.end(), {"list", "--binaries", "--libraries"});
  if (with_32_bit) argv.push_back("--compat32");
  CommandOptions options;
  options.time_limit = kTimeLimit;
  options.output_limit = kOutputLimit;
  const auto result = host.run(argv, options);
  const std::string way_out = "; --nvidia-discovery=native looks without it";
  switch (result.outcome) {
    case FH_COMMAND_EXITED:
      break;
    case FH_COMMAND_NOT_FOUND:
      if (result.code == ENOENT) return std::nullopt;
      throw Failure(std::string(kFailed) +
                    " It could not be started: " + std::generic_category().message(result.code) + way_out);
    case FH_COMMAND_TIMED_OUT:
      throw Failure(std::string(kFailed) + " It did not answer within " + std::to_string(kTimeLimit.count()) +
                    " s" + way_out);
    case FH_COMMAND_TOO_MUCH:
      throw Failure(std::string(kFailed) + " It printed too much" + way_out);
    default:
      throw Failure(std::string(kFailed) + " It was killed by signal " + std::to_string(result.code) +
                    way_out);
  }
  if (result.code != 0) {
    auto said = lines_of(result.errors);
    const std::string last = said.empty() ? "exit status " + std::to_string(result.code) : said.back();
    if (!said.empty()) said.pop_back();
    for (const std::string& line : said) host.warn("nvidia-container-cli said: " + line);
    throw Failure(std::string(kFailed) + " " + last + way_out);
  }
  Driver driver;
  std::size_t rubbish = 0;
  for (const std::string& line : lines_of(result.output)) {
    if (line.front() != '/') {
      if (++rubbish <= 3)
        host.warn("nvidia-container-cli printed something that is no path: " + line.substr(0, 100));
      continue;
    }
    add_listed(host, below(root, line), driver);
  }
  if (driver.libraries.empty())
    throw Failure(std::string(kFailed) + " It lists no library that is there" + way_out);
  if (const auto kernel = kernel_module_version(host);
      kernel && !driver.version.empty() && *kernel != driver.version)
    throw Failure("the driver's kernel module is " + *kernel + ", its libraries are " + driver.version +
                  ": they do not work together; reboot after a driver upgrade");
  return driver;
}

}  // namespace nvidia
