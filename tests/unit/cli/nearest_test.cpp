// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/cli/command_line.hpp"

namespace fromhost::core {
namespace {

const std::vector<std::string> kNames = {"--path", "--file", "--nvidia", "--no-ldconfig", "--lib-path"};

TEST(Nearest, FindsSwappedAndMissingLetters) {
  EXPECT_EQ(nearest("--nvida", kNames), "--nvidia");
  EXPECT_EQ(nearest("--ptah", kNames), "--path");
  EXPECT_EQ(nearest("--no-ldconfg", kNames), "--no-ldconfig");
}

TEST(Nearest, SuggestsWhatAnAbbreviationMayMean) {
  EXPECT_EQ(nearest("--nv", kNames), "--nvidia");
}

TEST(Nearest, IsSilentWhereNothingIsNear) {
  EXPECT_EQ(nearest("--frobnicate", kNames), "");
}

}  // namespace
}  // namespace fromhost::core
