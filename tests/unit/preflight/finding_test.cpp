// SPDX-License-Identifier: Apache-2.0
// What counts as an error, and whose word changes that.
#include "core/preflight/finding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fromhost::core {
namespace {

Severity weighed(FindingKind kind, bool force, bool strict) {
  std::vector<Finding> findings = {make_finding(kind, "x")};
  weigh(findings, force, strict);
  return findings[0].severity;
}

TEST(Finding, ForceAndStrictChangeWhatIsAboutRunningOnly) {
  struct Row {
    FindingKind kind;
    Severity alone, forced, strict, both;
  };
  constexpr Severity kWarning = Severity::warning, kError = Severity::error;
  const Row rows[] = {
      {FindingKind::unreadable, kError, kError, kError, kError},
      {FindingKind::unwritable, kError, kError, kError, kError},
      {FindingKind::taken, kError, kError, kError, kError},
      {FindingKind::no_space, kError, kError, kError, kError},
      {FindingKind::no_ldconfig, kError, kError, kError, kError},
      {FindingKind::placed_by_path, kWarning, kWarning, kError, kWarning},
      {FindingKind::interpreter_missing, kWarning, kWarning, kError, kWarning},
      {FindingKind::not_executable, kWarning, kWarning, kError, kWarning},
      {FindingKind::unchecked, kWarning, kWarning, kError, kWarning},
      {FindingKind::libfabric_too_old, kError, kWarning, kError, kWarning},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(to_string(row.kind));
    EXPECT_EQ(weighed(row.kind, false, false), row.alone);
    EXPECT_EQ(weighed(row.kind, true, false), row.forced);
    EXPECT_EQ(weighed(row.kind, false, true), row.strict);
    EXPECT_EQ(weighed(row.kind, true, true), row.both) << "who says both wants the injection";
  }
}

TEST(Finding, EveryErrorIsToldAtOnceAndWarningsStopNothing) {
  std::vector<Finding> findings = {make_finding(FindingKind::placed_by_path, "text")};
  EXPECT_NO_THROW(stop_at_errors(findings));
  findings.push_back(make_finding(FindingKind::no_space, "one", "why", "way out"));
  findings.push_back(make_finding(FindingKind::taken, "two"));
  try {
    stop_at_errors(findings);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "preflight: one: why; way out\npreflight: two");
  }
}

}  // namespace
}  // namespace fromhost::core
