// SPDX-License-Identifier: Apache-2.0
// What an ELF file says of itself, read without executing it. Reads by program headers, as the loader does,
// so that stripped section headers do not matter. The file may be hostile: every offset is checked, sizes are
// bounded.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fromhost::core {

/// A symbol version that a file wants of one of its libraries: "FABRIC_1.3" of "libfabric.so.1".
struct VersionNeed {
  std::string library;  ///< soname
  std::string version;
  bool weak = false;  ///< the loader goes on without it
};

struct ElfFacts {
  std::uint8_t elf_class = 0;                 ///< ELFCLASS32 or ELFCLASS64
  std::uint8_t data = 0;                      ///< ELFDATA2LSB or ELFDATA2MSB
  std::uint16_t machine = 0;                  ///< EM_X86_64, …
  std::uint16_t type = 0;                     ///< ET_DYN, ET_EXEC, …
  std::string interpreter;                    ///< PT_INTERP; empty if none
  bool dynamic = false;                       ///< has PT_DYNAMIC
  bool position_independent_program = false;  ///< DF_1_PIE: of type ET_DYN, yet no library
  std::string soname;                         ///< DT_SONAME; empty if none
  std::vector<std::string> needed;
  std::string rpath;     ///< DT_RPATH, unexpanded
  std::string runpath;   ///< DT_RUNPATH, unexpanded
  std::string build_id;  ///< hexadecimal; empty if none, or in files of the other byte order
  /// Symbol versions, wanted and defined; left empty in files of the other byte order.
  std::vector<VersionNeed> version_needs;
  std::vector<std::string> versions;
};

/// Reads from an open descriptor, whose offset does not matter. nullopt: not an ELF file, or a malformed one.
std::optional<ElfFacts> read_elf(int fd);
/// The same where fstat(2) has been asked already.
std::optional<ElfFacts> read_elf(int fd, const struct stat& status);

/// Is it a program that the kernel starts by itself, without a loader?
bool is_static_program(const ElfFacts& facts);

/// "x86-64", "AArch64", …, or "machine 258" for one without a name here.
std::string machine_name(std::uint16_t machine);

}  // namespace fromhost::core
