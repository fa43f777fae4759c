// SPDX-License-Identifier: Apache-2.0
// Reading UTF-8 that may be none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fromhost::core {

/// One character, or a byte that is no part of one.
struct Utf8Character {
  std::uint32_t code = 0;  ///< its number in Unicode; of a wrong byte, the byte
  std::size_t bytes = 1;
  bool valid = false;
};

/// What stands at `at`, which must be below the text's size. Valid is what RFC 3629 says: no longer form than
/// needed, no surrogate, nothing over U+10FFFF.
Utf8Character utf8_at(std::string_view text, std::size_t at);

bool is_utf8(std::string_view text);

}  // namespace fromhost::core
