// SPDX-License-Identifier: Apache-2.0
// The host below another directory: what is inside it is found as in a chroot, what is outside never.
#include "core/host/rooted_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "core/error.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::error_of;
using test::FakeHost;
using test::TempImage;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kLimit = 1u << 20;

class RootedHostTest : public testing::Test {
 protected:
  RootedHost below() { return RootedHost(machine_, tree_.root()); }
  std::string read(const std::string& path) { return below().read_file(HostPath(path), kLimit); }
  int error_of_read(const std::string& path) {
    return error_of([&] { read(path); });
  }

  TempImage tree_;
  FakeHost machine_;
};

TEST_F(RootedHostTest, AbsolutePathsAreBelowTheRoot) {
  tree_.with_file("/etc/ld.so.cache", "ours");
  machine_.with_file("/etc/ld.so.cache", "the machine's");
  EXPECT_EQ(read("/etc/ld.so.cache"), "ours");
  EXPECT_TRUE(below().open_file(HostPath("/etc/ld.so.cache")));
  EXPECT_EQ(below().inspect(HostPath("/etc/ld.so.cache")).bytes, 4u);
  EXPECT_THAT(machine_.read, testing::IsEmpty());
}

TEST_F(RootedHostTest, RelativePathsAreThePersonsOwn) {
  tree_.with_file("/list", "ours");
  machine_.with_file("list", "the person's");
  EXPECT_EQ(read("list"), "the person's");
  EXPECT_EQ(below().inspect(HostPath("list")).bytes, 12u);
  EXPECT_TRUE(below().open_file(HostPath("list")));
  EXPECT_THAT(machine_.opened, ElementsAre("list"));
}

TEST_F(RootedHostTest, CommandsEnvironmentAndProgramsAreTheMachines) {
  machine_.with_variable("PATH", "/usr/bin")
      .with_program("tool", "/usr/bin/tool")
      .with_answer("tool", test::exited(0, "out"));
  RootedHost host = below();
  EXPECT_EQ(host.environment("PATH"), "/usr/bin");
  EXPECT_EQ(host.find_program("tool"), HostPath("/usr/bin/tool"));
  EXPECT_EQ(host.run(Command{.argv = {"tool"}}).output, "out");
  EXPECT_EQ(host.own_directory(), machine_.own_directory());
}

TEST_F(RootedHostTest, RootIsWhatWasAskedFor) {
  EXPECT_EQ(below().root(), tree_.root());
  EXPECT_EQ(machine_.root(), "/");
}

struct LinkRow {
  const char* name;
  const char* path;
  const char* content;  ///< nullptr: no such file
};

/// Where a chroot would lead. /outside/kept exists beside the tree, never in it.
constexpr LinkRow kLinks[] = {
    {"AbsoluteLink", "/lib/absolute", "inside"},
    {"RelativeLink", "/lib/relative", "inside"},
    {"LinkedDirectory", "/lib64/libfoo.so.1.2", "inside"},
    {"ChainOfLinks", "/lib/chain", "inside"},
    {"DotDotStopsAtTheRoot", "/../../usr/lib/libfoo.so.1.2", "inside"},
    {"LinkWithDotDotStopsAtTheRoot", "/lib/above", "inside"},
    {"AbsoluteEscape", "/lib/escape", nullptr},
    {"RelativeEscape", "/lib/relative-escape", nullptr},
    {"PlainDotDotEscape", "/../outside/kept", nullptr},
};

class RootedHostLinks : public RootedHostTest, public testing::WithParamInterface<LinkRow> {};

TEST_P(RootedHostLinks, LeadWhereAChrootWouldLead) {
  tree_.with_file("/usr/lib/libfoo.so.1.2", "inside")
      .with_link("/lib", "usr/lib")
      .with_link("/lib64", "/usr/lib")
      .with_link("/usr/lib/absolute", "/usr/lib/libfoo.so.1.2")
      .with_link("/usr/lib/relative", "libfoo.so.1.2")
      .with_link("/usr/lib/chain", "/lib64/absolute")
      .with_link("/usr/lib/above", "../../../../usr/lib/libfoo.so.1.2")
      .with_link("/usr/lib/escape", tree_.beside("outside/kept"))
      .with_link("/usr/lib/relative-escape", "../../../outside/kept");
  const LinkRow& row = GetParam();
  RootedHost host = below();
  if (row.content) {
    EXPECT_EQ(read(row.path), row.content);
    EXPECT_EQ(host.inspect(HostPath(row.path)).kind, HostFile::Kind::regular);
    EXPECT_TRUE(host.open_file(HostPath(row.path)));
  } else {
    EXPECT_EQ(error_of_read(row.path), ENOENT);
    EXPECT_EQ(error_of([&] { host.inspect(HostPath(row.path)); }), ENOENT);
    EXPECT_EQ(error_of([&] { host.open_file(HostPath(row.path)); }), ENOENT);
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, RootedHostLinks, testing::ValuesIn(kLinks),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_F(RootedHostTest, LoopOfLinksIsAnError) {
  tree_.with_link("/a", "b").with_link("/b", "a");
  EXPECT_EQ(error_of_read("/a"), ELOOP);
}

TEST_F(RootedHostTest, ListsADirectoryByWayOfLinksAndSorted) {
  tree_.with_file("/usr/lib/b").with_file("/usr/lib/a").with_link("/lib", "/usr/lib");
  EXPECT_THAT(below().list(HostPath("/lib")), ElementsAre("a", "b"));
  EXPECT_EQ(error_of([&] { below().list(HostPath("/usr/lib/a")); }), ENOTDIR);
  EXPECT_EQ(error_of([&] { below().list(HostPath("/none")); }), ENOENT);
}

TEST_F(RootedHostTest, ResolvesToAPathBelowTheRoot) {
  tree_.with_file("/usr/lib/libfoo.so.1.2")
      .with_link("/lib", "/usr/lib")
      .with_link("/usr/lib/l", "libfoo.so.1.2");
  EXPECT_EQ(below().resolve(HostPath("/lib/l")), HostPath("/usr/lib/libfoo.so.1.2"));
  EXPECT_EQ(error_of([&] { below().resolve(HostPath("/none")); }), ENOENT);
}

TEST_F(RootedHostTest, OnlyRegularFilesAreOpenedAndAFifoDoesNotHoldUsUp) {
  tree_.with_directory("/usr/lib").with_fifo("/run/fifo");
  EXPECT_EQ(error_of([&] { below().open_file(HostPath("/usr/lib")); }), EISDIR);
  EXPECT_EQ(error_of([&] { below().open_file(HostPath("/run/fifo")); }), EINVAL);
  EXPECT_EQ(error_of_read("/run/fifo"), EINVAL);
  EXPECT_EQ(below().inspect(HostPath("/usr/lib")).kind, HostFile::Kind::directory);
  EXPECT_EQ(below().inspect(HostPath("/run/fifo")).kind, HostFile::Kind::other);
}

TEST_F(RootedHostTest, FileThatIsTooLargeIsAnError) {
  tree_.with_file("/big", std::string(100, 'x'));
  EXPECT_EQ(error_of([&] { below().read_file(HostPath("/big"), 99); }), EFBIG);
  EXPECT_EQ(below().read_file(HostPath("/big"), 100).size(), 100u);
}

TEST_F(RootedHostTest, RootThatIsNoDirectoryIsAnErrorWithItsWayOut) {
  tree_.with_file("/file");
  for (const std::string& root : {tree_.root() + "/file", tree_.root() + "/none"}) {
    try {
      RootedHost host(machine_, root);
      ADD_FAILURE() << root;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("not a directory: " + root));
      EXPECT_THAT(error.what(), HasSubstr("--host-root"));
    }
  }
}

}  // namespace
}  // namespace fromhost::core
