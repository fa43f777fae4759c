// SPDX-License-Identifier: Apache-2.0
// Image: its name, from os-release.
#include "core/image/distribution.hpp"

#include <sstream>

namespace fromhost::core {
namespace {

constexpr std::uint64_t kSizeLimit = 64u << 10;
constexpr std::size_t kLongestName = 80;

std::string unquoted(std::string value) {
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
    value = value.substr(1, value.size() - 2);
  return value.substr(0, kLongestName);
}

}  // namespace

std::string distribution(const ImageRoot& image) {
  auto text = image.read_file(ImagePath("/etc/os-release"), kSizeLimit);
  if (!text) text = image.read_file(ImagePath("/usr/lib/os-release"), kSizeLimit);
  std::istringstream lines(text.value_or(""));
  std::string name, version;
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string key = line.substr(0, equals), value = unquoted(line.substr(equals + 1));
    if (key == "PRETTY_NAME" && !value.empty()) return value;
    if (key == "NAME") name = value;
    if (key == "VERSION_ID") version = value;
  }
  return name + (name.empty() || version.empty() ? "" : " ") + version;
}

}  // namespace fromhost::core
