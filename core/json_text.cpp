// SPDX-License-Identifier: Apache-2.0
#include "core/json_text.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/utf8.hpp"

namespace fromhost::core {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  throw std::invalid_argument("not hexadecimal");
}

}  // namespace

Json bytes_to_json(const std::string& bytes) {
  if (is_utf8(bytes)) return bytes;
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return Json{{"hex", hex}};
}

std::string bytes_from_json(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object() || value.size() != 1 || !value.contains("hex") || !value["hex"].is_string())
    throw std::invalid_argument("not a name");
  const std::string hex = value["hex"].get<std::string>();
  if (hex.size() % 2 != 0) throw std::invalid_argument("not a name");
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return bytes;
}

JsonListWriter::JsonListWriter(const Json& head, int indent, TextSink sink)
    : indent_(indent), sink_(std::move(sink)) {
  piece_ = head.dump(indent_);
  piece_.pop_back();  // the brace
  if (piece_.back() == '\n') piece_.pop_back();
}

void JsonListWriter::list(const std::string& name) {
  end_list();
  piece_ += ',';
  new_line(1);
  piece_ += Json(name).dump() + (indent_ < 0 ? ":[" : ": [");
  in_list_ = empty_ = true;
}

void JsonListWriter::row(const Json& row) {
  if (!empty_) piece_ += ',';
  empty_ = false;
  new_line(2);
  add(row.dump(indent_), 2);
  constexpr std::size_t kPiece = 65536;
  if (piece_.size() < kPiece) return;
  sink_(piece_);
  piece_.clear();
}

void JsonListWriter::finish() {
  end_list();
  new_line(0);
  piece_ += "}\n";
  sink_(piece_);
  piece_.clear();
}

/// No string in JSON has a line's end in it, so each is one of the layout.
void JsonListWriter::add(const std::string& text, int depth) {
  for (const char c : text)
    if (c == '\n')
      new_line(depth);
    else
      piece_ += c;
}

void JsonListWriter::new_line(int depth) {
  if (indent_ < 0) return;
  piece_ += '\n';
  piece_.append(static_cast<std::size_t>(indent_ * depth), ' ');
}

void JsonListWriter::end_list() {
  if (!in_list_) return;
  if (!empty_) new_line(1);
  piece_ += ']';
  in_list_ = false;
}

Json read_json_lists(const std::string& text, const std::vector<std::string>& lists,
                     const JsonRowReader& row) {
  using Event = Json::parse_event_t;
  std::string key;
  bool in_list = false;
  // An object's members have its depth and 1; so have its own begin and end, seen from the list.
  const auto event = [&](int depth, Event kind, Json& parsed) {
    if (kind == Event::key && depth == 1) {
      key = parsed.get<std::string>();
      in_list = std::find(lists.begin(), lists.end(), key) != lists.end();
    }
    if (!in_list || depth == 0 || depth > 2) return true;
    if (depth == 1) {
      const bool list_or_name = kind == Event::key || kind == Event::array_start || kind == Event::array_end;
      if (!list_or_name) throw std::invalid_argument(key + " is no list");
      return true;
    }
    if (kind == Event::object_start) return true;
    if (kind != Event::object_end) throw std::invalid_argument(key + " has a row that is no object");
    row(key, parsed);
    return false;  // and so forgotten
  };
  return Json::parse(text, event);
}

}  // namespace fromhost::core
