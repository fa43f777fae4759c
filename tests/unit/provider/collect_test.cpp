// SPDX-License-Identifier: Apache-2.0
// Asking the providers: each made once and only when needed, listed paths offered to those that care.
#include "core/provider/collect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "core/error.hpp"
#include "tests/support/log_capture.hpp"

namespace fromhost::core {
namespace {

using testing::_;
using testing::ElementsAre;
using testing::InSequence;
using testing::Return;

class MockProvider : public Provider {
 public:
  MOCK_METHOD(bool, claims, (const std::string& path), (override));
  MOCK_METHOD(Collected, collect, (const Request& request, Contributions& into), (override));
};

/// A provider that is owned by the run, but watched by the test.
class Borrowed : public Provider {
 public:
  explicit Borrowed(Provider& real) : real_(real) {}
  bool claims(const std::string& path) override { return real_.claims(path); }
  Collected collect(const Request& request, Contributions& into) override {
    return real_.collect(request, into);
  }

 private:
  Provider& real_;
};

Contribution item(ItemKind kind, const std::string& source, const std::string& provider) {
  return {kind, source, std::nullopt, "", provider};
}

class Collect : public testing::Test {
 protected:
  /// A contribution of a path, as generic answers --path.
  static auto lists(const std::string& provider) {
    return [provider](const Request& request, Contributions& into) {
      into.push_back(item(ItemKind::file, request.value, provider));
      return Collected{};
    };
  }
  static auto gives(const std::string& provider, const std::vector<std::string>& libraries) {
    return [provider, libraries](const Request&, Contributions& into) {
      for (const std::string& one : libraries) into.push_back(item(ItemKind::library, one, provider));
      return Collected{};
    };
  }
  /// "provider:source", in order.
  std::vector<std::string> collected(const std::vector<Request>& requests) {
    const ProviderSource source = {[&](const std::string& id) -> std::unique_ptr<Provider> {
                                     made.push_back(id);
                                     return std::make_unique<Borrowed>(providers[id]);
                                   },
                                   [&](const std::string& name) {
                                     offered.push_back(name);
                                     return interested[name];
                                   }};
    std::vector<std::string> found;
    for (const Contribution& one : collect(requests, source))
      found.push_back(one.provider.text() + ":" + one.source);
    return found;
  }
  static Request path(const std::string& value, std::optional<std::string> destination = std::nullopt) {
    return {"generic", "path", value, std::move(destination)};
  }

  std::map<std::string, testing::StrictMock<MockProvider>> providers;
  std::map<std::string, std::vector<std::string>> interested;
  std::vector<std::string> made, offered;  // ledgers
};

TEST_F(Collect, AsksEachRequestsProviderInOrder) {
  InSequence in_order;
  EXPECT_CALL(providers["b"], collect(_, _)).WillOnce(gives("b", {"1"}));
  EXPECT_CALL(providers["a"], collect(_, _)).WillOnce(gives("a", {"2", "3"}));
  EXPECT_CALL(providers["b"], collect(_, _)).WillOnce(gives("b", {"4"}));
  EXPECT_THAT(collected({{"b", "x", "", {}}, {"a", "y", "", {}}, {"b", "z", "", {}}}),
              ElementsAre("b:1", "a:2", "a:3", "b:4"));
}

TEST_F(Collect, MakesAProviderOnceAndOnlyWhenNeeded) {
  interested["other"] = {"nvidia"};
  EXPECT_CALL(providers["generic"], collect(_, _)).Times(2).WillRepeatedly(lists("generic"));
  collected({path("/a"), path("/b")});
  EXPECT_THAT(made, ElementsAre("generic"));
}

TEST_F(Collect, MakesNoneWhereNothingIsAsked) {
  EXPECT_THAT(collected({}), ElementsAre());
  EXPECT_THAT(made, ElementsAre());
}

TEST_F(Collect, HandsTheWholeRequestOver) {
  EXPECT_CALL(providers["generic"], collect(_, _)).WillOnce([](const Request& request, Contributions&) {
    EXPECT_EQ(request.option, "path");
    EXPECT_EQ(request.value, "/a");
    EXPECT_EQ(request.destination, "/opt");
    return Collected{};
  });
  collected({path("/a", "/opt")});
}

TEST_F(Collect, OffersAListedPathByItsNameToThoseInterestedOnly) {
  interested["libcuda.so.1"] = {"nvidia"};
  EXPECT_CALL(providers["generic"], collect(_, _)).WillRepeatedly(lists("generic"));
  EXPECT_CALL(providers["nvidia"], claims("/usr/lib/libcuda.so.1")).WillOnce(Return(false));
  EXPECT_CALL(providers["nvidia"], collect(_, _)).Times(0);
  EXPECT_CALL(providers["cray"], claims(_)).Times(0);
  EXPECT_THAT(collected({path("/usr/lib/libcuda.so.1"), path("/usr/lib/libm.so.6")}),
              ElementsAre("generic:/usr/lib/libcuda.so.1", "generic:/usr/lib/libm.so.6"));
  EXPECT_THAT(offered, ElementsAre("libcuda.so.1", "libm.so.6"));
  EXPECT_THAT(made, ElementsAre("generic", "nvidia"));
}

TEST_F(Collect, WhoClaimsAPathContributesInItsPlace) {
  interested["libfabric.so"] = {"cray"};
  EXPECT_CALL(providers["generic"], collect(_, _)).WillRepeatedly(lists("generic"));
  EXPECT_CALL(providers["cray"], claims("/opt/libfabric.so")).WillOnce(Return(true));
  EXPECT_CALL(providers["cray"], collect(_, _)).WillOnce([](const Request& request, Contributions& into) {
    EXPECT_EQ(request.provider, "cray");
    EXPECT_EQ(request.option, "");
    EXPECT_EQ(request.value, "/opt/libfabric.so");
    EXPECT_EQ(request.destination, "/dst");
    into.push_back(item(ItemKind::libfabric, request.value, "cray"));
    into.push_back(item(ItemKind::library, "/opt/libcxi.so", "cray"));
    return Collected{};
  });
  EXPECT_THAT(collected({path("/a"), path("/opt/libfabric.so", "/dst"), path("/z")}),
              ElementsAre("generic:/a", "cray:/opt/libfabric.so", "cray:/opt/libcxi.so", "generic:/z"));
}

TEST_F(Collect, TheFirstThatClaimsHasThePath) {
  interested["x"] = {"first", "second", "third"};
  InSequence in_order;
  EXPECT_CALL(providers["generic"], collect(_, _)).WillOnce(lists("generic"));
  EXPECT_CALL(providers["first"], claims("/x")).WillOnce(Return(false));
  EXPECT_CALL(providers["second"], claims("/x")).WillOnce(Return(true));
  EXPECT_CALL(providers["second"], collect(_, _)).WillOnce(gives("second", {"s"}));
  EXPECT_CALL(providers["third"], claims(_)).Times(0);
  EXPECT_THAT(collected({path("/x")}), ElementsAre("second:s"));
  EXPECT_THAT(made, ElementsAre("generic", "first", "second"));
}

TEST_F(Collect, AProviderIsNotOfferedItsOwnPaths) {
  interested["x"] = {"generic"};
  EXPECT_CALL(providers["generic"], collect(_, _)).WillOnce(lists("generic"));
  EXPECT_CALL(providers["generic"], claims(_)).Times(0);
  EXPECT_THAT(collected({path("/x")}), ElementsAre("generic:/x"));
}

TEST_F(Collect, OnlyListedPathsAreOffered) {
  interested["libcuda.so.1"] = {"nvidia"};
  EXPECT_CALL(providers["generic"], collect(_, _)).WillOnce(gives("generic", {"/usr/lib/libcuda.so.1"}));
  EXPECT_CALL(providers["nvidia"], claims(_)).Times(0);
  EXPECT_THAT(collected({path("whatever")}), ElementsAre("generic:/usr/lib/libcuda.so.1"));
  EXPECT_THAT(offered, ElementsAre());
}

TEST_F(Collect, WhatAClaimBringsIsNotOfferedAgain) {
  interested["x"] = {"a"};
  EXPECT_CALL(providers["generic"], collect(_, _)).WillOnce(lists("generic"));
  EXPECT_CALL(providers["a"], claims("/x")).WillOnce(Return(true));
  EXPECT_CALL(providers["a"], collect(_, _)).WillOnce(lists("a"));
  EXPECT_THAT(collected({path("/x")}), ElementsAre("a:/x"));
  EXPECT_THAT(offered, ElementsAre("x"));
}

TEST_F(Collect, HardwareThatIsNotHereIsOnlyAWarning) {
  test::LogCapture log;
  EXPECT_CALL(providers["nvidia"], collect(_, _)).WillOnce(Return(Collected{false, "no /dev/nvidia0"}));
  EXPECT_CALL(providers["cray"], collect(_, _)).WillOnce(Return(Collected{false, ""}));
  EXPECT_CALL(providers["generic"], collect(_, _)).WillOnce(gives("generic", {"/a"}));
  EXPECT_THAT(collected({{"nvidia", "nvidia", "", {}}, {"cray", "cray", "", {}}, path("/a")}),
              ElementsAre("generic:/a"));
  EXPECT_EQ(log.text(),
            "warning: nvidia: nothing to inject on this host: no /dev/nvidia0\n"
            "warning: cray: nothing to inject on this host\n");
}

TEST_F(Collect, AFailingProviderEndsTheRun) {
  EXPECT_CALL(providers["a"], collect(_, _)).WillOnce([](const Request&, Contributions&) -> Collected {
    throw Error({Stage::provider, "a: broken", "", ""});
  });
  EXPECT_CALL(providers["b"], collect(_, _)).Times(0);
  EXPECT_THROW(collected({{"a", "x", "", {}}, {"b", "x", "", {}}}), Error);
}

}  // namespace
}  // namespace fromhost::core
