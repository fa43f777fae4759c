// SPDX-License-Identifier: Apache-2.0
// The smallest libraries that count as such.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace fromhost::test {

/// A library that has a header and nothing else.
template <typename Header>
std::string elf_header(unsigned char elf_class, std::uint16_t machine) {
  Header header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = elf_class;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = machine;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  return {reinterpret_cast<const char*>(&header), sizeof header};
}

inline std::string elf32(std::uint16_t machine) {
  return elf_header<Elf32_Ehdr>(ELFCLASS32, machine);
}
inline std::string elf64(std::uint16_t machine) {
  return elf_header<Elf64_Ehdr>(ELFCLASS64, machine);
}

}  // namespace fromhost::test
