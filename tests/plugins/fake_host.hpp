// SPDX-License-Identifier: Apache-2.0
// A host out of maps, with a ledger of what was run on it.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "core/host/host_system.hpp"

namespace fromhost::core {

class FakeHost : public HostSystem {
 public:
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;  ///< path to content; directories are what lies above
  std::set<std::string> unreadable;
  std::map<std::string, CommandResult> commands;  ///< Command::text() to how it ends
  std::string standard_input;
  std::vector<Command> ran;  ///< the ledger

  std::optional<std::string> environment(const std::string& name) const override {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  }
  CommandResult run(const Command& command) override {
    ran.push_back(command);
    const auto found = commands.find(command.text());
    if (found != commands.end()) return found->second;
    return {CommandResult::Outcome::not_started, ENOENT, "", ""};
  }
  UniqueFd open_file(const HostPath& path) const override {
    const std::string bytes = read_file(path, UINT64_MAX);
    UniqueFd fd(::memfd_create("fake_host", MFD_CLOEXEC));
    if (::pwrite(fd.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
      throw std::system_error(errno, std::generic_category());
    return fd;
  }
  std::string read_file(const HostPath& path, std::uint64_t limit) const override {
    if (unreadable.count(path.text())) throw std::system_error(EACCES, std::generic_category(), path.text());
    const auto found = files.find(path.text());
    if (found == files.end()) throw no_such_file(path);
    return within(found->second, limit);
  }
  std::string read_standard_input(std::uint64_t limit) override { return within(standard_input, limit); }
  HostFile inspect(const HostPath& path) const override {
    const auto found = files.find(path.text());
    if (found != files.end()) return {HostFile::Kind::regular, found->second.size(), 0640};
    if (list(path).empty()) throw no_such_file(path);
    return {HostFile::Kind::directory, 4096, 0755};
  }
  std::vector<std::string> list(const HostPath& path) const override {
    std::set<std::string> names;
    const std::string above = path.text() + "/";
    for (const auto& [file, content] : files)
      if (file.compare(0, above.size(), above) == 0)
        names.insert(file.substr(above.size(), file.find('/', above.size()) - above.size()));
    if (names.empty()) throw no_such_file(path);
    return {names.begin(), names.end()};
  }
  HostPath resolve(const HostPath& path) const override {
    inspect(path);
    return path;
  }
  std::optional<HostPath> find_program(const std::string&) const override { return std::nullopt; }
  HostPath own_directory() const override { return HostPath("/usr/bin"); }

 private:
  static std::system_error no_such_file(const HostPath& path) {
    return {ENOENT, std::generic_category(), path.text()};
  }
  static std::string within(const std::string& text, std::uint64_t limit) {
    if (text.size() > limit) throw std::system_error(EFBIG, std::generic_category());
    return text;
  }
};

}  // namespace fromhost::core
