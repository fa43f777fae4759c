// SPDX-License-Identifier: Apache-2.0
// What ldd would print, on libraries that the compiler made, below a host root.
#include "core/host/library_closure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/host/linux_host.hpp"
#include "core/host/rooted_host.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LibraryClosure : public testing::Test {
 protected:
  /// Compiles an empty library; its soname is the file's name. `links`: files below the root that it needs.
  void library(const std::string& path, const std::vector<std::string>& links = {},
               const std::string& options = "") {
    const std::string full = root_.path().string() + path;
    std::filesystem::create_directories(std::filesystem::path(full).parent_path());
    std::string command = std::string(FROMHOST_TEST_CC) +
                          " -nostdlib -shared -fPIC -x c /dev/null -x none -Wl,--no-as-needed" +
                          " -Wl,--allow-shlib-undefined -Wl,-soname," +
                          std::filesystem::path(path).filename().string() + " -o '" + full + "'";
    for (const std::string& link : links) command += " '" + root_.path().string() + link + "'";
    ASSERT_EQ(std::system((command + " " + options).c_str()), 0) << command;
  }
  std::vector<std::string> closure(const std::string& path) {
    RootedHost host(linux_, root_.path().string());
    HostLibraries libraries(host);
    std::vector<std::string> found;
    for (const LinkedLibrary& one : linked_libraries(HostPath(path), host, libraries))
      found.push_back(one.soname + " " + (one.path.text().empty() ? "not found" : one.path.text()) + " by " +
                      one.needed_by);
    return found;
  }

  test::TempDirectory root_;
  LinuxHost linux_;
};

TEST_F(LibraryClosure, IsBreadthFirstAndNamesEachLibraryOnce) {
  library("/usr/lib64/libc1.so.1");
  library("/usr/lib64/libb1.so.1", {"/usr/lib64/libc1.so.1"});
  library("/usr/lib64/libb2.so.1", {"/usr/lib64/libc1.so.1"});
  library("/opt/liba.so.1", {"/usr/lib64/libb1.so.1", "/usr/lib64/libb2.so.1"});
  EXPECT_THAT(closure("/opt/liba.so.1"),
              ElementsAre("libb1.so.1 /usr/lib64/libb1.so.1 by /opt/liba.so.1",
                          "libb2.so.1 /usr/lib64/libb2.so.1 by /opt/liba.so.1",
                          "libc1.so.1 /usr/lib64/libc1.so.1 by /usr/lib64/libb1.so.1"));
  EXPECT_THAT(closure("/usr/lib64/libc1.so.1"), IsEmpty());
}

TEST_F(LibraryClosure, EndsWhereLibrariesNeedEachOther) {
  library("/usr/lib64/libone.so.1");
  library("/usr/lib64/libtwo.so.1", {"/usr/lib64/libone.so.1"});
  library("/usr/lib64/libone.so.1", {"/usr/lib64/libtwo.so.1"});
  EXPECT_THAT(closure("/usr/lib64/libone.so.1"),
              ElementsAre("libtwo.so.1 /usr/lib64/libtwo.so.1 by /usr/lib64/libone.so.1"));
}

TEST_F(LibraryClosure, SaysWhatIsNotFoundAndWhoNeedsIt) {
  library("/usr/lib64/libgone.so.1");
  library("/usr/lib64/libmiddle.so.1", {"/usr/lib64/libgone.so.1"});
  library("/opt/liba.so.1", {"/usr/lib64/libmiddle.so.1"});
  std::filesystem::remove(root_.path() / "usr/lib64/libgone.so.1");
  EXPECT_THAT(closure("/opt/liba.so.1"),
              ElementsAre("libmiddle.so.1 /usr/lib64/libmiddle.so.1 by /opt/liba.so.1",
                          "libgone.so.1 not found by /usr/lib64/libmiddle.so.1"));
}

TEST_F(LibraryClosure, OriginIsTheDirectoryOfTheFileThatSaysIt) {
  library("/opt/a/deep/libc1.so.1");
  library("/opt/a/lib/libb1.so.1", {"/opt/a/deep/libc1.so.1"},
          "-Wl,--enable-new-dtags '-Wl,-rpath,${ORIGIN}/../deep'");
  library("/opt/a/bin/liba.so.1", {"/opt/a/lib/libb1.so.1"},
          "-Wl,--enable-new-dtags '-Wl,-rpath,/nowhere:$ORIGIN/../lib'");
  EXPECT_THAT(closure("/opt/a/bin/liba.so.1"),
              ElementsAre("libb1.so.1 /opt/a/bin/../lib/libb1.so.1 by /opt/a/bin/liba.so.1",
                          "libc1.so.1 /opt/a/bin/../lib/../deep/libc1.so.1 by /opt/a/bin/../lib/libb1.so.1"));
}

TEST_F(LibraryClosure, RpathCountsForWhatIsLoadedLaterAndRunpathForItsOwnOnly) {
  library("/opt/deep/libc1.so.1");
  library("/opt/lib/libb1.so.1", {"/opt/deep/libc1.so.1"});
  library("/opt/liba.so.1", {"/opt/lib/libb1.so.1"}, "-Wl,--disable-new-dtags -Wl,-rpath,/opt/lib:/opt/deep");
  EXPECT_THAT(closure("/opt/liba.so.1"),
              ElementsAre("libb1.so.1 /opt/lib/libb1.so.1 by /opt/liba.so.1",
                          "libc1.so.1 /opt/deep/libc1.so.1 by /opt/lib/libb1.so.1"));
  library("/opt/liba.so.1", {"/opt/lib/libb1.so.1"}, "-Wl,--enable-new-dtags -Wl,-rpath,/opt/lib:/opt/deep");
  EXPECT_THAT(closure("/opt/liba.so.1"), ElementsAre("libb1.so.1 /opt/lib/libb1.so.1 by /opt/liba.so.1",
                                                     "libc1.so.1 not found by /opt/lib/libb1.so.1"));
}

TEST_F(LibraryClosure, ItsOwnRunpathSwitchesOffTheLoadersRpath) {
  library("/opt/deep/libc1.so.1");
  library("/opt/lib/libb1.so.1", {"/opt/deep/libc1.so.1"}, "-Wl,--enable-new-dtags -Wl,-rpath,/other");
  library("/opt/liba.so.1", {"/opt/lib/libb1.so.1"}, "-Wl,--disable-new-dtags -Wl,-rpath,/opt/lib:/opt/deep");
  EXPECT_THAT(closure("/opt/liba.so.1"), ElementsAre("libb1.so.1 /opt/lib/libb1.so.1 by /opt/liba.so.1",
                                                     "libc1.so.1 not found by /opt/lib/libb1.so.1"));
}

TEST_F(LibraryClosure, LibStandsForLib64AndForDebiansDirectory) {
  const std::string triplet = "/opt/lib/" FROMHOST_TEST_PLATFORM "-linux-gnu";
  library(triplet + "/libb1.so.1");
  library("/opt/liba.so.1", {triplet + "/libb1.so.1"}, "-Wl,--enable-new-dtags '-Wl,-rpath,/opt/$LIB'");
  EXPECT_THAT(closure("/opt/liba.so.1"),
              ElementsAre("libb1.so.1 " + triplet + "/libb1.so.1 by /opt/liba.so.1"));
  library("/opt/lib64/libb1.so.1");
  EXPECT_THAT(closure("/opt/liba.so.1"), ElementsAre("libb1.so.1 /opt/lib64/libb1.so.1 by /opt/liba.so.1"));
}

TEST_F(LibraryClosure, OfNoElfFileIsEmpty) {
  std::filesystem::create_directories(root_.path() / "opt");
  std::ofstream(root_.path() / "opt/text.so") << "text";
  EXPECT_THAT(closure("/opt/text.so"), IsEmpty());
  EXPECT_THAT(closure("/opt/nowhere.so"), IsEmpty());
}

}  // namespace
}  // namespace fromhost::core
