// SPDX-License-Identifier: Apache-2.0
// Cli: the option that a misspelt one was meant to be.
#include <algorithm>
#include <numeric>

#include "core/cli/command_line.hpp"

namespace fromhost::core {
namespace {

/// Edits (insert, delete, replace, swap neighbours) that turn one word into the other: Damerau-Levenshtein,
/// optimal string alignment.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> two_back(b.size() + 1), back(b.size() + 1), row(b.size() + 1);
  std::iota(back.begin(), back.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = back[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    std::swap(two_back, back);
    std::swap(back, row);
  }
  return back[b.size()];
}

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    // An abbreviation is no guess that we make, but a good suggestion.
    const bool abbreviated = word.size() >= 3 && candidate.compare(0, word.size(), word) == 0;
    const std::size_t apart = abbreviated ? 1 : distance(word, candidate);
    if (apart < least) {
      least = apart;
      best = candidate;
    }
  }
  return best;
}

}  // namespace fromhost::core
