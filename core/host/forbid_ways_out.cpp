// SPDX-License-Identifier: Apache-2.0
// Host: the system calls that a confined stranger's program does without, as a seccomp filter.
//
// Its mounts, processes and network are its own, but its user outside is still ours. A socket that lies in
// the image leads to whoever listens there, outside: he may hand in a directory of the host, opened by
// himself, and below that our user writes (socket; io_uring has calls of its own). Keys are our user's, too.
// Namespaces of its own would give it capabilities in them, and with these the file systems that such a root
// may mount. No ldconfig needs any of these calls.
#include "core/host/forbid_ways_out.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <iterator>

namespace fromhost::core {
namespace {

#if defined(__x86_64__)
constexpr unsigned kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kMachine = AUDIT_ARCH_AARCH64;
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
constexpr unsigned kMachine = AUDIT_ARCH_PPC64LE;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr unsigned kMachine = AUDIT_ARCH_RISCV64;
#else
constexpr unsigned kMachine = 0;  // nobody has tried; no stranger's program runs
#endif

constexpr unsigned kIoUringSetup = 425, kClone3 = 435;  // the same on all machines
constexpr unsigned kX32 = 0x40000000;                   // on x86-64, the numbers from here on

constexpr sock_filter load(unsigned offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}
constexpr sock_filter answer(unsigned action) {
  return BPF_STMT(BPF_RET | BPF_K, action);
}
/// The call does not exist: so clone() is used where there is no clone3(), whose flags no filter can see.
constexpr sock_filter no_such_call() {
  return answer(SECCOMP_RET_ERRNO | ENOSYS);
}
/// Passes over the next line unless it is equal.
constexpr sock_filter if_equal(unsigned value) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
}

constexpr unsigned kNumber = offsetof(seccomp_data, nr), kArch = offsetof(seccomp_data, arch),
                   kFlags = offsetof(seccomp_data, args);  // the lower half, on a little-endian machine

}  // namespace

bool forbid_ways_out() {
  sock_filter lines[] = {
      load(kArch),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMachine, 1, 0),
      // Programs of another kind, such as 32-bit ones, have other numbers: none of theirs goes through.
      no_such_call(),
      load(kNumber),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32, 0, 1),
      no_such_call(),
      if_equal(SYS_socket),
      no_such_call(),
      if_equal(kIoUringSetup),
      no_such_call(),
      if_equal(SYS_keyctl),
      no_such_call(),
      if_equal(SYS_add_key),
      no_such_call(),
      if_equal(SYS_request_key),
      no_such_call(),
      if_equal(SYS_unshare),
      no_such_call(),
      if_equal(kClone3),
      no_such_call(),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
      load(kFlags),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1),
      no_such_call(),
      answer(SECCOMP_RET_ALLOW),
  };
  if (kMachine == 0) {
    errno = ENOSYS;
    return false;
  }
  const sock_fprog program = {std::size(lines), lines};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

}  // namespace fromhost::core
