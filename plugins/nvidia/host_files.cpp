// SPDX-License-Identifier: Apache-2.0
// Looking around on a host where some places are closed to us: they hold nothing for us.
#include "driver.hpp"

namespace nvidia {

using fromhost::Failure;
using fromhost::Host;

namespace {

constexpr std::uint16_t kX86_64 = 62, kI386 = 3, kAArch64 = 183, kArm = 40;

}  // namespace

std::optional<fromhost::FileInfo> look(Host& host, const std::string& path) {
  try {
    return host.inspect(path);
  } catch (const Failure& failure) {
    host.debug(failure.what());
    return std::nullopt;
  }
}

std::vector<std::string> names_in(Host& host, const std::string& directory) {
  try {
    return host.list(directory);
  } catch (const Failure& failure) {
    host.debug(failure.what());
    return {};
  }
}

std::uint16_t machine_of_32_bit(std::uint16_t machine) {
  if (machine == kX86_64) return kI386;
  return machine == kAArch64 ? kArm : 0;
}

bool runs_here(Host& host, const fromhost::ElfInfo& elf) {
  const std::uint16_t machine = host.machine();
  return elf.elf_class == 1 ? elf.machine != 0 && elf.machine == machine_of_32_bit(machine)
                            : elf.machine == machine;
}

}  // namespace nvidia
