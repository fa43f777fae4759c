// SPDX-License-Identifier: Apache-2.0
// The machine that we run on.
#pragma once

#include "core/host/host_system.hpp"

namespace fromhost::core {

class LinuxHost : public HostSystem {
 public:
  std::optional<std::string> environment(const std::string& name) const override;
  CommandResult run(const Command& command) override;
  std::unique_ptr<PreparedCommand> prepare(Command command) override;
  UniqueFd open_file(const HostPath& path) const override;
  std::string read_file(const HostPath& path, std::uint64_t limit) const override;
  std::string read_standard_input(std::uint64_t limit) override;
  HostFile inspect(const HostPath& path) const override;
  std::vector<std::string> list(const HostPath& path) const override;
  HostPath resolve(const HostPath& path) const override;
  std::optional<HostPath> find_program(const std::string& name) const override;
  HostPath own_directory() const override;
};

}  // namespace fromhost::core
