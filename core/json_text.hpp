// SPDX-License-Identifier: Apache-2.0
// Reading and writing JSON of ours that lies in an image, which strangers may have made.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace fromhost::core {

using Json = nlohmann::ordered_json;

/// Names are bytes, JSON is UTF-8: a string where that holds, else {"hex": "…"}.
Json bytes_to_json(const std::string& bytes);
/// Throws std::invalid_argument for anything else.
std::string bytes_from_json(const Json& value);

}  // namespace fromhost::core
