// SPDX-License-Identifier: Apache-2.0
// Report: words for what happened.
#include "core/report/report.hpp"

#include <array>
#include <ctime>
#include <map>
#include <ostream>
#include <set>

#include "core/json_text.hpp"
#include "core/log.hpp"

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

Json status_json(const Manifest& manifest, const std::vector<EntryDifference>& found) {
  Json differences = Json::array(), providers = Json::object();
  for (const ManifestEntry& entry : manifest.entries) {
    if (entry.kind != ManifestEntry::Kind::file) continue;
    Json& one = providers[printable(entry.provider)];
    if (one.is_null()) one = {{"files", 0}, {"bytes", 0}};
    one["files"] = one["files"].get<std::uint64_t>() + 1;
    one["bytes"] = one["bytes"].get<std::uint64_t>() + entry.size;
  }
  for (const EntryDifference& one : found)
    differences.push_back({{"path", bytes_to_json(one.entry->path.text())},
                           {"source", bytes_to_json(one.entry->source)},
                           {"finding", to_string(one.difference)}});
  Json json = {{"schema", "ch-fromhost status"},
               {"version", 1},
               {"state", manifest.empty()      ? "not injected"
                         : differences.empty() ? "current"
                                               : "outdated"},
               {"providers", providers},
               {"differences", differences}};
  if (!manifest.runs.empty()) {
    const ManifestRun& last = manifest.runs.back();
    json["last"] = {{"time", last.time},
                    {"user", bytes_to_json(last.user)},
                    {"host", bytes_to_json(last.host)},
                    {"tool", last.tool}};
  }
  return json;
}

}  // namespace

std::string human_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " bytes";
  static constexpr std::array kUnits = {"kB", "MB", "GB", "TB"};
  std::uint64_t tenths = bytes / 100;  // of a kB
  std::size_t unit = 0;
  while (tenths >= 10'000 && unit + 1 < kUnits.size()) {
    tenths /= 1000;
    ++unit;
  }
  std::string text = std::to_string(tenths / 10);
  if (tenths < 1000) text += "." + std::to_string(tenths % 10);
  return text + " " + kUnits[unit];
}

void Report::answer(const std::string& line) {
  out_ << line << '\n';
}

void Report::text(const std::string& lines) {
  out_ << lines;
}

void Report::plugins(const std::vector<PluginRecord>& records) {
  if (records.empty()) answer("no plugin was found");
  for (const PluginRecord& record : records) {
    std::string switches;
    for (const Switch& one : record.switches) switches += (switches.empty() ? "--" : " --") + one.name;
    answer((record.id.empty() ? "-" : record.id) + "  " + (record.version.empty() ? "-" : record.version) +
           "  " + std::string(to_string(record.state)) + "  " + (switches.empty() ? "-" : switches));
    answer("    " + printable(record.file));
    if (!record.summary.empty()) answer("    " + printable(record.summary));
    if (!record.reason.empty())
      answer("    " + std::string(to_string(record.state)) + ": " + printable(record.reason));
  }
}

void Report::plan(const Plan& plan) {
  for (const PlannedDirectory& one : plan.directories)
    spdlog::debug("directory {}{}", one.path.text(), because("", one.reason, one.provider));
  for (const PlannedFile& file : plan.files) {
    const bool renamed = file.name != file.source.name();
    spdlog::debug("{} -> {}{}", file.source.text(),
                  (renamed ? file.directory / file.name : file.directory).text(),
                  because(file.rule, file.reason, file.provider));
  }
  for (const PlannedText& text : plan.texts) spdlog::debug("{} ({})", text.path.text(), text.reason);
  for (const PlannedLink& link : plan.links)
    spdlog::debug("link {} -> {}{}", link.path.text(), link.target, because("", link.reason, link.provider));
  for (const PlannedRemoval& one : plan.removals)
    spdlog::debug("{} {}{}", one.kept.empty() ? "remove" : "give back", one.path.text(),
                  because("", one.reason, one.provider));
}

void Report::warnings(const std::vector<std::string>& warnings) {
  for (const std::string& one : warnings) spdlog::warn("{}", one);
}

void Report::warnings(const std::vector<Finding>& findings) {
  // A driver for all kinds of programs has many libraries that want what an image for one kind lacks.
  std::set<std::string> files, libraries;
  for (const Finding& one : findings) {
    if (one.severity != Severity::warning || one.kind != FindingKind::library_missing) continue;
    files.insert(one.files.begin(), one.files.end());
    libraries.insert(one.library);
  }
  const bool in_short = libraries.size() > 1 && !spdlog::should_log(spdlog::level::debug);
  for (const Finding& one : findings)
    if (one.severity == Severity::warning && !(in_short && one.kind == FindingKind::library_missing))
      spdlog::warn("{}", one.problem.sentence());
  if (!in_short) return;
  constexpr std::size_t kNamed = 3;
  std::string names;
  std::size_t named = 0;
  for (const std::string& one : libraries)
    if (++named <= kNamed) names += (named > 1 ? ", " : "") + one;
  if (named > kNamed) names += " and " + std::to_string(named - kNamed) + " more";
  spdlog::warn("{} {} libraries that the image does not have, nor are they injected: {}; -v tells more",
               counted(files.size(), "file", "files"), files.size() == 1 ? "needs" : "need", names);
}

void Report::injected(const Plan& plan, const Preflight& preflight, const std::string& image,
                      bool ldconfig_ran, std::size_t libraries_found) {
  std::string what = counted(plan.files.size(), "file", "files") + " (" + human_bytes(preflight.bytes) + ")";
  if (!plan.directories.empty()) what += ", " + counted(plan.directories.size(), "directory", "directories");
  if (!plan.links.empty()) what += ", " + counted(plan.links.size(), "link", "links");
  std::string after = ldconfig_ran ? "; ldconfig ran" : "";
  if (libraries_found > 0)
    after += ", and the image's loader finds " +
             (libraries_found == 1 ? "the library" : "all " + std::to_string(libraries_found) + " libraries");
  spdlog::info("injected {} into {}{}", what, image, after);
}

void Report::already_there(const Plan& plan, const std::string& image) {
  spdlog::info("nothing to do: {} {} in {} already, unchanged",
               counted(plan.files.size(), "file is", "files are"), "injected", image);
}

void Report::undone(const Plan& plan, const std::string& image, bool completely) {
  std::size_t removed = 0, given_back = 0;
  for (const PlannedRemoval& one : plan.removals) {
    if (one.directory || one.path == ImagePath(kManifest)) continue;
    ++(one.kept.empty() ? removed : given_back);
  }
  spdlog::info("undone: {} removed and {} given back in {}{}", counted(removed, "file", "files"), given_back,
               image, completely ? ", which is as before the first injection" : "");
}

void Report::status(const Manifest& manifest, const std::vector<EntryDifference>& differences,
                    const std::string& image, bool json) {
  if (json) {
    answer(status_json(manifest, differences).dump(1));
    return;
  }
  if (manifest.empty()) {
    answer("nothing is injected in " + printable(image));
    return;
  }
  std::map<std::string, std::pair<std::size_t, std::uint64_t>> by_provider;
  for (const ManifestEntry& entry : manifest.entries) {
    if (entry.kind != ManifestEntry::Kind::file) continue;
    ++by_provider[entry.provider].first;
    by_provider[entry.provider].second += entry.size;
  }
  for (const auto& [provider, total] : by_provider)
    answer(printable(provider) + ": " + counted(total.first, "file", "files") + " (" +
           human_bytes(total.second) + ")");
  if (!manifest.runs.empty()) {
    const ManifestRun& last = manifest.runs.back();
    answer("last injection: " + utc(last.time) + " by " + printable(last.user) + " on " +
           printable(last.host) + ", ch-fromhost " + printable(last.tool));
  }
  for (const EntryDifference& one : differences)
    answer("  " + printable(one.entry->path.text()) + ": " + std::string(to_string(one.difference)) +
           (one.entry->source.empty() ? "" : " (from " + printable(one.entry->source) + ")"));
  answer(differences.empty()
             ? "current: this host has nothing newer"
             : "outdated: " + counted(differences.size(), "difference", "differences") + "; inject again");
}

void Report::failed(const Error& error) {
  for (const Problem& problem : error.problems()) spdlog::error("{}", problem.text());
}

}  // namespace fromhost::core
