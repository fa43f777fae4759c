// SPDX-License-Identifier: Apache-2.0
// The frozen interface. What abi_layout.h asserts is checked while this file and abi_layout.c are compiled.
#include "tests/plugins/abi_layout.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

extern "C" unsigned abi_major_in_c(void);

namespace {

std::string text_of(const char* file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::set<std::string> matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match)
    found.insert((*match)[1]);
  return found;
}

TEST(AbiLayout, IsFrozenForCAndForCxx) {
  EXPECT_EQ(abi_major_in_c(), FH_ABI_MAJOR);
}

TEST(AbiLayout, EveryStructIsFrozen) {
  const auto structs = matches(text_of(FROMHOST_ABI_HEADER), R"(struct (fh_\w+) \{)");
  const auto frozen = matches(text_of(FROMHOST_ABI_LAYOUT), R"(FROZEN_FIELD\((\w+),)");
  EXPECT_GE(structs.size(), 11u);
  for (const std::string& name : structs)
    EXPECT_TRUE(frozen.count(name)) << name << ": add it to abi_layout.h";
}

}  // namespace
