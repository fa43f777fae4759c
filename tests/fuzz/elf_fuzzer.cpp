// SPDX-License-Identifier: Apache-2.0
// Any bytes as an ELF file: facts or none, but no crash, no endless loop, no gigabytes.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "core/host/elf_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = ::memfd_create("elf", MFD_CLOEXEC);
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) return 0;
  (void)fromhost::core::read_elf(file);
  return 0;
}
