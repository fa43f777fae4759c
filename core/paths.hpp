// SPDX-License-Identifier: Apache-2.0
// Paths on this machine and paths inside the image: two types that do not convert, so that neither is used
// for the other.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace fromhost::core {

/// The part after the last slash; "" where the path ends with one.
inline std::string_view last_component(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// A path on this machine, absolute or relative to the current directory, byte for byte as given.
class HostPath {
 public:
  HostPath() = default;
  explicit HostPath(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }
  const char* c_str() const { return text_.c_str(); }
  std::string_view name() const { return last_component(text_); }
  auto operator<=>(const HostPath&) const = default;

 private:
  std::string text_;
};

/// An absolute path inside the image. Repeated and trailing slashes are dropped; ".." stays, since only the
/// image's own links tell where it leads.
class ImagePath {
 public:
  ImagePath() : text_("/") {}
  /// `text` is taken as relative to the image's root whether or not it starts with a slash.
  explicit ImagePath(std::string_view text) : text_("/") {
    for (char c : text)
      if (c != '/' || text_.back() != '/') text_ += c;
    if (text_.size() > 1 && text_.back() == '/') text_.pop_back();
  }
  const std::string& text() const { return text_; }
  /// What openat() below the root's descriptor wants: no leading slash, "." for the root.
  const char* below_root() const { return text_.size() == 1 ? "." : text_.c_str() + 1; }
  std::string_view name() const { return last_component(text_); }
  ImagePath parent() const { return ImagePath(std::string_view(text_).substr(0, text_.rfind('/'))); }
  bool is_root() const { return text_.size() == 1; }
  ImagePath operator/(std::string_view name) const { return ImagePath(text_ + "/" + std::string(name)); }
  auto operator<=>(const ImagePath&) const = default;

 private:
  std::string text_;
};

}  // namespace fromhost::core
