// SPDX-License-Identifier: Apache-2.0
// The answers as JSON: one document a run, each with "schema" and "version". docs/json.md describes them for
// people, docs/ch-fromhost.schema.json for programs; tests hold the three together.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/json_text.hpp"
#include "core/manifest/status.hpp"
#include "core/preflight/changes.hpp"
#include "core/preflight/finding.hpp"
#include "core/provider/plugin_catalog.hpp"

namespace fromhost::core {

/// What was found on the way, whatever came of it.
struct Remarks {
  std::vector<std::string> warnings;  ///< in words only
  std::vector<Finding> findings;      ///< as they were weighed
};

/// A run that was to change an image, and would or did.
struct RunAccount {
  std::string_view mode;   ///< "inject", "undo"
  std::string_view state;  ///< plan: "ready", "nothing to do", "refused"; result: "injected", "undone", …
  std::string image;       ///< as typed
  std::vector<Change> changes;
  std::optional<std::size_t> libraries_found;  ///< by the image's loader, after an injection
  std::optional<bool> complete;                ///< undo: the image is then as before the first injection
};

/// "ch-fromhost plan": of --dry-run.
Json plan_document(const RunAccount& account, const Remarks& remarks);
/// "ch-fromhost result": of a run that did what it was to do.
Json result_document(const RunAccount& account, const Remarks& remarks);
/// "ch-fromhost result", state "failed": of any run that could not answer.
Json failure_document(const std::vector<Problem>& problems, const Remarks& remarks);
/// The same where not even the stage is known.
Json failure_document(const std::string& what, const Remarks& remarks);
/// "ch-fromhost plugins": of --list-plugins.
Json plugins_document(const std::vector<PluginRecord>& records, const std::vector<PluginPlace>& places);
/// "ch-fromhost status": of --status and --verify.
Json status_document(const Manifest& manifest, const std::vector<EntryDifference>& found);

}  // namespace fromhost::core
