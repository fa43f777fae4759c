// SPDX-License-Identifier: Apache-2.0
// Findings: what each kind is called, and what it can be weighed as.
#include "core/preflight/finding.hpp"

#include <algorithm>
#include <array>

namespace fromhost::core {
namespace {

struct KindFacts {
  FindingKind kind;
  std::string_view name;
  Severity severity;
  bool compatibility;  ///< it is about running, not about writing
};

constexpr std::array kKinds = {
    KindFacts{FindingKind::unreadable, "unreadable", Severity::error, false},
    KindFacts{FindingKind::unwritable, "unwritable", Severity::error, false},
    KindFacts{FindingKind::taken, "taken", Severity::error, false},
    KindFacts{FindingKind::no_space, "no-space", Severity::error, false},
    KindFacts{FindingKind::no_ldconfig, "no-ldconfig", Severity::error, false},
    KindFacts{FindingKind::placed_by_path, "placed-by-path", Severity::warning, true},
    KindFacts{FindingKind::other_machine, "other-machine", Severity::error, true},
    KindFacts{FindingKind::no_loader, "no-loader", Severity::error, true},
    KindFacts{FindingKind::version_missing, "version-missing", Severity::error, true},
    KindFacts{FindingKind::library_missing, "library-missing", Severity::warning, true},
    KindFacts{FindingKind::hidden, "hidden", Severity::error, true},
    KindFacts{FindingKind::in_use, "in-use", Severity::warning, true},
    KindFacts{FindingKind::interpreter_missing, "interpreter-missing", Severity::warning, true},
    KindFacts{FindingKind::not_executable, "not-executable", Severity::warning, true},
    KindFacts{FindingKind::unchecked, "unchecked", Severity::warning, true},
    KindFacts{FindingKind::libfabric_too_old, "libfabric-too-old", Severity::error, true},
};

const KindFacts& facts_of(FindingKind kind) {
  return *std::find_if(kKinds.begin(), kKinds.end(), [&](const KindFacts& one) { return one.kind == kind; });
}

}  // namespace

std::string_view to_string(FindingKind kind) {
  return facts_of(kind).name;
}

std::string_view to_string(Severity severity) {
  return severity == Severity::error ? "error" : "warning";
}

Finding make_finding(FindingKind kind, std::string what, std::string cause, std::string way_out) {
  return {kind,
          facts_of(kind).severity,
          {Stage::preflight, std::move(what), std::move(cause), std::move(way_out)}};
}

void weigh(std::vector<Finding>& findings, bool force, bool strict) {
  for (Finding& one : findings) {
    if (!facts_of(one.kind).compatibility) continue;
    if (strict) one.severity = Severity::error;
    if (force) one.severity = Severity::warning;
  }
}

void stop_at_errors(const std::vector<Finding>& findings) {
  std::vector<Problem> problems;
  for (const Finding& one : findings)
    if (one.severity == Severity::error) problems.push_back(one.problem);
  if (!problems.empty()) throw Error(std::move(problems));
}

}  // namespace fromhost::core
