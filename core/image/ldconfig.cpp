// SPDX-License-Identifier: Apache-2.0
// Image: running an ldconfig confined to it, in a clean environment and with a time limit. What comes of it
// is untrusted.
#include "core/image/ldconfig.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "core/error.hpp"
#include "core/host/elf_file.hpp"
#include "core/host/interruption.hpp"
#include "core/host/ld_so_cache.hpp"
#include "core/image/ld_so_conf.hpp"
#include "core/log.hpp"

namespace fromhost::core {
namespace {

constexpr std::chrono::seconds kTimeLimit{
    120};  // one takes 10 ms; a cold parallel file system takes its time
constexpr const char* kInImage = "/sbin/ldconfig";
constexpr const char* kCache = "ld.so.cache";
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
    // Of a configured directory; of a dangling link.
    const bool noise = line.find("Can't stat ") != std::string::npos ||
                       line.find("Cannot stat ") != std::string::npos ||
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
  if (!directories_.empty()) return directories_;
  choose();
  if (directories_.empty()) directories_ = ask();
  log::trace("shared library destination: {}: first ldconfig directory of {}", directories_.front().text(),
             directories_.size());
  return directories_;
}

namespace {

struct StaticLdconfig {
  std::string path;
  std::optional<LdconfigKind> kind;
};

/// The host's ldconfig, if it can run where there is no loader of this host's. Ubuntu's /sbin/ldconfig is a
/// script before /sbin/ldconfig.real.
std::optional<StaticLdconfig> static_ldconfig(const HostSystem& host) {
  for (const char* path : {"/sbin/ldconfig.real", "/sbin/ldconfig", "/usr/sbin/ldconfig"}) try {
      const UniqueFd file = host.open_file(HostPath(path));
      const auto facts = read_elf(file.get());
      if (facts && facts->interpreter.empty())
        return StaticLdconfig{path, ldconfig_kind(file.get(), facts->machine)};
      log::trace("{}: {}", path, facts ? "needs a loader" : "not a program in ELF");
    } catch (const std::system_error& error) {
      log::trace("{}: {}", path, cause_of(error));
    }
  return std::nullopt;
}

bool has_musl(const ImageRoot& image) {
  const std::vector<std::string> names = image.list(ImagePath("/lib"));
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.compare(0, 8, "ld-musl-") == 0; });
}

}  // namespace

void Ldconfig::choose() {
  if (program_) return;
  const auto there = image_.stat(ImagePath(kInImage));
  if (!there || !S_ISREG(there->st_mode)) {
    if (image_.looks_like_no_image())
      throw Error({Stage::ldconfig, "empty path from ldconfig", "the image has no /sbin/ldconfig, nor /usr",
                   "is " + image_.path() + " the directory that ch-convert unpacked?"});
    const bool musl = has_musl(image_);
    throw Error({Stage::ldconfig, "empty path from ldconfig",
                 musl ? "the image has no /sbin/ldconfig: its C library is musl, which has no such cache"
                      : "the image has no /sbin/ldconfig",
                 musl ? "for a library made for musl, give --dest /usr/lib and --no-ldconfig"
                      : "install glibc's in the image, or give --dest and --no-ldconfig"});
  }
  std::optional<StaticLdconfig> found;
  if (choice_ != LdconfigChoice::image) found = static_ldconfig(host_);
  const bool known = found && found->kind;
  // Looked at also where the answer is of no use: ldconfig would wait for somebody to write into a FIFO.
  LdconfigDirectories answer = read_ld_so_conf(image_, known ? *found->kind : LdconfigKind{});
  if (!known) answer.doubt = "it is not known which directories are built into it";
  if (answer.doubt.empty())
    directories_ = std::move(answer.directories);
  else
    log::trace("ldconfig is asked for its directories: {}", answer.doubt);
  if (found) {
    program_ = found->path;
    return;
  }
  if (choice_ == LdconfigChoice::host || (choice_ == LdconfigChoice::automatic && ::geteuid() == 0))
    throw Error({Stage::ldconfig, "empty path from ldconfig", "this host has no static ldconfig",
                 "--ldconfig=image runs the image's own"});
  if (choice_ == LdconfigChoice::automatic)
    log::warn("this host has no static ldconfig, so the image's own runs, confined to the image");
  program_ = kInImage;
  foreign_ = true;
}

std::vector<ImagePath> Ldconfig::ask() {
  log::trace("asking ldconfig for shared library destination");
  // -N: no cache, -X: no links, -v: say the directories.
  const Command command = this->command({"-N", "-X", "-v"}, nullptr);
  const CommandResult result = run(*host_.prepare(command), command);
  std::vector<ImagePath> directories = directories_in(result.output);
  if (!result.succeeded() || directories.empty())
    throw Error({Stage::ldconfig, "empty path from ldconfig", why(result, command),
                 "does the image hold libraries and user namespaces work here? Or give --dest and "
                 "--no-ldconfig"});
  return directories;
}

Command Ldconfig::command_for_cache(const Scratch& scratch) {
  return command({"-X", "-C", (scratch.path / kCache).text()}, &scratch);
}

void Ldconfig::prepare_cache(const Scratch& scratch) {
  cache_ = host_.prepare(command_for_cache(scratch));
}

std::string Ldconfig::make_cache(const Scratch& scratch) {
  if (!cache_) prepare_cache(scratch);
  const Command command = command_for_cache(scratch);
  const std::unique_ptr<PreparedCommand> prepared = std::move(cache_);
  const CommandResult result = run(*prepared, command);
  if (!result.succeeded())
    throw Error({Stage::ldconfig, "command failed: " + command.text(), why(result, command), ""});
  const auto bytes = image_.read_file(scratch.path / kCache, kForeignFileLimit);
  if (!bytes || !read_ld_so_cache(*bytes))
    throw Error({Stage::ldconfig, "ldconfig made no cache", "command: " + command.text(), ""});
  return *bytes;
}

Command Ldconfig::command(const std::vector<std::string>& arguments, const Scratch* scratch) {
  choose();
  Command command;
  command.argv = {*program_};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.confinement = Confinement{.root = image_.absolute_path(),
                                    .writable = scratch ? scratch->path.text() : "",
                                    .root_directory = image_.fd(),
                                    .writable_directory = scratch ? scratch->directory.get() : -1,
                                    .foreign = foreign_};
  command.environment = {"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/", "LC_ALL=C"};
  command.time_limit = kTimeLimit;
  command.output_limit = kOutputLimit;
  return command;
}

CommandResult Ldconfig::run(PreparedCommand& prepared, const Command& command) {
  log::trace("running in the image: {}", command.text());
  CommandResult result = prepared.run();
  if (result.outcome == CommandResult::Outcome::interrupted) throw_if_interrupted();
  for (const std::string& line : lines_of(result.errors)) log::trace("ldconfig: {}", line);
  if (result.succeeded() && !log::is_on(LogLevel::trace)) {
    std::vector<std::string> remarks;
    for (const std::string& line : without_noise(result.errors)) remarks.push_back("ldconfig: " + line);
    log_each(LogLevel::warn, remarks);
  }
  return result;
}

}  // namespace fromhost::core
