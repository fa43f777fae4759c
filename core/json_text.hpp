// SPDX-License-Identifier: Apache-2.0
// Reading and writing JSON of ours that lies in an image, which strangers may have made.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace fromhost::core {

using Json = nlohmann::ordered_json;

/// Names are bytes, JSON is UTF-8: a string where that holds, else {"hex": "…"}.
Json bytes_to_json(const std::string& bytes);
/// Throws std::invalid_argument for anything else.
std::string bytes_from_json(const Json& value);

/// A whole number that the type can hold. Throws std::invalid_argument for anything else: the library would
/// convert 4e22 as well.
template <typename Integer>
Integer integer_from_json(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  } else if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  }
  throw std::invalid_argument("no such number");
}

}  // namespace fromhost::core
