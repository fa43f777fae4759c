// SPDX-License-Identifier: Apache-2.0
// Bytes in JSON.
#include "core/json_text.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fromhost::core {
namespace {

TEST(JsonText, AnyBytesComeBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& bytes :
       {std::string(), std::string("plain"), std::string("\xc3\xa9"), std::string("\xff"), all}) {
    const std::string text = bytes_to_json(bytes).dump();
    EXPECT_EQ(bytes_from_json(Json::parse(text)), bytes) << text;
  }
  EXPECT_EQ(bytes_to_json("a\xff"), (Json{{"hex", "61ff"}}));
}

TEST(JsonText, WhatIsNeitherTextNorHexadecimalIsRefused) {
  for (const char* text : {"3", "null", "[]", "{}", R"({"hex": 3})", R"({"hex": "a"})", R"({"hex": "zz"})",
                           R"({"hex": "AB"})", R"({"hex": "61", "more": 1})", R"({"octal": "61"})"})
    EXPECT_THROW(bytes_from_json(Json::parse(text)), std::invalid_argument) << text;
}

TEST(JsonText, NumbersAreWholeAndFitTheirType) {
  EXPECT_EQ(integer_from_json<unsigned>(Json::parse("7")), 7u);
  EXPECT_EQ(integer_from_json<std::int64_t>(Json::parse("-7")), -7);
  EXPECT_EQ(integer_from_json<std::uint64_t>(Json::parse("18446744073709551615")), 18446744073709551615u);
  for (const char* text :
       {"-1", "4294967296", "48888888888888888888893", "1e3", "1.5", "true", "\"1\"", "null"})
    EXPECT_THROW(integer_from_json<unsigned>(Json::parse(text)), std::invalid_argument) << text;
  EXPECT_THROW(integer_from_json<std::int64_t>(Json::parse("9223372036854775808")), std::invalid_argument);
}

}  // namespace
}  // namespace fromhost::core
