// SPDX-License-Identifier: Apache-2.0
// Whom root trusts: a plugin that another user could write, or could put in another's place, is not loaded.
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/plugins/plugin_directory.hpp"

namespace fromhost::core {
namespace {

using testing::HasSubstr;
constexpr uid_t kSomebodyElse = 65534;

class PluginTrust : public testing::Test {
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

TEST_F(PluginTrust, RootLoadsHisOwn) {
  expect_ready(directory_, "generic.so");
}

TEST_F(PluginTrust, RootRefusesAFileThatEverybodyCanWrite) {
  ::chmod(plugin().c_str(), 0757);
  expect_refused(directory_, "generic.so", plugin() + " can be written by others");
}

TEST_F(PluginTrust, RootRefusesAFileThatAGroupCanWrite) {
  ::chmod(plugin().c_str(), 0775);
  expect_refused(directory_, "generic.so", plugin() + " can be written by others");
}

TEST_F(PluginTrust, RootRefusesAFileOfAnotherUser) {
  ASSERT_EQ(::chown(plugin().c_str(), kSomebodyElse, 0), 0);
  expect_refused(directory_, "generic.so", plugin() + " belongs to another user");
}

TEST_F(PluginTrust, RootRefusesADirectoryThatEverybodyCanWrite) {
  ::chmod(directory_.path().c_str(), 0777);
  expect_refused(directory_, "generic.so", directory_.path().string() + " can be written by others");
}

TEST_F(PluginTrust, RootRefusesADirectoryThatEverybodyCanWriteEvenIfSticky) {
  ::chmod(directory_.path().c_str(), 01777);
  expect_refused(directory_, "generic.so", directory_.path().string() + " can be written by others");
}

TEST_F(PluginTrust, RootRefusesADirectoryOfAnotherUser) {
  ASSERT_EQ(::chown(directory_.path().c_str(), kSomebodyElse, 0), 0);
  expect_refused(directory_, "generic.so", directory_.path().string() + " belongs to another user");
}

TEST_F(PluginTrust, RootFollowsALinkThatNobodyElseCanChange) {
  PluginDirectory links;
  std::filesystem::create_symlink(directory_.at("generic.so"), links.at("generic.so"));
  expect_ready(links, "generic.so");
}

TEST_F(PluginTrust, RootFollowsARelativeLink) {
  std::filesystem::rename(directory_.at("generic.so"), directory_.at("generic.so.1"));
  std::filesystem::create_symlink("generic.so.1", directory_.at("generic.so"));
  expect_ready(directory_, "generic.so");
}

TEST_F(PluginTrust, RootRefusesALinkIntoADirectoryThatEverybodyCanWrite) {
  PluginDirectory links;
  std::filesystem::create_symlink(directory_.at("generic.so"), links.at("generic.so"));
  ::chmod(directory_.path().c_str(), 0777);
  expect_refused(links, "generic.so", directory_.path().string() + " can be written by others");
}

TEST_F(PluginTrust, RootRefusesALinkByWayOfADirectoryThatEverybodyCanWrite) {
  PluginDirectory links, between;
  std::filesystem::create_symlink(directory_.at("generic.so"), between.at("between.so"));
  std::filesystem::create_symlink(between.at("between.so"), links.at("generic.so"));
  ::chmod(between.path().c_str(), 0777);
  expect_refused(links, "generic.so", between.path().string() + " can be written by others");
}

TEST_F(PluginTrust, RootRefusesALinkToAFileThatEverybodyCanWrite) {
  PluginDirectory links;
  std::filesystem::create_symlink(directory_.at("generic.so"), links.at("generic.so"));
  ::chmod(plugin().c_str(), 0777);
  expect_refused(links, "generic.so", plugin() + " can be written by others");
}

TEST_F(PluginTrust, RootRefusesALinkThatLeadsToItself) {
  std::filesystem::create_symlink("loop.so", directory_.at("loop.so"));
  expect_refused(directory_, "loop.so",
                 directory_.at("loop.so").string() + ": Too many levels of symbolic links");
}

TEST_F(PluginTrust, RefusedFileDoesNotTakeTheOthersAlong) {
  directory_.with("other.so", PluginDirectory::bytes_of(FROMHOST_GENERIC_PLUGIN));
  ::chmod(directory_.at("other.so").c_str(), 0777);
  expect_refused(directory_, "other.so", directory_.at("other.so").string() + " can be written by others");
  expect_ready(directory_, "generic.so");
}

/// Exits with 0 if somebody else finds generic.so in the directory ready.
[[noreturn]] void look_as_somebody_else(const PluginDirectory& directory) {
  if (::setgroups(0, nullptr) != 0 || ::setgid(kSomebodyElse) != 0 || ::setuid(kSomebodyElse) != 0)
    ::_exit(2);
  const PluginCatalog catalog = directory.catalog();
  ::_exit(record_of(catalog, "generic.so").state == PluginRecord::State::ready ? 0 : 1);
}

TEST_F(PluginTrust, AnOrdinaryUserLoadsWhatHeLikes) {
  ::chmod(directory_.path().c_str(), 0777);
  ::chmod(plugin().c_str(), 0777);
  EXPECT_EXIT(look_as_somebody_else(directory_), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace fromhost::core
