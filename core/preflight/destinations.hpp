// SPDX-License-Identifier: Apache-2.0
// What the image has at the names that will be written.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/preflight/changes.hpp"
#include "core/preflight/finding.hpp"

namespace fromhost::core {

/// One rule for every name of the foretold changes, be it a file, a link, ld.so.cache, the manifest or what
/// is kept in the archive: a regular file or a symbolic link is replaced, anything else is a finding; and its
/// directory must be one, ours to write, and on the image's own file system. Writes nothing.
class Destinations {
 public:
  /// Looks at the directories that the plan names. `image` must outlive this.
  Destinations(const Plan& plan, const ImageRoot& image);
  /// To be called for every change, in their order.
  void look_at(const Change& change);
  std::vector<Finding> take_findings() { return std::move(findings_); }

 private:
  void found(FindingKind kind, const std::string& what, const std::string& cause = "",
             const std::string& way_out = "");
  void directory(const ImagePath& path, bool may_be_missing);
  void target(const std::string& verb, const ImagePath& path, mode_t mode, const std::string& way_out = "");

  const ImageRoot& image_;
  dev_t device_ = 0;
  bool read_only_ = false;      // the image's root is, which is told once
  std::set<std::string> seen_;  // directories
  std::vector<Finding> findings_;
};

}  // namespace fromhost::core
