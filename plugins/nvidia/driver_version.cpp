// SPDX-License-Identifier: Apache-2.0
// Which version of the driver a name or the kernel speaks of.
#include <algorithm>
#include <cctype>
#include <sstream>

#include "driver.hpp"
#include "driver_files.hpp"

namespace nvidia {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// "535.54.03" and "550.90": digits and at least one dot between them.
bool is_version(const std::string& text) {
  if (text.empty() || !is_digit(text.front()) || !is_digit(text.back())) return false;
  if (text.find('.') == std::string::npos || text.find("..") != std::string::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
}

}  // namespace

std::string stem_of(const std::string& name) {
  return name.substr(0, name.find(".so"));
}

std::string version_in(const std::string& name) {
  const auto at = name.find(".so.");
  if (at == std::string::npos) return "";
  const std::string version = name.substr(at + 4);
  return is_version(version) ? version : "";
}

bool carries_driver_version(const std::string& name) {
  if (version_in(name).empty()) return false;
  const std::string stem = stem_of(name);
  const auto is_it = [&](const char* one) { return stem == one; };
  return std::any_of(std::begin(kLibraries), std::end(kLibraries), is_it) ||
         std::any_of(std::begin(kUnlistedLibraries), std::end(kUnlistedLibraries), is_it);
}

bool older(const std::string& a, const std::string& b) {
  std::istringstream left(a), right(b);
  std::string one, other;
  for (;;) {
    const bool more_left = static_cast<bool>(std::getline(left, one, '.'));
    const bool more_right = static_cast<bool>(std::getline(right, other, '.'));
    if (!more_left || !more_right) return !more_left && more_right;
    // Without leading zeros, the longer number is the larger.
    one.erase(0, std::min(one.find_first_not_of('0'), one.size()));
    other.erase(0, std::min(other.find_first_not_of('0'), other.size()));
    if (one.size() != other.size()) return one.size() < other.size();
    if (one != other) return one < other;
  }
}

std::optional<std::string> kernel_module_version(fromhost::Host& host) {
  for (const char* file : {"/sys/module/nvidia/version", "/proc/driver/nvidia/version"}) {
    const auto text = host.read_file(file, 4096);
    if (!text) continue;
    // "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.54.03  Tue Jun  6 …": the first word that is a
    // version.
    std::istringstream words(*text);
    for (std::string word; words >> word;)
      if (is_version(word)) return word;
  }
  return std::nullopt;
}

}  // namespace nvidia
