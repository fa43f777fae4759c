// SPDX-License-Identifier: Apache-2.0
// Report: words for what happened.
#include "core/report/report.hpp"

#include <algorithm>
#include <ctime>
#include <map>
#include <ostream>
#include <set>

#include "core/log.hpp"
#include "core/preflight/already_there.hpp"
#include "core/terminal.hpp"

namespace fromhost::core {
namespace {

std::string counted(std::size_t count, const std::string& noun, const std::string& nouns) {
  return std::to_string(count) + " " + (count == 1 ? noun : nouns);
}

std::string because(const std::string& rule, const std::string& reason, const std::string& provider) {
  std::string text = rule;
  if (!reason.empty()) text += (text.empty() ? "" : "; ") + reason;
  if (!provider.empty() && provider != "generic") text += (text.empty() ? "by " : ", by ") + provider;
  return text.empty() ? "" : " (" + text + ")";
}

/// ISO 8601 in UTC.
std::string utc(std::int64_t time) {
  const auto seconds = static_cast<std::time_t>(time);
  struct tm parts;
  char text[32];
  if (!::gmtime_r(&seconds, &parts) || std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
    return "at an unknown time";
  return text;
}

std::string injection(const Plan& plan, const Preflight& preflight) {
  const std::size_t unchanged = count_unchanged(preflight);
  std::string what =
      counted(plan.files.size() - unchanged, "file", "files") + " (" + human_bytes(preflight.bytes) + ")";
  if (unchanged > 0) what += ", " + std::to_string(unchanged) + " unchanged";
  if (!plan.directories.empty()) what += ", " + counted(plan.directories.size(), "directory", "directories");
  if (!plan.links.empty()) what += ", " + counted(plan.links.size(), "link", "links");
  return what;
}

std::string already(const Plan& plan, const std::string& image) {
  return "nothing to do: " + counted(plan.files.size(), "file is", "files are") + " injected in " + image +
         " already, unchanged";
}

std::string undoing(const Plan& plan, const std::string& image) {
  std::size_t removed = 0, given_back = 0;
  for (const PlannedRemoval& one : plan.removals) {
    if (one.directory || one.path == ImagePath(kManifest) || one.path.parent() == ImagePath(kArchive))
      continue;
    ++(one.kept.empty() ? removed : given_back);
  }
  return counted(removed, "file", "files") + " removed and " + std::to_string(given_back) +
         " given back in " + image;
}

bool ldconfig_runs(const std::vector<Change>& changes) {
  return std::any_of(changes.begin(), changes.end(),
                     [](const Change& one) { return one.action == Change::Action::run_ldconfig; });
}

std::size_t count_errors(const std::vector<Finding>& findings) {
  return static_cast<std::size_t>(std::count_if(
      findings.begin(), findings.end(), [](const Finding& one) { return one.severity == Severity::error; }));
}

/// ASCII only: a terminal may be what reads it. Names were looked at; were one forgotten, it would not spoil
/// the document.
std::string text_of(const Json& json) {
  return json.dump(1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace

void Report::document(const Json& json) {
  answer(text_of(json));
  document_written_ = true;
}

void Report::answer(const std::string& line) {
  out_ << line << '\n';
}

void Report::path(const ImagePath& path) {
  // A script wants the bytes, a terminal must not obey them.
  answer(stdout_is_terminal() ? printable(path.text()) : path.text());
}

void Report::text(const std::string& lines) {
  out_ << lines;
}

void Report::plugins(const std::vector<PluginRecord>& records, const std::vector<PluginPlace>& places,
                     bool verbose, const std::vector<PluginPlace>& recipe_places) {
  if (json_) return document(plugins_document(records, places));
  if (records.empty()) answer("no plugin was found");
  for (const PluginRecord& record : records) {
    std::string switches;
    for (const Switch& one : record.switches) switches += (switches.empty() ? "--" : " --") + one.name;
    answer((record.id.empty() ? "-" : printable(record.id)) + "  " +
           (record.version.empty() ? "-" : printable(record.version)) + "  " +
           std::string(to_string(record.state)) + "  " + (switches.empty() ? "-" : switches));
    answer("    " + printable(record.file));
    if (!record.summary.empty()) answer("    " + printable(record.summary));
    if (!record.reason.empty())
      answer("    " + std::string(to_string(record.state)) + ": " + printable(record.reason));
    for (const std::string& warning : record.warnings) answer("    warning: " + printable(warning));
  }
  if (!verbose && !records.empty()) return;
  const auto places_are = [this](const char* words, const std::vector<PluginPlace>& all) {
    answer(words);
    for (const PluginPlace& place : all)
      answer(
          "    " + printable(place.directory) +
          (place.named_by.empty() ? "" : " (by " + place.named_by + ")") + ": " +
          (place.passed_over.empty() ? counted(place.files, "file", "files") : printable(place.passed_over)));
  };
  places_are("looked in, in this order:", places);
  if (!recipe_places.empty()) places_are("and for recipes in:", recipe_places);
}

void Report::plan(const Plan& plan) {
  for (const PlannedDirectory& one : plan.directories)
    log::debug("directory {}{}", one.path.text(), because("", one.reason, one.provider));
  for (const PlannedFile& file : plan.files) {
    const bool renamed = file.name != file.source.name();
    log::debug("{} -> {}{}", file.source.text(),
               (renamed ? file.directory / file.name : file.directory).text(),
               because(file.rule, file.reason, file.provider));
  }
  for (const PlannedText& text : plan.texts) log::debug("{} ({})", text.path.text(), text.reason);
  for (const PlannedLink& link : plan.links)
    log::debug("link {} -> {}{}", link.path.text(), link.target, because("", link.reason, link.provider));
  for (const PlannedRemoval& one : plan.removals)
    log::debug("{} {}{}", one.kept.empty() ? "remove" : "give back", one.path.text(),
               because("", one.reason, one.provider));
}

void Report::warnings(const std::vector<std::string>& warnings) {
  if (!only_answers_) log_each(LogLevel::warn, warnings);
  remarks_.warnings.insert(remarks_.warnings.end(), warnings.begin(), warnings.end());
}

void Report::findings(const std::vector<Finding>& findings) {
  remarks_.findings.insert(remarks_.findings.end(), findings.begin(), findings.end());
  if (only_answers_) return;
  // A driver for all kinds of programs has many libraries that want what an image for one kind lacks.
  std::set<std::string> files, libraries;
  for (const Finding& one : findings) {
    if (one.severity != Severity::warning || one.kind != FindingKind::library_missing) continue;
    files.insert(one.files.begin(), one.files.end());
    libraries.insert(one.library);
  }
  const bool in_short = libraries.size() > 1 && !log::is_on(LogLevel::debug);
  std::vector<std::string> lines;
  for (const Finding& one : findings)
    if (one.severity == Severity::warning && !(in_short && one.kind == FindingKind::library_missing))
      lines.push_back(one.problem.sentence());
  log_each(LogLevel::warn, lines);
  if (!in_short) return;
  constexpr std::size_t kNamed = 3;
  std::string names;
  std::size_t named = 0;
  for (const std::string& one : libraries)
    if (++named <= kNamed) names += (named > 1 ? ", " : "") + one;
  if (named > kNamed) names += " and " + std::to_string(named - kNamed) + " more";
  log::warn("{} {} libraries that the image does not have, nor are they injected: {}; -v tells more",
            counted(files.size(), "file", "files"), files.size() == 1 ? "needs" : "need", names);
}

void Report::prospect(const std::vector<Change>& changes, const std::string& conclusion) {
  write_change_lines(changes, [this](const std::string& line) { text(line); });
  // Errors first, so that no crowd of warnings hides them.
  std::vector<std::string> errors, warnings;
  for (const Finding& one : remarks_.findings)
    (one.severity == Severity::error ? errors : warnings).push_back(one.problem.sentence());
  warnings.insert(warnings.begin(), remarks_.warnings.begin(), remarks_.warnings.end());
  answer_each("error: ", errors);
  answer_each("warning: ", warnings);
  answer(line_of(conclusion));
  errors_answered_ = true;
}

void Report::answer_each(const std::string& prefix, const std::vector<std::string>& lines) {
  const bool all = log::is_on(LogLevel::debug);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!all && i == kMostTold)
      return answer(prefix + "and " + std::to_string(lines.size() - i) + " more; -v and --json tell all");
    answer(line_of(prefix + lines[i]));
  }
}

void Report::would_inject(const Plan& plan, const Preflight& preflight, const std::vector<Change>& changes,
                          const std::string& image) {
  const std::size_t errors = count_errors(remarks_.findings);
  if (json_) {
    const char* state = errors > 0 ? "refused" : changes.empty() ? "nothing to do" : "ready";
    return document(plan_document({"inject", state, image, changes, {}, {}}, remarks_));
  }
  if (errors > 0)
    prospect(changes, "would inject nothing into " + image + ": " + counted(errors, "error", "errors"));
  else if (changes.empty())
    prospect(changes, already(plan, image));
  else
    prospect(changes, "would inject " + injection(plan, preflight) + " into " + image +
                          (ldconfig_runs(changes) ? "; ldconfig would run" : ""));
}

void Report::would_undo(const Plan& plan, const std::vector<Change>& changes, const std::string& image,
                        bool completely) {
  const std::size_t errors = count_errors(remarks_.findings);
  if (json_)
    return document(
        plan_document({"undo", errors > 0 ? "refused" : "ready", image, changes, {}, completely}, remarks_));
  if (errors > 0)
    prospect(changes, "would undo nothing in " + image + ": " + counted(errors, "error", "errors"));
  else
    prospect(changes, "would undo: " + undoing(plan, image) +
                          (completely ? ", which would be as before the first injection" : ""));
}

void Report::injected(const Plan& plan, const Preflight& preflight, const std::vector<Change>& changes,
                      const std::string& image, std::optional<std::size_t> libraries_found) {
  std::string after = libraries_found ? "; ldconfig ran" : "";
  const std::size_t found = libraries_found.value_or(0);
  if (found > 0)
    after += ", and the image's loader finds " +
             (found == 1 ? "the library" : "all " + std::to_string(found) + " libraries");
  log::info("injected {} into {}{}", injection(plan, preflight), image, after);
  if (json_) document(result_document({"inject", "injected", image, changes, found, {}}, remarks_));
}

void Report::already_there(const Plan& plan, const std::string& image) {
  log::info("{}", already(plan, image));
  if (json_) document(result_document({"inject", "nothing to do", image, {}, {}, {}}, remarks_));
}

void Report::undone(const Plan& plan, const std::vector<Change>& changes, const std::string& image,
                    bool completely) {
  log::info("undone: {}{}", undoing(plan, image),
            completely ? ", which is as before the first injection" : "");
  if (json_) document(result_document({"undo", "undone", image, changes, {}, completely}, remarks_));
}

void Report::status(const Manifest& manifest, const std::vector<EntryDifference>& differences,
                    const std::string& image) {
  if (json_) return document(status_document(manifest, differences));
  if (manifest.empty()) {
    answer("nothing is injected in " + line_of(image));
    return;
  }
  for (const auto& [provider, share] : shares_in(manifest)) {
    std::string what;
    const auto add = [&](const std::string& words) { what += (what.empty() ? "" : ", ") + words; };
    if (share.files > 0) add(counted(share.files, "file", "files") + " (" + human_bytes(share.bytes) + ")");
    if (share.links > 0) add(counted(share.links, "link", "links"));
    if (share.lines > 0) add(counted(share.lines, "line", "lines") + " of ld.so.conf");
    answer(printable(provider) + ": " + what);
  }
  if (!manifest.runs.empty()) {
    const ManifestRun& last = manifest.runs.back();
    answer("last injection: " + utc(last.time) + " by " + printable(last.user) + " on " +
           printable(last.host) + ", ch-fromhost " + printable(last.tool));
  }
  for (const EntryDifference& one : differences)
    answer(line_of("  " + one.entry->path.text() + ": " + std::string(to_string(one.difference)) +
                   (one.entry->source.empty() ? "" : " (from " + one.entry->source + ")")));
  answer(differences.empty()
             ? "current: this host has nothing newer"
             : "outdated: " + counted(differences.size(), "difference", "differences") + "; inject again");
}

LastWords Report::last_words(const Problem& problem) const {
  LastWords words = plain_last_words(problem);
  if (json_ && !document_written_) words.answer = text_of(failure_document({problem}, remarks_)) + '\n';
  return words;
}

void Report::failed(const Error& error) {
  std::vector<std::string> lines;
  for (const Problem& problem : error.problems()) lines.push_back(problem.text());
  if (!(only_answers_ && errors_answered_)) log_each(LogLevel::err, lines);
  if (json_ && !document_written_) document(failure_document(error.problems(), remarks_));
}

void Report::failed(const std::string& what) {
  log::error("{}", what);
  if (json_ && !document_written_) document(failure_document(what, remarks_));
}

}  // namespace fromhost::core
