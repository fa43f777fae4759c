// SPDX-License-Identifier: Apache-2.0
// Finds the rows of a growing list by a key that they hold: four bytes a row, and no copies of the keys.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace fromhost::core {

/// Row numbers, sorted by key. Not hashed: the rows may be an image's, made to collide. `key_of(row)` answers
/// a row's key, always the same, by which keys are compared.
class RowIndex {
 public:
  template <typename Key, typename KeyOf>
  std::optional<std::size_t> find(const Key& key, const KeyOf& key_of) const {
    for (const auto* rows : {&settled_, &recent_}) {
      const auto at = place(*rows, key, key_of);
      if (at != rows->end() && !(key < key_of(*at))) return *at;
    }
    return std::nullopt;
  }

  /// A later row of the same key takes an earlier one's place.
  template <typename KeyOf>
  void put(std::size_t row, const KeyOf& key_of) {
    const auto number = static_cast<std::uint32_t>(row);
    const auto& key = key_of(row);
    if (recent_.empty() && (settled_.empty() || key_of(settled_.back()) < key)) {
      settled_.push_back(number);
      return;
    }
    for (auto* rows : {&settled_, &recent_})
      if (const auto at = place(*rows, key, key_of); at != rows->end() && !(key < key_of(*at))) {
        (*rows)[static_cast<std::size_t>(at - rows->begin())] = number;
        return;
      }
    recent_.insert(place(recent_, key, key_of), number);
    if (recent_.size() > kFew + settled_.size() / 8) settle(key_of);
  }

  void clear() {
    settled_.clear();
    recent_.clear();
  }

 private:
  using Rows = std::vector<std::uint32_t>;
  static constexpr std::size_t kFew = 64;

  template <typename Key, typename KeyOf>
  static Rows::const_iterator place(const Rows& rows, const Key& key, const KeyOf& key_of) {
    return std::partition_point(rows.begin(), rows.end(),
                                [&](std::uint32_t row) { return key_of(row) < key; });
  }

  /// So few times that all of them together cost no more than the look-ups.
  template <typename KeyOf>
  void settle(const KeyOf& key_of) {
    const auto before = static_cast<std::ptrdiff_t>(settled_.size());
    settled_.insert(settled_.end(), recent_.begin(), recent_.end());
    std::inplace_merge(settled_.begin(), settled_.begin() + before, settled_.end(),
                       [&](std::uint32_t a, std::uint32_t b) { return key_of(a) < key_of(b); });
    recent_.clear();
  }

  Rows settled_;
  Rows recent_;  // so that a new row does not move all of the others
};

}  // namespace fromhost::core
