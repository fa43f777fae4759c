// SPDX-License-Identifier: Apache-2.0
// Bytes in JSON.
#include "core/json_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

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

TEST(JsonText, AListWrittenRowByRowIsTheTextOfTheWhole) {
  const Json rows = {{{"a", 1}, {"b", {1, 2}}}, {{"text", "line\nline"}}};
  for (const int indent : {-1, 0, 1, 4})
    for (const Json& list : {rows, Json::array()}) {
      const Json head = {{"version", 1}, {"of", {{"some", "object"}}}};
      std::string text;
      JsonListWriter writer(head, indent, [&](const std::string& piece) { text += piece; });
      writer.list("first");
      for (const Json& row : list) writer.row(row);
      writer.list("second");
      for (const Json& row : rows) writer.row(row);
      writer.finish();
      Json whole = head;
      whole["first"] = list;
      whole["second"] = rows;
      EXPECT_EQ(text, whole.dump(indent) + "\n") << indent;
    }
}

TEST(JsonText, ALongListIsWrittenInPieces) {
  std::size_t pieces = 0, longest = 0;
  JsonListWriter writer({{"version", 1}}, 1, [&](const std::string& piece) {
    ++pieces;
    longest = std::max(longest, piece.size());
  });
  writer.list("rows");
  for (int i = 0; i < 100'000; ++i) writer.row({{"number", i}});
  writer.finish();
  EXPECT_GT(pieces, 10u);
  EXPECT_LT(longest, 100'000u);
}

TEST(JsonText, RowsOfAListAreReadAndForgotten) {
  std::vector<std::string> rows;
  const Json rest = read_json_lists(
      R"({"x": [{"a": 1}], "list": [{"a": {"b": [2]}}, {"a": 3}], "y": {"list": [{}]}, "empty": []})",
      {"list", "empty"},
      [&](const std::string& list, const Json& row) { rows.push_back(list + row.dump()); });
  EXPECT_EQ(rows, (std::vector<std::string>{R"(list{"a":{"b":[2]}})", R"(list{"a":3})"}));
  EXPECT_EQ(rest.dump(), R"({"x":[{"a":1}],"list":[],"y":{"list":[{}]},"empty":[]})");
}

TEST(JsonText, WhatIsNoListOfObjectsIsRefused) {
  for (const char* text : {R"({"list": 3})", R"({"list": null})", R"({"list": {}})", R"({"list": [3]})",
                           R"({"list": [[]]})", R"({"list": [{}, null]})", R"({"list": [{})", "", "{"})
    EXPECT_THROW(read_json_lists(text, {"list"}, [](const std::string&, const Json&) {}), std::exception)
        << text;
}

}  // namespace
}  // namespace fromhost::core
