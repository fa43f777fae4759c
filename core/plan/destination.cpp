// SPDX-License-Identifier: Apache-2.0
// Plan: classifying a path. Pure.
#include "core/plan/destination.hpp"

namespace fromhost::core {
namespace {

struct Row {
  std::string_view contained;
  PathRule rule;
};

constexpr Row kRows[] = {
    {"/bin", {FileRole::program, "path contains /bin"}},
    {"/sbin", {FileRole::program, "path contains /sbin"}},
    {"/lib", {FileRole::library, "path contains /lib"}},
    {".so", {FileRole::library, "path contains .so"}},
};

}  // namespace

std::string_view to_string(FileRole role) {
  if (role == FileRole::program) return "program";
  return role == FileRole::library ? "library" : "data";
}

std::optional<PathRule> path_rule(std::string_view path) {
  for (const Row& row : kRows)
    if (path.find(row.contained) != std::string_view::npos) return row.rule;
  return std::nullopt;
}

bool looks_like_library(std::string_view path) {
  for (const Row& row : kRows)
    if (row.rule.role == FileRole::library && path.find(row.contained) != std::string_view::npos) return true;
  return false;
}

}  // namespace fromhost::core
