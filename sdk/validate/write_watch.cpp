// SPDX-License-Identifier: Apache-2.0
// Writes, by seccomp's user notification: unlike a filter that kills or refuses by itself, it can tell the
// plugin's own calls from those of the services that it asked for, which run in the same process.
#include "sdk/validate/write_watch.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "sdk/validate/watched_host.hpp"

namespace fromhost::validate {
namespace {

struct Watched {
  int number;
  const char* name;
  int path;   ///< which argument is the path; -1: none
  int flags;  ///< which one holds open's flags; -1: every call counts
};

constexpr Watched kCalls[] = {
    {SYS_openat, "openat", 1, 2},
    {SYS_mkdirat, "mkdirat", 1, -1},
    {SYS_mknodat, "mknodat", 1, -1},
    {SYS_unlinkat, "unlinkat", 1, -1},
    {SYS_symlinkat, "symlinkat", 2, -1},
    {SYS_linkat, "linkat", 3, -1},
    {SYS_renameat2, "renameat2", 1, -1},
    {SYS_truncate, "truncate", 0, -1},
    {SYS_fchmodat, "fchmodat", 1, -1},
    {SYS_fchownat, "fchownat", 1, -1},
    {SYS_utimensat, "utimensat", 1, -1},
    {SYS_setxattr, "setxattr", 0, -1},
    {SYS_lsetxattr, "lsetxattr", 0, -1},
    {SYS_mount, "mount", 1, -1},
#ifdef SYS_open  // the older calls, which newer machines do not have
    {SYS_open, "open", 0, 1},
    {SYS_creat, "creat", 0, -1},
    {SYS_mkdir, "mkdir", 0, -1},
    {SYS_mknod, "mknod", 0, -1},
    {SYS_unlink, "unlink", 0, -1},
    {SYS_rmdir, "rmdir", 0, -1},
    {SYS_symlink, "symlink", 1, -1},
    {SYS_link, "link", 1, -1},
    {SYS_rename, "rename", 0, -1},
    {SYS_chmod, "chmod", 0, -1},
    {SYS_chown, "chown", 0, -1},
    {SYS_lchown, "lchown", 0, -1},
    {SYS_utimes, "utimes", 0, -1},
#endif
#ifdef SYS_renameat
    {SYS_renameat, "renameat", 1, -1},
#endif
};
constexpr std::uint32_t kOpensForWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;

std::uint32_t argument_offset(int which) {
  // The low half; flags are 32 bits wide.
  const std::size_t half = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4;
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * static_cast<std::size_t>(which) +
                                    half);
}

std::vector<sock_filter> filter() {
  std::vector<sock_filter> program;
  const auto add = [&](unsigned code, std::uint32_t k, std::uint8_t yes = 0, std::uint8_t no = 0) {
    program.push_back({static_cast<std::uint16_t>(code), yes, no, k});
  };
  for (const Watched& call : kCalls) {
    add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
    const bool by_flags = call.flags >= 0;
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call.number), 0, by_flags ? 3 : 1);
    if (by_flags) {
      add(BPF_LD | BPF_W | BPF_ABS, argument_offset(call.flags));
      add(BPF_JMP | BPF_JSET | BPF_K, kOpensForWriting, 0, 1);
    }
    add(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  }
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  return program;
}

/// A message with a descriptor, or with none.
struct Parcel {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  Parcel() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
};

std::string text_of(pid_t pid, std::uint64_t address) {
  const std::string memory = "/proc/" + std::to_string(pid) + "/mem";
  const core::UniqueFd fd(::open(memory.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 256> text{};
  if (!fd || ::pread(fd.get(), text.data(), text.size() - 1, static_cast<off_t>(address)) <= 0) return "?";
  return text.data();
}

}  // namespace

bool hand_over_writes(int socket) {
  std::vector<sock_filter> program = filter();
  sock_fprog all{static_cast<unsigned short>(program.size()), program.data()};
  Parcel parcel;
  long listener = -1;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
    listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &all);
  if (listener < 0) {
    parcel.message.msg_controllen = 0;
  } else {
    const int fd = static_cast<int>(listener);
    cmsghdr* header = CMSG_FIRSTHDR(&parcel.message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  const bool sent = ::sendmsg(socket, &parcel.message, MSG_NOSIGNAL) == 1;
  if (listener >= 0) ::close(static_cast<int>(listener));
  return sent && listener >= 0;
}

WriteWatch::WriteWatch(int socket) {
  Parcel parcel;
  if (::recvmsg(socket, &parcel.message, MSG_CMSG_CLOEXEC) != 1) return;
  const cmsghdr* header = CMSG_FIRSTHDR(&parcel.message);
  if (!header || header->cmsg_type != SCM_RIGHTS) return;
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  fd_ = core::UniqueFd(fd);
}

void WriteWatch::answer() {
  seccomp_notif asked{};
  if (::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) return;  // it died meanwhile
  seccomp_notif_resp reply{};
  reply.id = asked.id;
  if (at_work() == AtWork::plugin) {
    reply.error = -EROFS;
    for (const Watched& call : kCalls)
      if (call.number == asked.data.nr)
        refused_.push_back(std::string(call.name) + "(" +
                           text_of(static_cast<pid_t>(asked.pid), asked.data.args[call.path]) + ")");
  } else {
    reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  }
  ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

}  // namespace fromhost::validate
