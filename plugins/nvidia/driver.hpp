// SPDX-License-Identifier: Apache-2.0
// A driver's user space, as one of the ways of finding it has found it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fromhost/provider_plugin.hpp"

namespace nvidia {

/// A library of the driver.
struct Library {
  std::string path;
  std::uint8_t elf_class = 2;  ///< 1: 32-bit
  std::string reason;
};
struct Program {
  std::string path;
  std::string reason;
};

struct Driver {
  std::string version;  ///< "535.261.03"; empty: unknown
  std::vector<Program> programs;
  std::vector<Library> libraries;
};

inline std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}
inline std::string directory_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

/// The part of a library's file name before ".so": "libcuda" of "libcuda.so.535.261.03".
std::string stem_of(const std::string& name);
/// What follows ".so." if it is a driver version ("535.54.03", "550.90"), else "".
std::string version_in(const std::string& name);
/// Does the name end in a version of the driver, by the tables? "libcuda.so.1" does not.
bool carries_driver_version(const std::string& name);
/// a < b as versions: numbers compared part by part.
bool older(const std::string& a, const std::string& b);

/// The version of the loaded kernel module; nullopt where none is loaded or it does not say.
std::optional<std::string> kernel_module_version(fromhost::Host& host);

/// inspect() and list(), but what cannot be looked at counts as missing: $PATH may name other people's
/// directories.
std::optional<fromhost::FileInfo> look(fromhost::Host& host, const std::string& path);
std::vector<std::string> names_in(fromhost::Host& host, const std::string& directory);

/// The e_machine of 32-bit programs on this one: i386 on x86-64, Arm on AArch64; 0: there are none.
std::uint16_t machine_of_32_bit(std::uint16_t machine);
/// Can a program of this host, 64- or 32-bit, load it?
bool runs_here(fromhost::Host& host, const fromhost::ElfInfo& elf);

/// Looks by itself: the version by the kernel module and libcuda's name, the libraries by the loader's cache
/// and the usual directories. Appends to `tried` what it looked for in vain. nullopt: no driver here.
std::optional<Driver> discover_natively(fromhost::Host& host, std::vector<std::string>& tried);
/// Programs of the driver in the usual directories and $PATH, less those of which one of this name is there
/// already.
void add_programs(fromhost::Host& host, Driver& driver);

/// Libraries of the driver that nvidia-container-cli does not know of.
void add_unlisted_libraries(fromhost::Host& host, Driver& driver);

/// Asks nvidia-container-cli, for 32-bit libraries too if `with_32_bit`. nullopt where it is not installed.
/// Throws Failure where it fails.
std::optional<Driver> ask_container_cli(fromhost::Host& host, bool with_32_bit);

/// Contributes the links and data files that neither way lists.
void contribute_extras(fromhost::Host& host, const Driver& driver,
                       const std::optional<std::string>& destination);

}  // namespace nvidia
