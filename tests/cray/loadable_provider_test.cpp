// SPDX-License-Identifier: Apache-2.0
// A loadable provider of libfabric, as the libfabric plugin and cray-gni have it: each one's sources are
// linked with this test once. On hosts that are only told about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fromhost/testing/fake_host.hpp"

namespace {

using fromhost::fake::FakeHost;
using fromhost::fake::Session;
using testing::HasSubstr;

constexpr const char* kProvider = "/home/ofi/libgnix-fi.so";

class LoadableProvider : public testing::Test {
 protected:
  LoadableProvider() {
    host_.with_library(kProvider, {62, 2, "", {"libugni.so.0", "libc.so.6"}})
        .with_library("/opt/cray/ugni/6.0/lib64/libugni.so.0", {62, 2, "libugni.so.0", {}})
        .with_library("/lib64/libc.so.6", {62, 2, "libc.so.6", {}});
  }
  fromhost::fake::Outcome claimed(const std::optional<std::string>& destination = std::nullopt) {
    return Session(host_, fromhost_provider).collect({"", kProvider, destination});
  }
  FakeHost host_;
};

TEST_F(LoadableProvider, IsContributedWithTheDirectoriesOfItsLibraries) {
  const auto outcome = claimed();
  ASSERT_EQ(outcome.status, FH_OK) << outcome.message;
  ASSERT_GE(outcome.items.size(), 2u);
  EXPECT_EQ(outcome.items.front().kind, FH_ITEM_LIBFABRIC_PROVIDER);
  EXPECT_EQ(outcome.items[1].source, "/lib64");
  EXPECT_EQ(outcome.items[1].destination, "ch-ofi.conf");
}

TEST_F(LoadableProvider, FileIsACleAndALinkIsNone) {
  host_.with_file("/etc/opt/cray/release/cle-release");
  EXPECT_EQ(claimed().items.back().destination, "/opt/cray/alps");
  host_.with_file("/etc/cray-release").with_link("/etc/opt/cray/release/cle-release", "/etc/cray-release");
  EXPECT_EQ(claimed().items.back().destination, "/var/lib/hugetlbfs");
}

TEST_F(LoadableProvider, ProviderPathMakesTheDestinationNecessary) {
  host_.with_environment("FI_PROVIDER_PATH", "/opt/fi");
  const auto outcome = claimed();
  EXPECT_EQ(outcome.status, FH_FAILED);
  EXPECT_THAT(outcome.message, HasSubstr("FI_PROVIDER_PATH set; missing --dest"));
  EXPECT_EQ(claimed("/opt/fi").status, FH_OK);
  EXPECT_THAT(host_.log_text(FH_LOG_WARNING), HasSubstr("FI_PROVIDER_PATH=/opt/fi"));
}

TEST_F(LoadableProvider, MissingLibraryIsNamed) {
  host_.without("/lib64/libc.so.6");
  EXPECT_THAT(claimed().message, HasSubstr(std::string(kProvider) + " needs libc.so.6"));
}

}  // namespace
