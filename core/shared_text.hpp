// SPDX-License-Identifier: Apache-2.0
// A text that many rows share, such as the reason for each file of a long list: kept once, a pointer a row.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace fromhost::core {

/// Converts from and to std::string; never changes, is never forgotten. For one thread at a time.
class SharedText {
 public:
  SharedText() : SharedText(std::string_view()) {}
  SharedText(std::string_view text) : text_(&kept(text)) {}
  SharedText(const std::string& text) : SharedText(std::string_view(text)) {}
  SharedText(const char* text) : SharedText(std::string_view(text)) {}

  const std::string& text() const { return *text_; }
  operator const std::string&() const { return *text_; }
  bool empty() const { return text_->empty(); }
  bool operator==(const SharedText& other) const { return text_ == other.text_; }

 private:
  static const std::string& kept(std::string_view text) {
    static const std::string none;
    if (text.empty()) return none;
    static std::set<std::string, std::less<>> all;
    const auto known = all.find(text);
    return known != all.end() ? *known : *all.emplace(text).first;
  }
  const std::string* text_;
};

}  // namespace fromhost::core
