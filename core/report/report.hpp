// SPDX-License-Identifier: Apache-2.0
// What is told: the answers on stdout, the talk on stderr. The one place that does.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/manifest/status.hpp"
#include "core/plan/plan.hpp"
#include "core/preflight/preflight.hpp"
#include "core/provider/plugin_catalog.hpp"

namespace fromhost::core {

class Report {
 public:
  /// Answers go to `out`, which must outlive it; the talk goes to the log.
  explicit Report(std::ostream& out) : out_(out) {}

  void answer(const std::string& line);
  void text(const std::string& lines);
  void plugins(const std::vector<PluginRecord>& records);
  void plan(const Plan& plan);  ///< -v: each file, where and why
  void warnings(const std::vector<std::string>& warnings);
  void warnings(const std::vector<Finding>& findings);  ///< those that are no errors
  void injected(const Plan& plan, const Preflight& preflight, const std::string& image, bool ldconfig_ran,
                std::size_t libraries_found);
  void already_there(const Plan& plan, const std::string& image);
  void undone(const Plan& plan, const std::string& image, bool completely);
  /// --status: on stdout, as text or as JSON.
  void status(const Manifest& manifest, const std::vector<EntryDifference>& differences,
              const std::string& image, bool json);
  void failed(const Error& error);

 private:
  std::ostream& out_;
};

/// "0 bytes", "17.0 kB", "480 MB": decimal, for people.
std::string human_bytes(std::uint64_t bytes);

}  // namespace fromhost::core
