// SPDX-License-Identifier: Apache-2.0
// Host: RPATH and RUNPATH as directories.
#include "core/host/search_path.hpp"

#include <elf.h>
#include <limits.h>

#include <algorithm>
#include <string_view>

#include "core/host/processor.hpp"

namespace fromhost::core {
namespace {

bool is_identifier(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/// How long the token `name` is at the `$` there; 0: it is not there. "$ORIGINAL" is none.
std::size_t token_at(std::string_view text, std::size_t dollar, std::string_view name) {
  std::string_view rest = text.substr(dollar + 1);
  const bool braces = rest.starts_with('{');
  if (braces) rest.remove_prefix(1);
  if (!rest.starts_with(name)) return 0;
  rest.remove_prefix(name.size());
  if (braces) return rest.starts_with('}') ? name.size() + 3 : 0;
  return rest.empty() || !is_identifier(rest.front()) ? name.size() + 1 : 0;
}

std::string triplet(const ElfFacts& of) {
  switch (of.machine) {
    case EM_X86_64:
      return of.elf_class == ELFCLASS64 ? "x86_64-linux-gnu" : "x86_64-linux-gnux32";
    case EM_386:
      return "i386-linux-gnu";
    case EM_AARCH64:
      return "aarch64-linux-gnu";
    case EM_PPC64:
      return "powerpc64le-linux-gnu";
    case EM_S390:
      return "s390x-linux-gnu";
    case EM_RISCV:
      return "riscv64-linux-gnu";
    default:
      return "";
  }
}

std::string expanded(const std::string& text, const std::string& origin, const std::string& lib,
                     const std::string& platform) {
  const std::pair<std::string_view, const std::string&> tokens[] = {
      {"ORIGIN", origin}, {"LIB", lib}, {"PLATFORM", platform}};
  std::string result;
  // What is longer than any path leads nowhere, and 64 KiB of "$ORIGIN" may stand for gigabytes.
  for (std::size_t at = 0; at < text.size() && result.size() < PATH_MAX;) {
    std::size_t length = 0;
    if (text[at] == '$')
      for (const auto& [name, value] : tokens)
        if (length == 0 && (length = token_at(text, at, name)) != 0) result += value;
    if (length == 0) result += text[at];
    at += std::max<std::size_t>(length, 1);
  }
  return result;
}

}  // namespace

std::vector<std::string> split_search_path(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool has_tokens(const std::string& text) {
  for (std::size_t at = text.find('$'); at != std::string::npos; at = text.find('$', at + 1))
    for (const char* name : {"ORIGIN", "LIB", "PLATFORM"})
      if (token_at(text, at, name) != 0) return true;
  return false;
}

std::vector<std::string> expand_tokens(const std::string& text, const std::string& origin, const ElfFacts& of,
                                       const std::string& lib) {
  std::vector<std::string> libs = {lib};
  if (lib.empty()) libs = {of.elf_class == ELFCLASS64 ? "lib64" : "lib", "lib/" + triplet(of)};
  std::vector<std::string> possible;
  for (const std::string& one : libs) {
    std::string by_it = expanded(text, origin, one, platform_name(of.machine));
    if (possible.empty() || possible.back() != by_it) possible.push_back(std::move(by_it));
  }
  return possible;
}

std::vector<std::string> search_directories(const std::string& path, const std::string& origin,
                                            const ElfFacts& of, const std::string& lib) {
  std::vector<std::string> directories;
  for (const std::string& part : split_search_path(path))
    for (std::string& one : expand_tokens(part, origin, of, lib))
      if (one.size() < PATH_MAX) directories.push_back(std::move(one));
  return directories;
}

}  // namespace fromhost::core
