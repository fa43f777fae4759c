// SPDX-License-Identifier: Apache-2.0
// Host: the child's side of running a command.
#include "core/host/become_command.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "core/host/forbid_ways_out.hpp"

namespace fromhost::core {
namespace {

/// Memory of its own that a confined command may have: whoever wrote the image's ld.so.conf says how long its
/// lines are, and ldconfig reads each as a whole. The libraries that it maps do not count.
constexpr rlim_t kMostMemory = rlim_t{256} << 20;

int close_from(unsigned first) {
#ifdef SYS_close_range
  return static_cast<int>(::syscall(SYS_close_range, first, ~0u, 0u));
#else
  errno = ENOSYS;
  return first ? -1 : 0;
#endif
}

void close_others(int first) {
  if (close_from(static_cast<unsigned>(first)) == 0) return;
  // Before Linux 5.9. The limit may be a thousand million in a container, so it is cut to what is usual
  // elsewhere.
  const long limit = std::clamp(::sysconf(_SC_OPEN_MAX), 1024L, 65536L);
  for (int fd = first; fd < limit; ++fd) ::close(fd);
}

constexpr int kReport = STDERR_FILENO + 1;
constexpr int kGo = kReport + 1;
constexpr int kProgram = kGo + 1;

[[noreturn]] void give_up(int report) {
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(report, &error, sizeof error);
  ::_exit(127);
}

bool write_file(const char* path, const char* text, std::size_t size) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text, size) == static_cast<ssize_t>(size);
  ::close(fd);
  return written;
}

/// Own mounts; with a user namespace where we are not allowed to make them, or where our rights must not
/// reach inside.
bool leave_namespaces(const Launch& launch) {
  const bool foreign = launch.command.confinement->foreign;
  if (!foreign && ::unshare(CLONE_NEWNS) == 0) return true;
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | (foreign ? CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC : 0)) !=
      0)
    return false;
  const auto& [user, group] = launch.identity_maps;
  write_file("/proc/self/setgroups", "deny", 4);  // absent before Linux 3.19, and then not needed
  return write_file("/proc/self/uid_map", user.data(), user.size()) &&
         write_file("/proc/self/gid_map", group.data(), group.size());
}

/// The mount flags that a file system has now: a user namespace may not drop them.
unsigned long mount_flags_of(const char* path) {
  struct statvfs facts;
  if (::statvfs(path, &facts) != 0) return 0;
  unsigned long flags = facts.f_flag & (ST_NOEXEC | ST_NOATIME | ST_NODIRATIME);
  if (facts.f_flag & ST_RELATIME) flags |= MS_RELATIME;
  return flags;
}

/// A bind mount of the current directory on itself. A user namespace cannot part a mount from those below it,
/// so these come along where they must; but not for a stranger's program, which could write there.
bool bind_here(const Launch& launch) {
  if (::mount(".", ".", nullptr, MS_BIND, nullptr) == 0) return true;
  if (errno != EINVAL) return false;
  if (!launch.command.confinement->foreign) return ::mount(".", ".", nullptr, MS_BIND | MS_REC, nullptr) == 0;
  errno = EBUSY;
  return false;
}

/// Is the current directory this one? Whoever owns what is above it can swap names at any time.
bool is_here(const struct stat& wanted) {
  struct stat here;
  if (::stat(".", &here) != 0) return false;
  if (here.st_dev == wanted.st_dev && here.st_ino == wanted.st_ino) return true;
  errno = ESTALE;
  return false;
}

/// From the root, which is where we are. No link is followed.
bool change_to_writable(const Launch& launch) {
  for (const std::string& name : launch.writable_names) {
    const int next = ::open(name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0 || ::fchdir(next) != 0) return false;
    ::close(next);
  }
  return is_here(launch.writable);
}

/// Makes the confinement's directory our root. We stand in it already: a working directory comes along into
/// new namespaces, and "." is one directory whatever happens to its names, where mount(2) looks up a path
/// twice, and its owner may put a link to the host between. Only the way up onto the new mount is a path, and
/// looked after. Order matters: what may be written is bound first, so that it does not inherit the read-only
/// remount.
bool enter(const Launch& launch) {
  const Confinement& confinement = *launch.command.confinement;
  if (!leave_namespaces(launch)) return false;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  if (!bind_here(launch) || ::chdir(confinement.root.c_str()) != 0 || !is_here(launch.root)) return false;
  if (!launch.writable_names.empty()) {
    const int root = ::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || !change_to_writable(launch) || !bind_here(launch) || ::fchdir(root) != 0) return false;
    ::close(root);
  }
  // Fails where this is no mount of its own, as another name of the directory would be.
  const unsigned long read_only =
      MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | mount_flags_of(".");
  if (::mount(nullptr, ".", nullptr, read_only, nullptr) != 0) return false;
  // A stranger's program gets a namespace in which the host's files are not. For this host's own, whose
  // capabilities are dropped next, they lie below the image, where only who may unmount comes to: taking them
  // away waits for a grace period of the kernel, a millisecond or more. This works where the root is an
  // initramfs, too.
  if (confinement.foreign)
    return ::syscall(SYS_pivot_root, ".", ".") == 0 && ::umount2(".", MNT_DETACH) == 0 && ::chdir("/") == 0;
  return ::mount(".", "/", nullptr, MS_MOVE, nullptr) == 0 && ::chroot(".") == 0 && ::chdir("/") == 0;
}

/// What a program of this host may still do as root in there: read and write whatever the image's modes say.
void drop_capabilities() {
  constexpr unsigned long kOverride = 1, kReadSearch = 2;  // CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
  for (unsigned long one = 0; ::prctl(PR_CAPBSET_READ, one, 0, 0, 0) >= 0; ++one)
    if (one != kOverride && one != kReadSearch) ::prctl(PR_CAPBSET_DROP, one, 0, 0, 0);
}

/// The first process of a PID namespace is a child of ours: waits for it and ends as it did.
void become_its_child() {
  const pid_t pid = ::fork();
  if (pid < 0) give_up(kReport);
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // and with the first process, all of its namespace
    ::setsid();                          // it cannot kill us as one of its own process group
    return;
  }
  ::close(kReport);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (!WIFSIGNALED(status)) ::_exit(WEXITSTATUS(status));
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  ::sigaction(WTERMSIG(status), &by_default, nullptr);
  ::raise(WTERMSIG(status));
  ::_exit(128 + WTERMSIG(status));
}

/// Each descriptor at its number; none may be closed by the other's coming.
bool take_their_places(const Launch& launch) {
  const int report = ::fcntl(launch.report, F_DUPFD_CLOEXEC, kProgram);
  const int go = ::fcntl(launch.go, F_DUPFD_CLOEXEC, kProgram);
  return report >= 0 && go >= 0 && ::dup3(report, kReport, O_CLOEXEC) >= 0 && ::dup3(go, kGo, O_CLOEXEC) >= 0;
}

/// Until the parent wants the command, which may be never.
void wait_for_go() {
  char byte;
  ssize_t got;
  do got = ::read(kGo, &byte, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1) ::_exit(127);
}

/// A confined command gets a pipe without another end: /dev/null is a file of the host, and root, who owns
/// it, may change its mode by a descriptor.
void take_empty_input(const Launch& launch) {
  int ends[2] = {-1, -1};
  if (launch.command.confinement ? ::pipe2(ends, O_CLOEXEC) != 0
                                 : (ends[0] = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
    give_up(launch.report);
  const int empty = ends[0];
  // The standard descriptors may be closed in us; what takes such a number here gets another content next.
  if (ends[1] > STDERR_FILENO) ::close(ends[1]);
  if (empty != STDIN_FILENO && ::dup2(empty, STDIN_FILENO) < 0) give_up(launch.report);
  if (empty == STDIN_FILENO) ::fcntl(empty, F_SETFD, 0);
}

/// For good, also for root without its capabilities.
template <typename Resource>
bool limit(Resource what, rlim_t most) {
  struct rlimit now;
  if (::getrlimit(what, &now) != 0) return false;
  const rlim_t less = std::min(most, now.rlim_max);
  const struct rlimit wanted = {less, less};
  return ::setrlimit(what, &wanted) == 0;
}

}  // namespace

void become_command(const Launch& launch) {
  // Own session: its group can be killed as one, and reading our terminal does not stop it as a background
  // job.
  ::setsid();
  // If we are killed, ldconfig or ch-run does not go on without us.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != launch.parent) ::_exit(127);

  if (launch.command.input == Command::Input::empty) take_empty_input(launch);
  if (::dup2(launch.output, STDOUT_FILENO) < 0 || ::dup2(launch.errors, STDERR_FILENO) < 0)
    give_up(launch.report);
  const Confinement* confinement = launch.command.confinement ? &*launch.command.confinement : nullptr;
  if (confinement && ::fchdir(confinement->root_directory) != 0) give_up(launch.report);
  if (!take_their_places(launch)) give_up(launch.report);
  close_others(kGo + 1);

  if (!confinement && launch.command.directory == Command::Directory::root && ::chdir("/") != 0)
    give_up(kReport);
  if (confinement) {
    // This host's program, opened while it can be seen.
    if (!confinement->foreign) {
      const int program = ::open(launch.program.c_str(), O_RDONLY | O_CLOEXEC);
      if (program < 0) give_up(kReport);
      if (program != kProgram && ::dup3(program, kProgram, O_CLOEXEC) < 0) give_up(kReport);
      if (program != kProgram) ::close(program);
    }
    if (!enter(launch)) give_up(kReport);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!limit(RLIMIT_DATA, kMostMemory)) give_up(kReport);
    if (!confinement->foreign) drop_capabilities();
    if (confinement->foreign && !limit(RLIMIT_FSIZE, kForeignFileLimit)) give_up(kReport);
    // Of this host's own, too, since it reads what strangers wrote; but it is no stranger.
    if (!forbid_ways_out() && confinement->foreign) give_up(kReport);
  }
  wait_for_go();
  if (confinement && confinement->foreign) become_its_child();
  // Handlers would be reset by exec anyway; what somebody else chose to ignore (nohup) stays so, what we
  // ignore does not.
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};
    const bool ignored = ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
    if (!ignored || signal == SIGPIPE || signal == SIGXFSZ || signal == SIGCHLD) ::signal(signal, SIG_DFL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (confinement && !confinement->foreign)
    ::syscall(SYS_execveat, kProgram, "", launch.argv.data(), launch.environment.data(), AT_EMPTY_PATH);
  else
    ::execve(launch.program.c_str(), launch.argv.data(), launch.environment.data());
  give_up(kReport);
}

}  // namespace fromhost::core
