// SPDX-License-Identifier: Apache-2.0
// Edit distance of Levenshtein, of two short names.
#include "nearest.hpp"

#include <algorithm>

namespace recipe {
namespace {

std::size_t distance(const std::string& one, const std::string& other) {
  std::vector<std::size_t> row(other.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= one.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= other.size(); ++j) {
      const std::size_t replaced = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(const std::string& typed, const std::vector<std::string>& names) {
  constexpr std::size_t kLongest = 40;
  std::string best;
  if (typed.size() > kLongest) return best;
  std::size_t least = std::max<std::size_t>(typed.size() / 3, 1) + 1;
  for (const std::string& name : names)
    if (const std::size_t far = distance(typed, name); far < least) {
      least = far;
      best = name;
    }
  return best;
}

}  // namespace recipe
