// SPDX-License-Identifier: Apache-2.0
// Reading and writing JSON of ours that lies in an image, which strangers may have made.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/text_sink.hpp"

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

/// Writes an object whose last members are long lists, one row at a time: a list of 100,000 rows as one Json
/// takes several times its text. The text is the one that dump(indent) would give, with a newline at its end.
class JsonListWriter {
 public:
  /// `head`: the members before the lists, at least one. `indent`: as of dump(); -1: all on one line.
  JsonListWriter(const Json& head, int indent, TextSink sink);
  /// Begins the list of this name.
  void list(const std::string& name);
  /// Writes a row of the list.
  void row(const Json& row);
  /// To be called once, at the end.
  void finish();

 private:
  void add(const std::string& text, int depth);
  void new_line(int depth);
  void end_list();

  const int indent_;
  TextSink sink_;
  std::string piece_;
  bool in_list_ = false, empty_ = true;
};

/// Told of each row of a list, which must be an object.
using JsonRowReader = std::function<void(const std::string& list, const Json& row)>;

/// Reads an object; rows of these of its lists go to `row` at once and are not kept, so that the lists are
/// empty in what is returned. Throws std::exception: what `row` throws, or for what is no such JSON.
Json read_json_lists(const std::string& text, const std::vector<std::string>& lists,
                     const JsonRowReader& row);

}  // namespace fromhost::core
