// SPDX-License-Identifier: Apache-2.0
// The smallest library that counts as one.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace fromhost::test {

/// A library that has a header and nothing else.
inline std::string elf64(std::uint16_t machine) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = machine;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  return {reinterpret_cast<const char*>(&header), sizeof header};
}

}  // namespace fromhost::test
