// SPDX-License-Identifier: Apache-2.0
// One file's way into the image: bytes, mode, times, owner and user attributes; never rights of the host.
#include "core/apply/copy_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <stdexcept>
#include <system_error>

#include "core/host/same_bytes.hpp"
#include "tests/support/ordinary_user.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::TempImage;
using testing::ElementsAre;
using testing::IsEmpty;

class CopyFile : public testing::Test {
 protected:
  /// Copies /from of the image to /to in it.
  Dropped copied() {
    const UniqueFd from(::open(image_.at("/from").c_str(), O_RDONLY | O_CLOEXEC));
    const UniqueFd directory(::open(image_.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return copy_file(files_, from.get(), directory.get(), "to");
  }
  TempImage image_;
  FileOperations files_;
};

TEST_F(CopyFile, KeepsBytesWhateverTheSize) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{3'000'001}}) {
    SCOPED_TRACE(size);
    TempImage image;
    image_ = image;
    std::string bytes(size, 'x');
    for (std::size_t i = 0; i < size; i += 997) bytes[i] = static_cast<char>(i);
    image_.with_file("/from", bytes);
    EXPECT_THAT(copied(), IsEmpty());
    EXPECT_TRUE(image_.content("/to") == bytes);
  }
}

TEST_F(CopyFile, CopiesAFileThatOnlyPretendsToBeEmpty) {
  // procfs says that it has 0 bytes, and the kernel's own copy believes it.
  const UniqueFd from(::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC));
  const UniqueFd directory(::open(image_.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_TRUE(from && directory);
  copy_file(files_, from.get(), directory.get(), "to");
  EXPECT_THAT(image_.content("/to"), testing::HasSubstr("unit_tests"));
}

TEST_F(CopyFile, CopiesFromAnotherFileSystem) {
  const UniqueFd from(::memfd_create("from", MFD_CLOEXEC));
  const UniqueFd directory(::open(image_.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::write(from.get(), "bytes", 5), 5);
  ASSERT_EQ(::lseek(from.get(), 0, SEEK_SET), 0);
  copy_file(files_, from.get(), directory.get(), "to");
  EXPECT_EQ(image_.content("/to"), "bytes");
}

TEST_F(CopyFile, TellsEachPieceAndEndsWhenTheListenerThrows) {
  struct Row {
    const char* name;
    std::size_t size;
    bool in_memory;  ///< on another file system, unless the image is in memory, too
    std::size_t least_pieces;
  };
  const Row rows[] = {
      {"small", 5, false, 1},
      {"large", 40'000'000, false, 1},  // where blocks are shared, one; else three
      {"from another file system", 1'000'000, true, 1},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const TempImage image;
    UniqueFd from(row.in_memory ? ::memfd_create("from", MFD_CLOEXEC)
                                : ::open(image.at("/from").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const UniqueFd directory(::open(image.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::string content(row.size, 'x');
    ASSERT_EQ(::write(from.get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
    ASSERT_EQ(::lseek(from.get(), 0, SEEK_SET), 0);
    std::vector<std::uint64_t> pieces;
    copy_file(files_, from.get(), directory.get(), "to", false,
              [&](std::uint64_t bytes) { pieces.push_back(bytes); });
    EXPECT_EQ(std::accumulate(pieces.begin(), pieces.end(), std::uint64_t{0}), row.size);
    EXPECT_GE(pieces.size(), row.least_pieces);
    ASSERT_EQ(::lseek(from.get(), 0, SEEK_SET), 0);
    EXPECT_THROW(copy_file(files_, from.get(), directory.get(), "ended", false,
                           [](std::uint64_t) { throw std::out_of_range("enough"); }),
                 std::out_of_range);
  }
}

TEST_F(CopyFile, KeepsHoles) {
  constexpr off_t kMega = off_t{1} << 20;
  struct Row {
    const char* name;
    off_t size;
    std::vector<off_t> data;  ///< where some bytes are
  };
  const Row rows[] = {
      {"nothing but a hole", 5 * kMega, {}},
      {"a hole first", 3 * kMega, {3 * kMega - 100}},
      {"a hole last", 3 * kMega, {0}},
      {"holes between", 64 * kMega, {kMega, 20 * kMega, 20 * kMega + 4096, 63 * kMega}},
      {"holes of odd sizes", 9'999'999, {12'345, 5'000'001}},
  };
  for (const Row& row : rows)
    for (const bool in_memory : {false, true}) {
      SCOPED_TRACE(std::string(row.name) + (in_memory ? ", from another file system" : ""));
      const TempImage image;
      const UniqueFd from(in_memory ? ::memfd_create("from", MFD_CLOEXEC)
                                    : ::open(image.at("/from").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
      const UniqueFd directory(::open(image.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      ASSERT_EQ(::ftruncate(from.get(), row.size), 0);
      for (const off_t at : row.data) ASSERT_EQ(::pwrite(from.get(), "bytes", 5, at), 5);
      ASSERT_EQ(::fsync(from.get()), 0);  // or btrfs and XFS do not know yet how many blocks it has
      struct stat facts;
      ASSERT_EQ(::fstat(from.get(), &facts), 0);
      std::uint64_t told = 0;
      copy_file(files_, from.get(), directory.get(), "to", false,
                [&](std::uint64_t bytes) { told += bytes; });
      EXPECT_EQ(told, static_cast<std::uint64_t>(row.size));
      const UniqueFd to(::open(image.at("/to").c_str(), O_RDONLY | O_CLOEXEC));
      EXPECT_TRUE(same_bytes(from.get(), to.get()));
      ASSERT_EQ(::fsync(to.get()), 0);
      // In memory blocks are pages, elsewhere they may be larger.
      const auto blocks = std::max<blkcnt_t>(facts.st_blocks, static_cast<blkcnt_t>(row.data.size()) * 128);
      EXPECT_LE(image.status("/to").st_blocks, in_memory ? blocks : facts.st_blocks);
    }
}

TEST_F(CopyFile, KeepsTheModeWhateverTheUmask) {
  const mode_t before = ::umask(0077);
  for (const mode_t mode : {0644u, 0755u, 0400u, 0777u, 0600u}) {
    image_ = TempImage{}.with_file("/from", "x", mode);
    copied();
    EXPECT_EQ(image_.status("/to").st_mode & 07777, mode);
  }
  ::umask(before);
}

TEST_F(CopyFile, KeepsTheTimesToTheNanosecond) {
  image_.with_file("/from", "x");
  const struct timespec times[2] = {{1'111'111'111, 111'111'111}, {1'222'222'222, 222'222'222}};
  ASSERT_EQ(::utimensat(AT_FDCWD, image_.at("/from").c_str(), times, 0), 0);
  copied();
  const struct stat to = image_.status("/to");
  EXPECT_EQ(to.st_mtim.tv_sec, times[1].tv_sec);
  EXPECT_EQ(to.st_mtim.tv_nsec, times[1].tv_nsec);
}

TEST_F(CopyFile, KeepsUserAttributesAndNoOthers) {
  image_.with_file("/from", "x");
  if (::setxattr(image_.at("/from").c_str(), "user.note", "", 0, 0) != 0)
    GTEST_SKIP() << "no user attributes in " << image_.root();
  image_.with_attribute("/from", "user.binary", std::string("\0\xff", 2));
  image_.with_attribute("/from", "user.big", std::string(1000, 'b'));
  if (::geteuid() == 0) image_.with_attribute("/from", "trusted.secret", "s");
  EXPECT_THAT(copied(), IsEmpty());
  char names[1000];
  const ssize_t size = ::listxattr(image_.at("/to").c_str(), names, sizeof names);
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::string(names, static_cast<std::size_t>(size)).find("trusted."), std::string::npos);
  std::string from = image_.tree(), to = from;
  from = from.substr(from.find("/from ") + 6);
  to = to.substr(to.find("/to ") + 4);
  EXPECT_EQ(from.substr(0, from.find('\n')), to.substr(0, to.find('\n')));
  EXPECT_NE(to.find("user.binary='\\x00"), std::string::npos) << to;
}

TEST_F(CopyFile, DropsSetIdBitsAndSaysSo) {
  struct Row {
    const char* name;
    mode_t mode, kept;
    Dropped dropped;
  };
  const Row rows[] = {
      {"none", 0755, 0755, {}},
      {"setuid", 04755, 0755, {"setuid bit"}},
      {"setgid", 02755, 0755, {"setgid bit"}},
      {"both", 06711, 0711, {"setuid bit", "setgid bit"}},
      {"sticky, which means nothing", 01755, 0755, {}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    image_ = TempImage{}.with_file("/from", "x").with_mode("/from", row.mode);
    EXPECT_EQ(copied(), row.dropped);
    EXPECT_EQ(image_.status("/to").st_mode & 07777, row.kept);
  }
}

TEST_F(CopyFile, DropsFileCapabilitiesAndSaysSo) {
  image_.with_file("/from", "x", 0755);
  // VFS_CAP_REVISION_2, cap_net_raw permitted.
  const unsigned char capability[20] = {0, 0, 0, 2, 0, 0x20};
  if (::setxattr(image_.at("/from").c_str(), "security.capability", capability, sizeof capability, 0) != 0)
    GTEST_SKIP() << "cannot set file capabilities here";
  EXPECT_THAT(copied(), ElementsAre("file capabilities"));
  char value[100];
  EXPECT_LT(::getxattr(image_.at("/to").c_str(), "security.capability", value, sizeof value), 0);
  EXPECT_EQ(errno, ENODATA);
}

TEST_F(CopyFile, RootKeepsTheOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  image_.with_file("/from", "x").with_owner("/from", 1234, 5678).with_mode("/from", 04755);
  copied();
  EXPECT_EQ(image_.status("/to").st_uid, 1234u);
  EXPECT_EQ(image_.status("/to").st_gid, 5678u);
  EXPECT_EQ(image_.status("/to").st_mode & 07777, 0755u);
}

TEST_F(CopyFile, AnOrdinaryUserGetsOthersFilesAsTheirOwnWithoutAWord) {
  const UniqueFd from(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(from);
  const bool possible = test::as_ordinary_user([&] {
    const TempImage image;
    const UniqueFd directory(::open(image.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    EXPECT_THAT(copy_file(files_, from.get(), directory.get(), "to"), IsEmpty());
    EXPECT_EQ(image.status("/to").st_uid, ::geteuid());
    EXPECT_EQ(image.status("/to").st_mode & 07777, 0644u);
  });
  if (!possible) GTEST_SKIP() << "cannot become an ordinary user here";
}

TEST_F(CopyFile, NeverWritesToWhatIsThere) {
  image_.with_file("/from", "new").with_file("/kept", "old").with_link("/to", "kept");
  try {
    copied();
    FAIL() << "wrote through a link";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EEXIST);
  }
  EXPECT_EQ(image_.content("/kept"), "old");
}

TEST_F(CopyFile, IsNotReadableByOthersBeforeItHasItsMode) {
  class Watching : public FileOperations {
   public:
    void copy(int from, int to, const PieceCopied& copied) override {
      struct stat facts;
      ASSERT_EQ(::fstat(to, &facts), 0);
      while_copying = facts.st_mode & 07777;
      FileOperations::copy(from, to, copied);
    }
    mode_t while_copying = 0;
  };
  Watching files;
  image_.with_file("/from", "secret", 0644);
  const UniqueFd from(::open(image_.at("/from").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd directory(::open(image_.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  copy_file(files, from.get(), directory.get(), "to");
  EXPECT_EQ(files.while_copying & 0077, 0u);
}

}  // namespace
}  // namespace fromhost::core
