// SPDX-License-Identifier: Apache-2.0
// Globs by the host's services: what is matched may lie below --host-root.
#include "host_paths.hpp"

#include <algorithm>

namespace recipe {

using fromhost::Failure;
using fromhost::Host;

namespace {

constexpr const char* kSpecial = "*?[\\";
constexpr std::size_t kMostMatches = 10000;

/// Where a [set] that begins at `at` ends; 0: it does not, and [ means itself.
std::size_t end_of_set(const std::string& pattern, std::size_t at) {
  std::size_t first = at + 1;
  if (first < pattern.size() && pattern[first] == '!') ++first;
  const std::size_t end = pattern.find(']', first + 1);
  return end == std::string::npos ? 0 : end;
}

bool in_set(const std::string& pattern, std::size_t at, std::size_t end, char c) {
  const bool negated = pattern[at + 1] == '!';
  bool found = false;
  for (std::size_t i = at + (negated ? 2 : 1); i < end; ++i) {
    if (i + 2 < end && pattern[i + 1] == '-') {
      found |= pattern[i] <= c && c <= pattern[i + 2];
      i += 2;
    } else {
      found |= pattern[i] == c;
    }
  }
  return found != negated;
}

std::string without_quotes(const std::string& pattern) {
  std::string text;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    text += pattern[i];
  }
  return text;
}

bool has_wildcard(const std::string& part) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '\\')
      ++i;
    else if (part[i] == '*' || part[i] == '?' || part[i] == '[')
      return true;
  }
  return false;
}

}  // namespace

bool matches(const std::string& pattern, const std::string& name) {
  // The last * and what it has taken so far: no other way back is ever needed.
  std::size_t p = 0, n = 0, star = std::string::npos, taken = 0;
  while (n < name.size() || p < pattern.size()) {
    if (p < pattern.size()) {
      const char c = pattern[p];
      if (c == '*') {
        star = p++;
        taken = n;
        continue;
      }
      if (n < name.size()) {
        std::size_t next = p + 1;
        bool fits = false;
        if (const std::size_t end = c == '[' ? end_of_set(pattern, p) : 0) {
          fits = in_set(pattern, p, end, name[n]);
          next = end + 1;
        } else if (c == '\\' && p + 1 < pattern.size()) {
          fits = pattern[p + 1] == name[n];
          next = p + 2;
        } else {
          fits = c == '?' || c == name[n];
        }
        if (fits) {
          p = next;
          ++n;
          continue;
        }
      }
    }
    if (star == std::string::npos || taken >= name.size()) return false;
    n = ++taken;
    p = star + 1;
  }
  return true;
}

std::string quoted(const std::string& text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string(kSpecial).find(c) != std::string::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

std::vector<std::string> matching_paths(Host& host, const std::string& pattern) {
  std::vector<std::string> found = {""};
  for (std::size_t begin = 0; begin < pattern.size();) {
    const std::size_t end = std::min(pattern.find('/', begin), pattern.size());
    const std::string part = pattern.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty()) continue;
    std::vector<std::string> next;
    for (const std::string& above : found) {
      if (!has_wildcard(part)) {
        next.push_back(above + "/" + without_quotes(part));
        continue;
      }
      for (const std::string& name : host.list(above.empty() ? "/" : above))
        if ((name.front() != '.' || part.front() == '.') && matches(part, name))
          next.push_back(above + "/" + name);
      if (next.size() > kMostMatches)
        throw Failure(pattern + ": matches more than " + std::to_string(kMostMatches) + " files");
    }
    found = std::move(next);
  }
  found.erase(std::remove_if(found.begin(), found.end(),
                             [&](const std::string& path) { return path.empty() || !host.inspect(path); }),
              found.end());
  return found;
}

std::vector<std::string> library_directories(Host& host) {
  const char* triplet = nullptr;
  switch (host.machine()) {
    case 62:
      triplet = "x86_64-linux-gnu";
      break;
    case 183:
      triplet = "aarch64-linux-gnu";
      break;
    case 21:
      triplet = "powerpc64le-linux-gnu";
      break;
    case 22:
      triplet = "s390x-linux-gnu";
      break;
    case 243:
      triplet = "riscv64-linux-gnu";
      break;
    default:
      break;
  }
  std::vector<std::string> all;
  if (triplet) all = {std::string("/usr/lib/") + triplet, std::string("/lib/") + triplet};
  for (const char* directory : {"/usr/lib64", "/lib64", "/usr/lib", "/lib"}) all.push_back(directory);
  return all;
}

bool is_newer(const std::string& one, const std::string& other) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t i = 0, j = 0;
  while (i < one.size() && j < other.size()) {
    if (!is_digit(one[i]) || !is_digit(other[j])) {
      if (one[i] != other[j]) return one[i] > other[j];
      ++i;
      ++j;
      continue;
    }
    const auto number = [&](const std::string& text, std::size_t& at) {
      while (at < text.size() && text[at] == '0') ++at;
      const std::size_t begin = at;
      while (at < text.size() && is_digit(text[at])) ++at;
      return text.substr(begin, at - begin);
    };
    const std::string ours = number(one, i), theirs = number(other, j);
    if (ours.size() != theirs.size()) return ours.size() > theirs.size();
    if (ours != theirs) return ours > theirs;
  }
  return one.size() - i > other.size() - j;
}

}  // namespace recipe
