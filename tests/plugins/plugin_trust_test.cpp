// SPDX-License-Identifier: Apache-2.0
// Whom root trusts: a plugin that another user could write, or could put in another's place, is not loaded.
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/plugins/plugin_directory.hpp"

namespace fromhost::core {
namespace {

using testing::HasSubstr;
constexpr uid_t kSomebodyElse = 65534;
constexpr const char* kWritable = " can be written by others; put it where only root can write";
constexpr const char* kOthers = " belongs to another user; put it where only root can write";

class PluginTrustTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "skipped: needs root, who alone refuses such files";
    directory_.with(FROMHOST_GENERIC_PLUGIN);
  }
  void expect_refused(const PluginDirectory& directory, const std::string& name, const std::string& why) {
    const PluginCatalog catalog = directory.catalog();
    const PluginRecord& record = record_of(catalog, name);
    EXPECT_EQ(record.state, PluginRecord::State::refused);
    EXPECT_EQ(record.reason, "root does not load it: " + why);
    EXPECT_TRUE(record.switches.empty());
    EXPECT_THAT(catalog.refused(), testing::Contains(name));
  }
  void expect_ready(const PluginDirectory& directory, const std::string& name) {
    const PluginCatalog catalog = directory.catalog();
    EXPECT_EQ(record_of(catalog, name).state, PluginRecord::State::ready) << record_of(catalog, name).reason;
  }
  std::string plugin() const { return directory_.at("generic.so").string(); }

  PluginDirectory directory_;
};

TEST_F(PluginTrustTest, RootLoadsHisOwn) {
  expect_ready(directory_, "generic.so");
}

TEST_F(PluginTrustTest, RootRefusesAFileThatEverybodyCanWrite) {
  ::chmod(plugin().c_str(), 0757);
  expect_refused(directory_, "generic.so", plugin() + kWritable);
}

TEST_F(PluginTrustTest, RootRefusesAFileThatAGroupCanWrite) {
  ::chmod(plugin().c_str(), 0775);
  expect_refused(directory_, "generic.so", plugin() + kWritable);
}

TEST_F(PluginTrustTest, RootRefusesAFileOfAnotherUser) {
  ASSERT_EQ(::chown(plugin().c_str(), kSomebodyElse, 0), 0);
  expect_refused(directory_, "generic.so", plugin() + kOthers);
}

TEST_F(PluginTrustTest, RootRefusesADirectoryThatEverybodyCanWrite) {
  ::chmod(directory_.path().c_str(), 0777);
  expect_refused(directory_, "generic.so", directory_.path().string() + kWritable);
}

TEST_F(PluginTrustTest, RootRefusesADirectoryThatEverybodyCanWriteEvenIfSticky) {
  ::chmod(directory_.path().c_str(), 01777);
  expect_refused(directory_, "generic.so", directory_.path().string() + kWritable);
}

TEST_F(PluginTrustTest, RootRefusesADirectoryOfAnotherUser) {
  ASSERT_EQ(::chown(directory_.path().c_str(), kSomebodyElse, 0), 0);
  expect_refused(directory_, "generic.so", directory_.path().string() + kOthers);
}

TEST_F(PluginTrustTest, RootFollowsALinkThatNobodyElseCanChange) {
  PluginDirectory links;
  std::filesystem::create_symlink(directory_.at("generic.so"), links.at("generic.so"));
  expect_ready(links, "generic.so");
}

TEST_F(PluginTrustTest, RootFollowsARelativeLink) {
  std::filesystem::rename(directory_.at("generic.so"), directory_.at("generic.so.1"));
  std::filesystem::create_symlink("generic.so.1", directory_.at("generic.so"));
  expect_ready(directory_, "generic.so");
}

TEST_F(PluginTrustTest, RootRefusesALinkIntoADirectoryThatEverybodyCanWrite) {
  PluginDirectory links;
  std::filesystem::create_symlink(directory_.at("generic.so"), links.at("generic.so"));
  ::chmod(directory_.path().c_str(), 0777);
  expect_refused(links, "generic.so", directory_.path().string() + kWritable);
}

TEST_F(PluginTrustTest, RootRefusesALinkByWayOfADirectoryThatEverybodyCanWrite) {
  PluginDirectory links, between;
  std::filesystem::create_symlink(directory_.at("generic.so"), between.at("between.so"));
  std::filesystem::create_symlink(between.at("between.so"), links.at("generic.so"));
  ::chmod(between.path().c_str(), 0777);
  expect_refused(links, "generic.so", between.path().string() + kWritable);
}

TEST_F(PluginTrustTest, RootRefusesALinkToAFileThatEverybodyCanWrite) {
  PluginDirectory links;
  std::filesystem::create_symlink(directory_.at("generic.so"), links.at("generic.so"));
  ::chmod(plugin().c_str(), 0777);
  expect_refused(links, "generic.so", plugin() + kWritable);
}

TEST_F(PluginTrustTest, RootRefusesALinkThatLeadsToItself) {
  std::filesystem::create_symlink("loop.so", directory_.at("loop.so"));
  expect_refused(directory_, "loop.so",
                 directory_.at("loop.so").string() + ": Too many levels of symbolic links");
}

/// A directory below another one, whose mode and owner a test then changes.
class PluginTrustAbove : public PluginTrustTest {
 protected:
  void SetUp() override {
    PluginTrustTest::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directories(below_);
    std::filesystem::rename(directory_.at("generic.so"), below_ / "generic.so");
  }
  std::string reason() const {
    const PluginCatalog catalog = PluginCatalog::discover({{below_.string()}});
    return record_of(catalog, "generic.so").reason;
  }
  const std::filesystem::path above_ = directory_.at("above"), below_ = above_ / "between" / "plugins";
};

TEST_F(PluginTrustAbove, RootLoadsFromBelowHisOwn) {
  EXPECT_EQ(reason(), "");
}

TEST_F(PluginTrustAbove, RootRefusesWhatLiesBelowADirectoryThatOthersCanWrite) {
  for (const mode_t mode : {0777u, 0775u, 0757u, 0772u}) {
    ::chmod(above_.c_str(), mode);
    EXPECT_EQ(reason(), "root does not load it: " + above_.string() + kWritable);
  }
}

TEST_F(PluginTrustAbove, RootRefusesWhatLiesBelowAnotherUsersDirectory) {
  ASSERT_EQ(::chown(above_.c_str(), kSomebodyElse, 0), 0);
  EXPECT_EQ(reason(), "root does not load it: " + above_.string() + kOthers);
  ::chmod(above_.c_str(), 01777);
  EXPECT_EQ(reason(), "root does not load it: " + above_.string() + kOthers)
      << "who owns a sticky directory may rename everything in it";
}

TEST_F(PluginTrustAbove, InAStickyDirectoryOfRootOnlyRootsOwnIsSafe) {
  ::chmod(above_.c_str(), 01777);
  EXPECT_EQ(reason(), "");
  ASSERT_EQ(::chown((above_ / "between").c_str(), kSomebodyElse, 0), 0);
  EXPECT_EQ(reason(), "root does not load it: " + (above_ / "between").string() + kOthers);
}

TEST_F(PluginTrustAbove, ALinkAmongThemCountsWithWhereItLeads) {
  PluginDirectory links;
  const std::filesystem::path link = links.at("link");
  std::filesystem::create_directory_symlink(above_, link);
  const auto by_link = [&] {
    const PluginCatalog catalog = PluginCatalog::discover({{(link / "between/plugins").string()}});
    return record_of(catalog, "generic.so").reason;
  };
  EXPECT_EQ(by_link(), "");
  ::chmod(above_.c_str(), 0777);
  EXPECT_EQ(by_link(), "root does not load it: " + above_.string() + kWritable);
  ::chmod(above_.c_str(), 0755);
  ::chmod(links.path().c_str(), 0777);
  EXPECT_EQ(by_link(), "root does not load it: " + links.path().string() + kWritable);
  ::chmod(links.path().c_str(), 01777);
  EXPECT_EQ(by_link(), "");
  ASSERT_EQ(::lchown(link.c_str(), kSomebodyElse, 0), 0);
  EXPECT_EQ(by_link(), "root does not load it: " + link.string() + kOthers);
}

TEST_F(PluginTrustAbove, ARelativePathStartsInACheckedDirectoryToo) {
  const std::filesystem::path here = std::filesystem::current_path();
  std::filesystem::current_path(above_);
  ::chmod(above_.c_str(), 0777);
  const PluginCatalog catalog = PluginCatalog::discover({{"between/../between/plugins"}});
  std::filesystem::current_path(here);
  EXPECT_EQ(record_of(catalog, "generic.so").reason, "root does not load it: " + above_.string() + kWritable);
}

/// Exits with 0 if "root" of a user namespace with this one user finds the plugin ready.
[[noreturn]] void look_as_root_of_a_user_namespace(const std::string& directory) {
  if (::unshare(CLONE_NEWUSER) != 0) ::_exit(77);
  std::ofstream("/proc/self/uid_map") << "0 0 1\n";
  const PluginCatalog catalog = PluginCatalog::discover({{directory}});
  ::_exit(record_of(catalog, "generic.so").state == PluginRecord::State::ready ? 0 : 1);
}

TEST_F(PluginTrustAbove, WhoIsOnlyCalledRootLoadsWhatHeLikes) {
  ::chmod(above_.c_str(), 0777);
  ASSERT_NE(reason(), "");
  const pid_t child = ::fork();
  if (child == 0) look_as_root_of_a_user_namespace(below_.string());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "skipped: no user namespaces here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(PluginTrustTest, RefusedFileDoesNotTakeTheOthersAlong) {
  directory_.with("other.so", PluginDirectory::bytes_of(FROMHOST_GENERIC_PLUGIN));
  ::chmod(directory_.at("other.so").c_str(), 0777);
  expect_refused(directory_, "other.so", directory_.at("other.so").string() + kWritable);
  expect_ready(directory_, "generic.so");
}

/// Exits with 0 if somebody else finds generic.so in the directory ready.
[[noreturn]] void look_as_somebody_else(const PluginDirectory& directory) {
  if (::setgroups(0, nullptr) != 0 || ::setgid(kSomebodyElse) != 0 || ::setuid(kSomebodyElse) != 0)
    ::_exit(2);
  const PluginCatalog catalog = directory.catalog();
  ::_exit(record_of(catalog, "generic.so").state == PluginRecord::State::ready ? 0 : 1);
}

TEST_F(PluginTrustTest, AnOrdinaryUserLoadsWhatHeLikes) {
  ::chmod(directory_.path().c_str(), 0777);
  ::chmod(plugin().c_str(), 0777);
  EXPECT_EXIT(look_as_somebody_else(directory_), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace fromhost::core
