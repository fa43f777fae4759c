// SPDX-License-Identifier: Apache-2.0
// --dest counts for what follows it, and for nothing else; each switch goes to its owner.
#include "core/request/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fromhost::core {
namespace {

std::vector<SwitchGroup> groups() {
  return {{"generic", "", {{"path", 'p', "PATH", ""}, {"file", 'f', "FILE", ""}}},
          {"nvidia", "", {{"nvidia", 0, "", ""}}}};
}

/// "provider/option=value@destination", in order.
std::vector<std::string> requests_of(std::vector<Argument> arguments) {
  Options options;
  options.arguments = std::move(arguments);
  std::vector<std::string> found;
  for (const Request& one : read_requests(options, groups()))
    found.push_back(one.provider + "/" + one.option + "=" + one.value + "@" + one.destination.value_or("-"));
  return found;
}

TEST(Requests, DestCountsForWhatFollowsItUntilTheNext) {
  struct Row {
    const char* name;
    std::vector<Argument> arguments;
    std::vector<std::string> requests;
  };
  const Row rows[] = {
      {"none", {{"path", "a"}}, {"generic/path=a@-"}},
      {"before", {{"dest", "/x"}, {"path", "a"}}, {"generic/path=a@/x"}},
      {"after", {{"path", "a"}, {"dest", "/x"}}, {"generic/path=a@-"}},
      {"between", {{"path", "a"}, {"dest", "/x"}, {"path", "b"}}, {"generic/path=a@-", "generic/path=b@/x"}},
      {"for all that follow",
       {{"dest", "/x"}, {"path", "a"}, {"file", "b"}, {"nvidia", ""}},
       {"generic/path=a@/x", "generic/file=b@/x", "nvidia/nvidia=@/x"}},
      {"twice",
       {{"dest", "/x"}, {"path", "a"}, {"dest", "/y"}, {"path", "b"}},
       {"generic/path=a@/x", "generic/path=b@/y"}},
      {"two in a row: the later", {{"dest", "/x"}, {"dest", "/y"}, {"path", "a"}}, {"generic/path=a@/y"}},
      {"alone", {{"dest", "/x"}}, {}},
      {"nothing", {}, {}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_THAT(requests_of(row.arguments), testing::ElementsAreArray(row.requests));
  }
}

TEST(Requests, TheSameTwiceIsTwoRequests) {
  EXPECT_THAT(requests_of({{"path", "a"}, {"path", "a"}}),
              testing::ElementsAre("generic/path=a@-", "generic/path=a@-"));
}

TEST(Requests, SettingsComeFirstAndTheOthersKeepTheirOrder) {
  Options options;
  options.arguments = {{"path", "a"}, {"dest", "/x"}, {"how", "1"}, {"path", "b"}, {"how", "2"}};
  std::vector<SwitchGroup> known = groups();
  known[1].switches.push_back({"how", 0, "HOW", "", true});
  std::vector<std::string> found;
  for (const Request& one : read_requests(options, known))
    found.push_back(one.option + "=" + one.value + "@" + one.destination.value_or("-"));
  EXPECT_THAT(found, testing::ElementsAre("how=1@/x", "how=2@/x", "path=a@-", "path=b@/x"));
}

TEST(Requests, EachSwitchGoesToItsOwner) {
  EXPECT_THAT(requests_of({{"nvidia", ""}, {"file", "l"}}),
              testing::ElementsAre("nvidia/nvidia=@-", "generic/file=l@-"));
}

}  // namespace
}  // namespace fromhost::core
