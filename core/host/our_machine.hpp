// SPDX-License-Identifier: Apache-2.0
// The ELF machine and byte order that we are built for.
#pragma once

#include <elf.h>

#include <cstdint>

namespace fromhost::core {

#if defined(__x86_64__)
inline constexpr std::uint16_t kOurMachine = EM_X86_64;
#elif defined(__aarch64__)
inline constexpr std::uint16_t kOurMachine = EM_AARCH64;
#elif defined(__powerpc64__)
inline constexpr std::uint16_t kOurMachine = EM_PPC64;
#elif defined(__s390x__)
inline constexpr std::uint16_t kOurMachine = EM_S390;
#elif defined(__riscv)
inline constexpr std::uint16_t kOurMachine = EM_RISCV;
#else
#error "name this machine's ELF constant here"
#endif

inline constexpr std::uint8_t kOurData =
    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

}  // namespace fromhost::core
