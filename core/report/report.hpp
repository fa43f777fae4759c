// SPDX-License-Identifier: Apache-2.0
// What is told: the answers on stdout, the talk on stderr. The one place that does.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/json_text.hpp"
#include "core/manifest/status.hpp"
#include "core/plan/plan.hpp"
#include "core/preflight/changes.hpp"
#include "core/preflight/preflight.hpp"
#include "core/provider/plugin_catalog.hpp"
#include "core/report/change_lines.hpp"
#include "core/report/json_documents.hpp"

namespace fromhost::core {

class Report {
 public:
  /// Answers go to `out`, which must outlive it; the talk goes to the log.
  explicit Report(std::ostream& out) : out_(out) {}
  /// From now on, each run answers with one JSON document, whether or not it succeeds.
  void use_json(bool json) { json_ = json; }

  /// From now on, warnings and errors are left to the answer, as in a dry run whose answer and talk go to the
  /// same terminal.
  void use_answers_only(bool only) { only_answers_ = only; }

  void answer(const std::string& line);
  void path(const ImagePath& path);  ///< byte for byte, but on a terminal
  void text(const std::string& lines);
  /// --list-plugins; in words, the places are told if `verbose`, or if there is nothing else to tell. Those
  /// of recipes, only in words.
  void plugins(const std::vector<PluginRecord>& records, const std::vector<PluginPlace>& places, bool verbose,
               const std::vector<PluginPlace>& recipe_places = {});
  void plan(const Plan& plan);  ///< -v: each file, where and why
  /// Are told at once, and remembered for the answer.
  void warnings(const std::vector<std::string>& warnings);
  void findings(const std::vector<Finding>& findings);  ///< the same; errors are told by failed()
  /// --dry-run: all that would be done, on stdout. No changes: the image has it all.
  void would_inject(const Plan& plan, const Preflight& preflight, const std::vector<Change>& changes,
                    const std::string& image);
  void would_undo(const Plan& plan, const std::vector<Change>& changes, const std::string& image,
                  bool completely);
  /// The changes are for JSON; `libraries_found`: by the image's loader, nullopt if ldconfig did not run.
  void injected(const Plan& plan, const Preflight& preflight, const std::vector<Change>& changes,
                const std::string& image, std::optional<std::size_t> libraries_found);
  void already_there(const Plan& plan, const std::string& image);
  void undone(const Plan& plan, const std::vector<Change>& changes, const std::string& image,
              bool completely);
  /// --status: on stdout.
  void status(const Manifest& manifest, const std::vector<EntryDifference>& differences,
              const std::string& image);
  /// What failed() would write, for a process that ends inside a plugin.
  LastWords last_words(const Problem& problem) const;
  void failed(const Error& error);
  void failed(const std::string& what);  ///< what nobody foresaw

 private:
  void document(const Json& json);
  void prospect(const std::vector<Change>& changes, const std::string& conclusion);
  /// A line each; of very many, the first ones.
  void answer_each(const std::string& prefix, const std::vector<std::string>& lines);
  std::ostream& out_;
  bool json_ = false;
  bool document_written_ = false;
  bool only_answers_ = false;
  bool errors_answered_ = false;
  Remarks remarks_;
};

}  // namespace fromhost::core
