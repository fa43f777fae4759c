// SPDX-License-Identifier: Apache-2.0
// What is a character, and what only looks like one.
#include "core/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fromhost::core {
namespace {

TEST(Utf8, EveryCharacterIsReadAndNothingElse) {
  struct Row {
    const char* name;
    std::string text;
    std::uint32_t code;
    std::size_t bytes;
    bool valid;
  };
  const Row rows[] = {
      {"NUL", std::string(1, '\0'), 0, 1, true},
      {"last of one byte", "\x7f", 0x7f, 1, true},
      {"first of two", "\xc2\x80", 0x80, 2, true},
      {"last of two", "\xdf\xbf", 0x7ff, 2, true},
      {"first of three", "\xe0\xa0\x80", 0x800, 3, true},
      {"before the surrogates", "\xed\x9f\xbf", 0xd7ff, 3, true},
      {"after the surrogates", "\xee\x80\x80", 0xe000, 3, true},
      {"last of three", "\xef\xbf\xbf", 0xffff, 3, true},
      {"first of four", "\xf0\x90\x80\x80", 0x10000, 4, true},
      {"last of all", "\xf4\x8f\xbf\xbf", 0x10ffff, 4, true},
      {"one too many", "\xf4\x90\x80\x80", 0xf4, 1, false},
      {"surrogate", "\xed\xa0\x80", 0xed, 1, false},
      {"slash in two bytes", "\xc0\xaf", 0xc0, 1, false},
      {"slash in three bytes", "\xe0\x80\xaf", 0xe0, 1, false},
      {"four bytes for what needs three", "\xf0\x8f\xbf\xbf", 0xf0, 1, false},
      {"continuation alone", "\xbf", 0xbf, 1, false},
      {"lead alone", "\xe2", 0xe2, 1, false},
      {"cut off", "\xe2\x98", 0xe2, 1, false},
      {"followed by ASCII", "\xe2\x98x", 0xe2, 1, false},
      {"Latin-1", "\xfc", 0xfc, 1, false},
      {"byte that never occurs", "\xff", 0xff, 1, false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const Utf8Character one = utf8_at("a" + row.text, 1);
    EXPECT_EQ(one.code, row.code);
    EXPECT_EQ(one.bytes, row.bytes);
    EXPECT_EQ(one.valid, row.valid);
    EXPECT_EQ(is_utf8(row.text + "z"), row.valid);
  }
}

}  // namespace
}  // namespace fromhost::core
