// SPDX-License-Identifier: Apache-2.0
// Host: this machine's processor.
#include "core/host/processor.hpp"

#include <elf.h>
#include <sys/auxv.h>

namespace fromhost::core {

std::uint16_t own_machine() {
#if defined(__x86_64__)
  return EM_X86_64;
#elif defined(__aarch64__)
  return EM_AARCH64;
#elif defined(__powerpc64__)
  return EM_PPC64;
#elif defined(__s390x__)
  return EM_S390;
#elif defined(__riscv)
  return EM_RISCV;
#elif defined(__i386__)
  return EM_386;
#else
  return EM_NONE;
#endif
}

bool runs_also(std::uint16_t kernel, std::uint16_t program) {
  return kernel == program || (kernel == EM_X86_64 && program == EM_386);
}

int x86_64_level() {
#if defined(__x86_64__)
  // Clear of what only has to do with an operating system, such as LAHF, that nobody has without the rest.
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt") ||
      !__builtin_cpu_supports("ssse3"))
    return 1;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") ||
      !__builtin_cpu_supports("fma"))
    return 2;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512vl"))
    return 3;
  return 4;
#else
  return 0;
#endif
}

std::string platform_name(std::uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
#if defined(__x86_64__)
      __builtin_cpu_init();
      if (__builtin_cpu_is("intel") && x86_64_level() >= 3) return "haswell";
#endif
      return "x86_64";
    case EM_386:
      return "i686";
    case EM_AARCH64:
      return "aarch64";
    default:
      break;
  }
  const auto own = ::getauxval(AT_PLATFORM);
  return machine == own_machine() && own != 0 ? reinterpret_cast<const char*>(own) : "";
}

}  // namespace fromhost::core
