// SPDX-License-Identifier: Apache-2.0
// RowIndex: the same answers as a map's, for rows in any order.
#include "core/row_index.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace fromhost::core {
namespace {

/// Puts a row for each of 0 to `count` - 1, in the order that `number_of` says; rows of a map beside it.
void compare_with_a_map(std::size_t count, const std::function<std::size_t(std::size_t)>& number_of) {
  std::vector<std::string> rows;
  const auto key_of = [&](std::size_t row) -> const std::string& { return rows[row]; };
  RowIndex index;
  std::map<std::string, std::size_t> expected;
  for (std::size_t i = 0; i < count; ++i) {
    rows.push_back("row " + std::to_string(number_of(i)));
    expected[rows.back()] = i;
    index.put(i, key_of);
    ASSERT_EQ(index.find(rows.back(), key_of), i);
  }
  for (const auto& [key, row] : expected) {
    ASSERT_EQ(index.find(key, key_of), row) << key;
    ASSERT_EQ(index.find(key + " ", key_of), std::nullopt);
  }
  index.clear();
  EXPECT_EQ(index.find(rows.front(), key_of), std::nullopt);
}

TEST(RowIndex, FindsRowsThatComeInOrder) {
  compare_with_a_map(2000, [](std::size_t i) { return 10000 + i; });
}

TEST(RowIndex, FindsRowsThatComeBackwards) {
  compare_with_a_map(2000, [](std::size_t i) { return 90000 - i; });
}

TEST(RowIndex, FindsRowsThatComeInAnyOrder) {
  compare_with_a_map(5000, [](std::size_t i) { return i * 7919 % 5003; });
}

TEST(RowIndex, FindsTheLatestRowOfAKey) {
  compare_with_a_map(5000, [](std::size_t i) { return i * 7919 % 503; });
}

TEST(RowIndex, FindsNothingWhereThereIsNothing) {
  const auto none = [](std::size_t) { return 0; };
  EXPECT_EQ(RowIndex().find(0, none), std::nullopt);
}

}  // namespace
}  // namespace fromhost::core
