// SPDX-License-Identifier: Apache-2.0
// What this machine's processor is, as its kernel and a loader see it.
#pragma once

#include <cstdint>
#include <string>

namespace fromhost::core {

/// The ELF machine of this program, which is one that this kernel runs.
std::uint16_t own_machine();

/// Does a kernel for the ELF machine `kernel` also run programs that are made for `program`? Only where every
/// processor and the usual kernels of distributions do: i386 on x86-64.
bool runs_also(std::uint16_t kernel, std::uint16_t program);

/// The x86-64 level of this processor, 1 to 4; 0: another architecture. As glibc names directories below
/// glibc-hwcaps: x86-64-v2 and so on. Source: the x86-64 psABI, and glibc's sysdeps/x86/get-isa-level.h.
int x86_64_level();

/// What $PLATFORM stands for in programs of that machine on this processor. Source: AT_PLATFORM of the
/// kernel, and glibc's sysdeps/x86/cpu-features.c, which puts a name of its own over it.
std::string platform_name(std::uint16_t machine);

}  // namespace fromhost::core
