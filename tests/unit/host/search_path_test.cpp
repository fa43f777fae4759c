// SPDX-License-Identifier: Apache-2.0
// RPATH and RUNPATH, expanded as ld.so(8) says.
#include "core/host/search_path.hpp"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/host/processor.hpp"

namespace fromhost::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> directories(const std::string& path) {
  ElfFacts facts;
  facts.machine = EM_X86_64;
  facts.elf_class = ELFCLASS64;
  return search_directories(path, "/opt/x/bin", facts);
}

TEST(SearchPath, OriginPlatformAndLibAreExpanded) {
  EXPECT_THAT(directories(""), IsEmpty());
  EXPECT_THAT(directories("/a:/b"), ElementsAre("/a", "/b"));
  EXPECT_THAT(directories(":/a::"), ElementsAre("/a"));
  EXPECT_THAT(directories("$ORIGIN/../lib:${ORIGIN}"), ElementsAre("/opt/x/bin/../lib", "/opt/x/bin"));
  EXPECT_THAT(directories("/p/$PLATFORM"), ElementsAre("/p/" + platform_name(EM_X86_64)));
  EXPECT_THAT(directories("/usr/$LIB/y"), ElementsAre("/usr/lib64/y", "/usr/lib/x86_64-linux-gnu/y"));
}

TEST(SearchPath, OnlyWholeWordsAreTokens) {
  EXPECT_THAT(directories("$ORIGINAL:${LIBX}:$LIB2:$:${ORIGIN"),
              ElementsAre("$ORIGINAL", "${LIBX}", "$LIB2", "$", "${ORIGIN"));
  EXPECT_THAT(directories("a${ORIGIN}b:$ORIGIN.$ORIGIN"),
              ElementsAre("a/opt/x/binb", "/opt/x/bin./opt/x/bin"));
  EXPECT_TRUE(has_tokens("a/${LIB}/b"));
  EXPECT_TRUE(has_tokens("$$PLATFORM"));
  EXPECT_FALSE(has_tokens("$ORIGINAL/$/LIB"));
}

TEST(SearchPath, WhatATokenStandsForIsNotLookedAtAgain) {
  ElfFacts facts;
  facts.machine = EM_X86_64;
  facts.elf_class = ELFCLASS64;
  EXPECT_THAT(expand_tokens("$ORIGIN/$LIB", "/$LIB", facts, "lib64"), ElementsAre("/$LIB/lib64"));
  facts.machine = EM_386;
  facts.elf_class = ELFCLASS32;
  EXPECT_THAT(expand_tokens("/$LIB/$PLATFORM", "/", facts),
              ElementsAre("/lib/i686", "/lib/i386-linux-gnu/i686"));
}

TEST(SearchPath, WhatIsLongerThanAnyPathIsLeftOut) {
  std::string bomb;
  for (int i = 0; i < 9000; ++i) bomb += "$ORIGIN";
  EXPECT_THAT(directories("/a:" + bomb + ":/b"), ElementsAre("/a", "/b"));
}

TEST(SearchPath, SplittingDropsWhatIsEmpty) {
  EXPECT_THAT(split_search_path(""), IsEmpty());
  EXPECT_THAT(split_search_path("::"), IsEmpty());
  EXPECT_THAT(split_search_path("a:b"), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace fromhost::core
