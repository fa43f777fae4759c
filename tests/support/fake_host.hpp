// SPDX-License-Identifier: Apache-2.0
// A machine that is only told about: canned files, programs, variables and answers, and ledgers of what was
// asked of it.
#pragma once

#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "core/host/host_system.hpp"

namespace fromhost::test {

class FakeHost : public core::HostSystem {
 public:
  // Ledgers, in order.
  std::vector<core::Command> commands;
  mutable std::vector<std::string> opened;
  mutable std::vector<std::string> read;

  FakeHost& with_file(const std::string& path, const std::string& content, mode_t mode = 0644) {
    files_[path] = File{content, mode, 0, content.size(), ""};
    return *this;
  }
  /// A file that says it is that large.
  FakeHost& with_huge_file(const std::string& path, std::uint64_t bytes) {
    files_[path] = File{"", 0644, 0, bytes, ""};
    return *this;
  }
  /// The real file `real`, under another name.
  FakeHost& with_real_file(const std::string& path, const std::string& real) {
    files_[path] = File{"", 0, 0, 0, real};
    return *this;
  }
  /// A file that cannot be opened.
  FakeHost& with_bad_file(const std::string& path, int error) {
    files_[path] = File{"", 0, error, 0, ""};
    return *this;
  }
  FakeHost& with_variable(const std::string& name, const std::string& value) {
    variables_[name] = value;
    return *this;
  }
  /// A program that find_program() finds, by its name or by its whole path.
  FakeHost& with_program(const std::string& name, const std::string& path) {
    programs_[name] = path;
    return *this;
  }
  /// What a command answers whose text contains `part`; the first that fits, in the order of the calls.
  FakeHost& with_answer(const std::string& part, core::CommandResult result) {
    answers_.emplace_back(part, std::move(result));
    return *this;
  }

  std::optional<std::string> environment(const std::string& name) const override {
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::nullopt : std::optional(found->second);
  }
  core::CommandResult run(const core::Command& command) override {
    commands.push_back(command);
    for (const auto& [part, result] : answers_)
      if (command.text().find(part) != std::string::npos) return result;
    core::CommandResult unknown;
    unknown.code = ENOENT;
    return unknown;
  }
  core::UniqueFd open_file(const core::HostPath& path) const override {
    {
      // Several files may be copied at once.
      static std::mutex one_at_a_time;
      const std::lock_guard lock(one_at_a_time);
      opened.push_back(path.text());
    }
    const File& file = known(path);
    if (!file.real.empty()) {
      core::UniqueFd fd(::open(file.real.c_str(), O_RDONLY | O_CLOEXEC));
      if (!fd) throw std::system_error(errno, std::generic_category(), file.real);
      return fd;
    }
    core::UniqueFd fd(::memfd_create("fake", MFD_CLOEXEC));
    const auto size = static_cast<ssize_t>(file.content.size());
    if (!fd || ::write(fd.get(), file.content.data(), file.content.size()) != size ||
        ::lseek(fd.get(), 0, SEEK_SET) != 0 || ::ftruncate(fd.get(), static_cast<off_t>(file.bytes)) != 0 ||
        ::fchmod(fd.get(), file.mode) != 0)
      throw std::system_error(errno, std::generic_category(), "memfd");
    return fd;
  }
  std::string read_file(const core::HostPath& path, std::uint64_t limit) const override {
    read.push_back(path.text());
    const File& file = known(path);
    if (file.content.size() > limit) throw std::system_error(EFBIG, std::generic_category(), path.text());
    return file.content;
  }
  std::string read_standard_input(std::uint64_t) override { throw std::logic_error("not faked"); }
  core::HostFile inspect(const core::HostPath& path) const override {
    const File& file = known(path);
    struct stat status {};
    if (!file.real.empty() && ::stat(file.real.c_str(), &status) != 0)
      throw std::system_error(errno, std::generic_category(), file.real);
    if (!file.real.empty()) return core::describe(status);
    return {core::HostFile::Kind::regular, file.bytes, S_IFREG | file.mode};
  }
  std::vector<std::string> list(const core::HostPath&) const override { throw std::logic_error("not faked"); }
  std::optional<core::HostPath> find_program(const std::string& name) const override {
    const auto found = programs_.find(name);
    return found == programs_.end() ? std::nullopt : std::optional(core::HostPath(found->second));
  }
  core::HostPath own_directory() const override { return core::HostPath("/opt/fromhost/bin"); }

 private:
  struct File {
    std::string content;
    mode_t mode;
    int error;
    std::uint64_t bytes;
    std::string real;
  };
  const File& known(const core::HostPath& path) const {
    const auto found = files_.find(path.text());
    if (found == files_.end()) throw std::system_error(ENOENT, std::generic_category(), path.text());
    if (found->second.error)
      throw std::system_error(found->second.error, std::generic_category(), path.text());
    return found->second;
  }
  std::map<std::string, File> files_;
  std::map<std::string, std::string> variables_, programs_;
  std::vector<std::pair<std::string, core::CommandResult>> answers_;
};

/// How a command ended by itself.
inline core::CommandResult exited(int status, const std::string& output = "",
                                  const std::string& errors = "") {
  core::CommandResult result;
  result.outcome = core::CommandResult::Outcome::exited;
  result.code = status;
  result.output = output;
  result.errors = errors;
  return result;
}

/// A library of this machine, loaded into this very test: libstdc++.so.6.
inline std::string a_real_library() {
  std::string found;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* result) {
        const std::string name = info->dlpi_name;
        if (name.find("libstdc++.so.6") == std::string::npos) return 0;
        *static_cast<std::string*>(result) = name;
        return 1;
      },
      &found);
  if (found.empty()) throw std::runtime_error("this test does not use libstdc++.so.6");
  return found;
}

}  // namespace fromhost::test
