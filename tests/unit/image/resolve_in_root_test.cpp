// SPDX-License-Identifier: Apache-2.0
// Paths as in a chroot: one table of cases, the same for openat2 and for the walker that stands in for it.
#include "core/host/resolve_in_root.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.hpp"
#include "tests/support/ordinary_user.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::TempImage;

const std::string kLongest(255, 'n');
const std::string kTooLong(256, 'n');

struct Lookup {
  std::string name;
  std::string path;
  int flags;
  int error;             // 0: opens
  std::string leads_to;  // a path without links inside the image
};

struct Resolver {
  const char* name;
  UniqueFd (*open)(int root, const char* path, int flags);
};
constexpr Resolver kResolvers[] = {{"open_in_root", open_in_root}, {"open_by_walking", open_by_walking}};

/// What came of opening a path, to be compared.
struct Outcome {
  int error = 0;
  dev_t device = 0;
  ino_t inode = 0;
};

Outcome outcome_of(const Resolver& resolver, int root, const std::string& path, int flags) {
  Outcome outcome;
  errno = 0;
  const UniqueFd fd = resolver.open(root, path.c_str(), flags);
  struct stat facts;
  if (!fd) {
    outcome.error = errno;
  } else if (::fstat(fd.get(), &facts) == 0) {
    outcome.device = facts.st_dev;
    outcome.inode = facts.st_ino;
    EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0) << "leaks into commands";
  }
  return outcome;
}

void expect_rows(const TempImage& image, const std::vector<Lookup>& rows) {
  const UniqueFd root(::open(image.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_TRUE(root);
  for (const Lookup& row : rows)
    for (const Resolver& resolver : kResolvers) {
      SCOPED_TRACE(row.name + " by " + resolver.name);
      const Outcome outcome = outcome_of(resolver, root.get(), row.path, row.flags);
      EXPECT_EQ(errno_text(outcome.error), errno_text(row.error));
      if (row.error || outcome.error) continue;
      const struct stat expected = image.status(row.leads_to == "/" ? "" : row.leads_to);
      EXPECT_TRUE(outcome.device == expected.st_dev && outcome.inode == expected.st_ino)
          << "leads to another file than " << row.leads_to;
    }
}

TempImage image_full_of_links() {
  TempImage image;
  image.with_file("/usr/lib/libmpi.so.12", "mpi").with_file("/etc/conf", "conf").with_directory("/usr/bin");
  image.with_directory("/a/b/c/d").with_file("/a/b/file", "file").with_file("/a/b/c/d/deep", "deep");
  // The same names inside as outside, so that the wrong one can be told.
  image.with_file("/outside/kept", "inside").with_file("/" + kLongest, "long");
  image.with_link("/lib", "usr/lib").with_link("/abs", "/usr/lib");
  image.with_link("/abs_file", "/usr/lib/libmpi.so.12").with_link("/rel_file", "usr/lib/libmpi.so.12");
  image.with_link("/usr/up", "../etc").with_link("/usr/far_up", "../../../../../etc");
  image.with_link("/out_rel", "../outside").with_link("/out_abs", image.beside("outside"));
  image.with_link("/out_file", "../outside/kept").with_link("/dots", "../../../..");
  image.with_link("/a/b/dots", "../../../../../..").with_link("/a/b/parent", "..");
  image.with_link("/self", "self").with_link("/ping", "pong").with_link("/pong", "/ping");
  image.with_link("/a/loop", "../a/loop/x").with_link("/dangling", "nowhere");
  image.with_link("/dangling_deep", "nowhere/deep").with_link("/dangling_abs", "/usr/nowhere");
  image.with_link("/trail", "usr/lib/").with_link("/trail_file", "etc/conf/").with_link("/dot", ".");
  image.with_link("/slash", "/").with_link("/slashes", "///usr///lib//").with_link("/through", "etc/conf/x");
  image.with_link("/a/to_b", "b").with_link("/a/b/c/back", "../../..").with_link("/two", "/one");
  image.with_link("/one", "lib").with_link("/three", "two/../bin").with_link("/dot_dot_dir", "a/b/..");
  image.with_link("/long_target", kTooLong).with_link("/" + std::string(254, 'l'), kLongest);
  image.with_link("/blank name", "usr/lib").with_link("/utf\xc3\xbc", "usr/lib");
  image.with_link("/chain0", "etc/conf");
  for (int i = 1; i <= 41; ++i)
    image.with_link("/chain" + std::to_string(i), "chain" + std::to_string(i - 1));
  image.with_fifo("/fifo").with_link("/to_fifo", "fifo");
  return image;
}

TEST(ResolveInRoot, EveryPathLeadsWhereAChrootWouldLead) {
  const TempImage image = image_full_of_links();
  const int kLook = O_PATH, kRead = O_RDONLY, kDir = O_RDONLY | O_DIRECTORY, kLink = O_PATH | O_NOFOLLOW;
  std::string many_dots, very_deep, too_many;
  for (int i = 0; i < 100; ++i) many_dots += "../";
  for (int i = 0; i < 500; ++i) very_deep += "./a/../";
  for (int i = 0; i < 1000; ++i) too_many += "a/../";
  const std::vector<Lookup> rows = {
      {"root by nothing", "", kDir, 0, "/"},
      {"root by dot", ".", kDir, 0, "/"},
      {"root by slash", "/", kDir, 0, "/"},
      {"root by slashes", "///", kLook, 0, "/"},
      {"root without following", ".", kLink, 0, "/"},
      {"a file", "etc/conf", kRead, 0, "/etc/conf"},
      {"a file with leading slash", "/etc/conf", kRead, 0, "/etc/conf"},
      {"repeated slashes", "usr///lib//libmpi.so.12", kRead, 0, "/usr/lib/libmpi.so.12"},
      {"dots in between", "./usr/./lib/.", kDir, 0, "/usr/lib"},
      {"up and down", "usr/../etc/conf", kRead, 0, "/etc/conf"},
      {"a directory", "usr/lib", kDir, 0, "/usr/lib"},
      {"a directory, looked at only", "usr/lib", kLook, 0, "/usr/lib"},
      {"a directory, read as a file", "usr/lib", kRead, 0, "/usr/lib"},
      {"a directory without following", "usr/lib", kDir | O_NOFOLLOW, 0, "/usr/lib"},
      {"a directory with slash", "usr/lib/", kDir, 0, "/usr/lib"},
      {"a directory, written", "usr/lib", O_WRONLY, EISDIR, ""},
      {"missing", "nowhere", kLook, ENOENT, ""},
      {"missing in the middle", "nowhere/x", kLook, ENOENT, ""},
      {"missing, then up", "nowhere/../etc", kLook, ENOENT, ""},
      {"missing with slash", "nowhere/", kLook, ENOENT, ""},
      {"up from root", "..", kDir, 0, "/"},
      {"up from root and down", "../etc/conf", kRead, 0, "/etc/conf"},
      {"up from root to a name outside", "../outside/kept", kRead, 0, "/outside/kept"},
      {"up a hundred times", many_dots + "etc/conf", kRead, 0, "/etc/conf"},
      {"up from deep below", "a/b/../../../../etc/conf", kRead, 0, "/etc/conf"},
      {"last component up", "a/b/c/..", kDir, 0, "/a/b"},
      {"last component up above root", "a/../..", kDir, 0, "/"},
      {"last component dot", "a/b/.", kDir, 0, "/a/b"},
      {"file as directory", "etc/conf/x", kLook, ENOTDIR, ""},
      {"file with slash", "etc/conf/", kLook, ENOTDIR, ""},
      {"file and dot", "etc/conf/.", kLook, ENOTDIR, ""},
      {"file and up", "etc/conf/..", kLook, ENOTDIR, ""},
      {"file wanted as directory", "etc/conf", kDir, ENOTDIR, ""},
      {"relative directory link", "lib/libmpi.so.12", kRead, 0, "/usr/lib/libmpi.so.12"},
      {"relative directory link, last", "lib", kDir, 0, "/usr/lib"},
      {"absolute directory link", "abs/libmpi.so.12", kRead, 0, "/usr/lib/libmpi.so.12"},
      {"absolute directory link, last", "abs", kLook, 0, "/usr/lib"},
      {"absolute file link", "abs_file", kRead, 0, "/usr/lib/libmpi.so.12"},
      {"relative file link", "rel_file", kRead, 0, "/usr/lib/libmpi.so.12"},
      {"link up within", "usr/up/conf", kRead, 0, "/etc/conf"},
      {"link far above root", "usr/far_up/conf", kRead, 0, "/etc/conf"},
      {"relative link out stays in", "out_rel/kept", kRead, 0, "/outside/kept"},
      {"relative file link out stays in", "out_file", kRead, 0, "/outside/kept"},
      {"absolute link out leads nowhere", "out_abs/kept", kRead, ENOENT, ""},
      {"link of dots is the root", "dots/etc/conf", kRead, 0, "/etc/conf"},
      {"link of dots from below is the root", "a/b/dots", kDir, 0, "/"},
      {"up behind a link is up from its target", "lib/../bin", kDir, 0, "/usr/bin"},
      {"up behind an absolute link, too", "abs/../bin", kDir, 0, "/usr/bin"},
      {"link to parent", "a/b/parent/b/file", kRead, 0, "/a/b/file"},
      {"link in the middle", "a/to_b/c/d/deep", kRead, 0, "/a/b/c/d/deep"},
      {"link in the middle and up", "a/to_b/../b/file", kRead, 0, "/a/b/file"},
      {"link to ancestors", "a/b/c/back/a/b/c/back/etc/conf", kRead, 0, "/etc/conf"},
      {"link to link to link", "two/libmpi.so.12", kRead, 0, "/usr/lib/libmpi.so.12"},
      {"link through a link and up", "three", kDir, 0, "/usr/bin"},
      {"link that ends with up", "dot_dot_dir/b/file", kRead, 0, "/a/b/file"},
      {"link to dot", "dot/dot/dot/etc/conf", kRead, 0, "/etc/conf"},
      {"link to slash", "a/../slash/slash/etc/conf", kRead, 0, "/etc/conf"},
      {"link to slash, last", "slash", kDir, 0, "/"},
      {"link with many slashes", "slashes/libmpi.so.12", kRead, 0, "/usr/lib/libmpi.so.12"},
      {"link with trailing slash", "trail", kDir, 0, "/usr/lib"},
      {"link to a file with trailing slash", "trail_file", kLook, ENOTDIR, ""},
      {"link through a file", "through", kLook, ENOTDIR, ""},
      {"link to itself", "self", kLook, ELOOP, ""},
      {"link to itself, not followed", "self", kLink, 0, "/self"},
      {"two links in a circle", "ping", kLook, ELOOP, ""},
      {"two links in a circle, in the middle", "pong/x", kLook, ELOOP, ""},
      {"link that grows", "a/loop", kLook, ELOOP, ""},
      {"chain of 40 links", "chain39", kRead, 0, "/etc/conf"},
      {"chain of 41 links", "chain40", kRead, ELOOP, ""},
      {"chain of 41 links, last not followed", "chain40", kLink, 0, "/chain40"},
      {"40 links in a row of components",
       [] {
         std::string path;
         for (int i = 0; i < 40; ++i) path += "dot/";
         return path + "etc/conf";
       }(),
       kRead, 0, "/etc/conf"},
      {"41 links in a row of components",
       [] {
         std::string path;
         for (int i = 0; i < 41; ++i) path += "dot/";
         return path + "etc/conf";
       }(),
       kRead, ELOOP, ""},
      {"dangling", "dangling", kRead, ENOENT, ""},
      {"dangling, not followed", "dangling", kLink, 0, "/dangling"},
      {"dangling, opened without following", "dangling", kRead | O_NOFOLLOW, ELOOP, ""},
      {"dangling in the middle", "dangling/x", kLook, ENOENT, ""},
      {"dangling with slash", "dangling/", kLook, ENOENT, ""},
      {"dangling with slash, not followed", "dangling/", kLink, ENOENT, ""},
      {"dangling deep", "dangling_deep", kLook, ENOENT, ""},
      {"dangling absolute", "dangling_abs", kLook, ENOENT, ""},
      {"last link not followed", "abs_file", kLink, 0, "/abs_file"},
      {"last link, opened without following", "abs_file", kRead | O_NOFOLLOW, ELOOP, ""},
      {"last directory link not followed", "lib", kLink, 0, "/lib"},
      {"last directory link not followed, directory wanted", "lib", kDir | O_NOFOLLOW, ENOTDIR, ""},
      {"last directory link looked at, directory wanted", "lib", kLink | O_DIRECTORY, ENOTDIR, ""},
      {"last directory link with slash is followed", "lib/", kLink, 0, "/usr/lib"},
      {"last directory link with slash, directory wanted", "lib/", kDir | O_NOFOLLOW, 0, "/usr/lib"},
      {"last directory link with dot is followed", "lib/.", kLink, 0, "/usr/lib"},
      {"links in the middle are followed anyway", "lib/libmpi.so.12", kLink, 0, "/usr/lib/libmpi.so.12"},
      {"link to link, not followed", "two", kLink, 0, "/two"},
      {"file link with slash", "abs_file/", kLook, ENOTDIR, ""},
      {"file link as directory", "abs_file/x", kLook, ENOTDIR, ""},
      {"longest name", kLongest, kRead, 0, "/" + kLongest},
      {"longest name behind a link", std::string(254, 'l'), kRead, 0, "/" + kLongest},
      {"name too long", kTooLong, kLook, ENAMETOOLONG, ""},
      {"name too long in the middle", kTooLong + "/x", kLook, ENAMETOOLONG, ""},
      {"name too long in a link", "long_target", kLook, ENAMETOOLONG, ""},
      {"a very deep path", very_deep + "etc/conf", kRead, 0, "/etc/conf"},
      {"a path longer than PATH_MAX", too_many + "etc/conf", kRead, ENAMETOOLONG, ""},
      {"name with blank", "blank name/libmpi.so.12", kRead, 0, "/usr/lib/libmpi.so.12"},
      {"name with umlaut", "utf\xc3\xbc/libmpi.so.12", kRead, 0, "/usr/lib/libmpi.so.12"},
      {"three dots are a name", "...", kLook, ENOENT, ""},
      {"FIFO without waiting", "fifo", kRead | O_NONBLOCK, 0, "/fifo"},
      {"link to a FIFO", "to_fifo", kRead | O_NONBLOCK, 0, "/fifo"},
      {"FIFO as directory", "fifo/x", kLook, ENOTDIR, ""},
  };
  EXPECT_GE(rows.size(), 60u);
  expect_rows(image, rows);
  EXPECT_EQ(test::tree_of(image.beside("outside")).find("inside"), std::string::npos);
}

TEST(ResolveInRoot, ASocketIsLookedAtButNotOpened) {
  const TempImage image;
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = image.at("/socket");
  if (path.size() >= sizeof address.sun_path) GTEST_SKIP() << "$TMPDIR is too long for a socket's address";
  std::memcpy(address.sun_path, path.c_str(), path.size());
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address), 0);
  expect_rows(image,
              {{"looked at", "socket", O_PATH, 0, "/socket"}, {"opened", "socket", O_RDONLY, ENXIO, ""}});
}

TEST(ResolveInRoot, RightsAreAskedForAsInAChroot) {
  const bool possible = test::as_ordinary_user([] {
    TempImage image;
    image.with_file("/locked/file", "x").with_directory("/locked/below").with_link("/to_locked", "locked");
    image.with_file("/pass/file", "x").with_directory("/pass/below").with_file("/secret", "x", 0000);
    image.with_file("/readable/file", "x");
    image.with_mode("/locked", 0000).with_mode("/pass", 0111).with_mode("/readable", 0444);
    const int kLook = O_PATH, kRead = O_RDONLY, kDir = O_RDONLY | O_DIRECTORY;
    expect_rows(
        image,
        {
            {"locked directory, looked at", "locked", kLook, 0, "/locked"},
            {"locked directory, looked at through a link", "to_locked", kLook, 0, "/locked"},
            {"locked directory, looked at as a directory", "locked", kLook | O_DIRECTORY, 0, "/locked"},
            {"locked directory, read", "locked", kDir, EACCES, ""},
            {"below a locked directory", "locked/file", kLook, EACCES, ""},
            {"missing below a locked directory", "locked/nowhere", kLook, EACCES, ""},
            {"locked directory and dot", "locked/.", kLook, EACCES, ""},
            {"locked directory and slash", "locked/", kLook, 0, "/locked"},
            {"locked directory and up", "locked/..", kLook, EACCES, ""},
            {"locked directory, up and down", "locked/../secret", kLook, EACCES, ""},
            {"below a directory to pass through", "pass/file", kRead, 0, "/pass/file"},
            {"directory to pass through, read", "pass", kDir, EACCES, ""},
            {"directory to pass through and up", "pass/below/../file", kRead, 0, "/pass/file"},
            {"readable directory that cannot be entered, read", "readable", kDir, 0, "/readable"},
            {"readable directory, without following", "readable", kDir | O_NOFOLLOW, 0, "/readable"},
            {"below a readable directory", "readable/file", kLook, EACCES, ""},
            {"secret file, looked at", "secret", kLook, 0, "/secret"},
            {"secret file, read", "secret", kRead, EACCES, ""},
        });
  });
  if (!possible) GTEST_SKIP() << "cannot become an ordinary user here";
}

TEST(ResolveInRoot, MagicLinksOfAProcMountLeadNowhere) {
  const TempImage image = TempImage{}.with_directory("/proc").with_link("/me", "proc/self/root/etc");
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    // A mount namespace of its own, so that the mount goes away with the child.
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("proc", image.at("/proc").c_str(), "proc", 0, nullptr) != 0)
      ::_exit(77);
    const std::string self = "proc/" + std::to_string(::getpid());
    expect_rows(image, {
                           {"root", self + "/root", O_PATH, ELOOP, ""},
                           {"file behind root", self + "/root/etc/passwd", O_RDONLY, ELOOP, ""},
                           {"current directory", self + "/cwd", O_PATH | O_DIRECTORY, ELOOP, ""},
                           {"executable", self + "/exe", O_RDONLY, ELOOP, ""},
                           {"descriptor", self + "/fd/0", O_RDONLY, ELOOP, ""},
                           {"name space", self + "/ns/mnt", O_RDONLY, ELOOP, ""},
                           {"by the image's own link", "me", O_PATH, ELOOP, ""},
                           {"not followed", self + "/root", O_PATH | O_NOFOLLOW, 0, "/" + self + "/root"},
                           {"an ordinary file there", self + "/status", O_RDONLY, 0, "/" + self + "/status"},
                       });
    std::fflush(nullptr);
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "cannot mount proc here";
  EXPECT_EQ(WEXITSTATUS(status), 0) << "its failures are above";
}

TEST(ResolveInRoot, FailsWithoutARoot) {
  for (const Resolver& resolver : kResolvers) {
    SCOPED_TRACE(resolver.name);
    EXPECT_EQ(outcome_of(resolver, -1, "etc", O_PATH).error, EBADF);
    EXPECT_EQ(outcome_of(resolver, -1, "", O_PATH).error, EBADF);
  }
}

}  // namespace
}  // namespace fromhost::core
