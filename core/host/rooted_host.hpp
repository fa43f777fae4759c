// SPDX-License-Identifier: Apache-2.0
// The host looked up below another directory: a driver container mounted somewhere, or a test's stand-in.
#pragma once

#include "core/host/host_system.hpp"

namespace fromhost::core {

/// Absolute paths of files are below `root`, links resolved inside it as in a chroot; relative paths are the
/// person's own and stay as they are. Commands, environment and standard input are the real host's; commands
/// are told the root by whoever runs them.
class RootedHost : public HostSystem {
 public:
  /// `host` must outlive it. Throws Error "not a directory: X".
  RootedHost(HostSystem& host, const std::string& root);

  std::optional<std::string> environment(const std::string& name) const override {
    return host_.environment(name);
  }
  CommandResult run(const Command& command) override { return host_.run(command); }
  std::unique_ptr<PreparedCommand> prepare(Command command) override {
    return host_.prepare(std::move(command));
  }
  UniqueFd open_file(const HostPath& path) const override;
  std::string read_file(const HostPath& path, std::uint64_t limit) const override;
  std::string read_standard_input(std::uint64_t limit) override { return host_.read_standard_input(limit); }
  HostFile inspect(const HostPath& path) const override;
  std::vector<std::string> list(const HostPath& path) const override;
  HostPath resolve(const HostPath& path) const override;
  std::optional<HostPath> find_program(const std::string& name) const override {
    return host_.find_program(name);
  }
  HostPath own_directory() const override { return host_.own_directory(); }
  std::string root() const override { return root_; }

 private:
  UniqueFd open_below(const HostPath& path, int flags) const;
  HostSystem& host_;
  std::string root_;
  UniqueFd directory_;
};

}  // namespace fromhost::core
