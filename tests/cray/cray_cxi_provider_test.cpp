// SPDX-License-Identifier: Apache-2.0
// The cray-cxi provider, its sources linked into this test, on hosts that are only told about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "fromhost/testing/fake_host.hpp"

namespace {

using fromhost::fake::FakeHost;
using fromhost::fake::Item;
using fromhost::fake::Outcome;
using fromhost::fake::Session;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kLibfabric = "/opt/cray/libfabric/1.15/lib64/libfabric.so";

class CrayCxi : public testing::Test {
 protected:
  CrayCxi() {
    host_.with_library(kLibfabric, {62, 2, "libfabric.so.1", {"libcxi.so.1", "libc.so.6"}})
        .with_library("/usr/lib64/libcxi.so.1", {62, 2, "libcxi.so.1", {"libc.so.6"}})
        .with_library("/lib64/libc.so.6", {62, 2, "libc.so.6", {}})
        .with_image_library("libc.so.6", "/lib/libc.so.6", 62, 2)
        .with_image_library("libfabric.so.1", "/lib/libfabric.so.1", 62, 2);
  }
  Outcome claimed() { return Session(host_, fromhost_provider).collect({"", kLibfabric, std::nullopt}); }
  static std::vector<std::string> items(const Outcome& outcome) {
    std::vector<std::string> texts;
    for (const Item& item : outcome.items) {
      std::ostringstream text;
      text << item;
      texts.push_back(text.str().substr(0, text.str().find(" (")));
    }
    return texts;
  }
  FakeHost host_;
};

TEST_F(CrayCxi, BringsWhatTheImageLacksAndItsDirectory) {
  EXPECT_THAT(items(claimed()),
              ElementsAre(std::string("libfabric ") + kLibfabric, "library /usr/lib64/libcxi.so.1",
                          "ld.so.conf /usr/lib64 -> ch-ofi.conf"));
}

TEST_F(CrayCxi, SwitchAndClaimedPathAreTheSame) {
  host_.with_environment("CH_FROMHOST_OFI_CXI", kLibfabric);
  const auto by_switch = Session(host_, fromhost_provider).collect({"cray-mpi-cxi", "", std::nullopt});
  EXPECT_EQ(items(by_switch), items(claimed()));
}

TEST_F(CrayCxi, ClaimsALibfabricThatNeedsLibcxiOnly) {
  host_.with_library("/usr/lib64/libfabric.so.1", {62, 2, "libfabric.so.1", {"libc.so.6"}});
  Session session(host_, fromhost_provider);
  EXPECT_EQ(session.claims(kLibfabric).status, FH_OK);
  EXPECT_EQ(session.claims("/usr/lib64/libfabric.so.1").status, FH_NOT_HERE);
}

TEST_F(CrayCxi, NamesTheVariableAndTheCandidates) {
  host_.with_library("/opt/cray/libfabric/1.20/lib64/libfabric.so", {62, 2, "libfabric.so.1", {}});
  const auto outcome = Session(host_, fromhost_provider).collect({"cray-cxi", "", std::nullopt});
  EXPECT_EQ(outcome.status, FH_FAILED);
  EXPECT_THAT(outcome.message, HasSubstr("CH_FROMHOST_OFI_CXI is not set"));
  EXPECT_THAT(outcome.message, HasSubstr("/opt/cray/libfabric/1.20/lib64/libfabric.so"));
}

TEST_F(CrayCxi, NamesTheLibraryThatIsNowhere) {
  host_.without("/usr/lib64/libcxi.so.1");
  const auto outcome = claimed();
  EXPECT_EQ(outcome.status, FH_FAILED);
  EXPECT_THAT(outcome.message, HasSubstr("needs libcxi.so.1, which neither this host nor the image has"));
}

}  // namespace
