// SPDX-License-Identifier: Apache-2.0
// Where a path goes by its looks alone.
#include "core/plan/destination.hpp"

#include <gtest/gtest.h>

namespace fromhost::core {
namespace {

TEST(Destination, FollowsTheFirstRuleThatHolds) {
  struct Row {
    const char* name;
    const char* path;
    std::optional<FileRole> role;
    const char* rule;
  };
  const Row rows[] = {
      {"program", "/usr/bin/nvidia-smi", FileRole::program, "path contains /bin"},
      {"system program", "/usr/sbin/ibstat", FileRole::program, "path contains /sbin"},
      {"library", "/usr/lib/libfoo.so.1", FileRole::library, "path contains /lib"},
      {"library in lib64", "/usr/lib64/libfoo.so.1", FileRole::library, "path contains /lib"},
      {"library anywhere by its .so", "/opt/cray/libfoo.so.1", FileRole::library, "path contains /lib"},
      {".so without /lib", "/opt/cray/foo.so.1", FileRole::library, "path contains .so"},
      {"relative .so", "foo.so", FileRole::library, "path contains .so"},
      {"library below bin", "/opt/bin/lib/libfoo.so", FileRole::program, "path contains /bin"},
      {"library below sbin", "/sbin/lib/libfoo.so", FileRole::program, "path contains /sbin"},
      {"data below lib", "/usr/lib/foo/readme", FileRole::library, "path contains /lib"},
      {"part of a name", "/opt/binary/foo", FileRole::program, "path contains /bin"},
      {"part of a name, lib", "/opt/liberty/foo", FileRole::library, "path contains /lib"},
      {"dot so in the middle", "/opt/x.sock", FileRole::library, "path contains .so"},
      {"relative bin", "bin/foo", std::nullopt, ""},
      {"relative lib", "lib/foo", std::nullopt, ""},
      {"capitals", "/opt/LIB/FOO.SO", std::nullopt, ""},
      {"neither", "/etc/foo.conf", std::nullopt, ""},
      {"empty", "", std::nullopt, ""},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const auto rule = path_rule(row.path);
    ASSERT_EQ(rule.has_value(), row.role.has_value());
    if (!rule) continue;
    EXPECT_EQ(rule->role, *row.role);
    EXPECT_EQ(rule->text, row.rule);
  }
}

TEST(Destination, APathLooksLikeALibraryWhateverElseItLooksLike) {
  struct Row {
    const char* name;
    const char* path;
    bool looks;
  };
  const Row rows[] = {
      {"library", "/usr/lib/libfoo.so.1", true}, {".so alone", "foo.so", true},
      {"/lib alone", "/usr/lib/foo", true},      {"below bin", "/opt/bin/libfoo.so", true},
      {"program", "/usr/bin/foo", false},        {"neither", "/etc/foo", false},
      {"relative lib", "lib/foo", false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(looks_like_library(row.path), row.looks);
  }
}

}  // namespace
}  // namespace fromhost::core
