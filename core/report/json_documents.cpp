// SPDX-License-Identifier: Apache-2.0
// Report: JSON documents. Names are as bytes_to_json() writes them, words are always strings.
#include "core/report/json_documents.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "core/utf8.hpp"

namespace fromhost::core {
namespace {

constexpr int kVersion = 1;

using Action = Change::Action;

/// Text for people may quote a name that is not UTF-8: its wrong bytes are then shown as \xff.
std::string words(const std::string& text) {
  if (is_utf8(text)) return text;
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Character one = utf8_at(text, at);
    if (one.valid)
      shown += text.substr(at, one.bytes);
    else
      shown += std::string("\\x") + kDigits[one.code >> 4] + kDigits[one.code & 15];
    at += one.bytes;
  }
  return shown;
}

Json document(std::string_view schema) {
  return {{"schema", "ch-fromhost " + std::string(schema)}, {"version", kVersion}};
}

Json change_json(const Change& change) {
  Json json = {{"action", to_string(change.action)}, {"path", bytes_to_json(change.path.text())}};
  if (change.action == Action::copy) json["source"] = bytes_to_json(change.source);
  if (change.action == Action::link) json["target"] = bytes_to_json(change.source);
  if (change.bytes) json["bytes"] = *change.bytes;
  if (change.action == Action::copy) json["role"] = to_string(change.role);
  for (const std::string& line : change.lines) json["lines"].push_back(bytes_to_json(line));
  for (const std::string& line : change.lines_gone) json["lines_gone"].push_back(bytes_to_json(line));
  if (change.replaced == Change::Replaced::images_own) json["replaces"] = "image's own";
  if (change.replaced == Change::Replaced::injected) json["replaces"] = "injected";
  if (!change.rule.empty()) json["rule"] = words(change.rule);
  json["reason"] = words(change.reason);
  if (!change.provider.empty()) json["provider"] = words(change.provider);
  return json;
}

Json problem_json(const Problem& problem) {
  return {{"stage", to_string(problem.stage)},
          {"what", words(problem.what)},
          {"cause", words(problem.cause)},
          {"way_out", words(problem.way_out)}};
}

Json finding_json(const Finding& finding) {
  Json json = {{"kind", to_string(finding.kind)},
               {"severity", to_string(finding.severity)},
               {"what", words(finding.problem.what)},
               {"cause", words(finding.problem.cause)},
               {"way_out", words(finding.problem.way_out)}};
  if (!finding.library.empty()) json["library"] = bytes_to_json(finding.library);
  if (!finding.files.empty()) json["files"] = Json::array();
  for (const std::string& one : finding.files) json["files"].push_back(bytes_to_json(one));
  return json;
}

void add_remarks(Json& json, const Remarks& remarks) {
  json["findings"] = json["warnings"] = Json::array();
  for (const Finding& one : remarks.findings) json["findings"].push_back(finding_json(one));
  for (const std::string& one : remarks.warnings) json["warnings"].push_back(words(one));
}

Json account_document(std::string_view schema, const RunAccount& account, const Remarks& remarks) {
  Json json = document(schema);
  json["mode"] = account.mode;
  json["state"] = account.state;
  json["image"] = bytes_to_json(account.image);
  std::uint64_t bytes = 0;
  for (const Change& one : account.changes)
    if (one.action == Action::copy) bytes += one.bytes.value_or(0);
  json["bytes"] = bytes;
  json["ldconfig"] = std::any_of(account.changes.begin(), account.changes.end(),
                                 [](const Change& one) { return one.action == Action::run_ldconfig; });
  if (account.libraries_found) json["libraries_found"] = *account.libraries_found;
  if (account.complete) json["complete"] = *account.complete;
  json["changes"] = Json::array();
  for (const Change& one : account.changes) json["changes"].push_back(change_json(one));
  add_remarks(json, remarks);
  return json;
}

Json failure(Json problems, const Remarks& remarks) {
  Json json = document("result");
  json["state"] = "failed";
  json["problems"] = std::move(problems);
  add_remarks(json, remarks);
  return json;
}

}  // namespace

Json plan_document(const RunAccount& account, const Remarks& remarks) {
  return account_document("plan", account, remarks);
}

Json result_document(const RunAccount& account, const Remarks& remarks) {
  return account_document("result", account, remarks);
}

Json failure_document(const std::vector<Problem>& problems, const Remarks& remarks) {
  Json list = Json::array();
  for (const Problem& one : problems) list.push_back(problem_json(one));
  return failure(std::move(list), remarks);
}

Json failure_document(const std::string& what, const Remarks& remarks) {
  return failure({{{"what", words(what)}, {"cause", ""}, {"way_out", ""}}}, remarks);
}

Json plugins_document(const std::vector<PluginRecord>& records, const std::vector<PluginPlace>& places) {
  Json plugins = Json::array(), searched = Json::array();
  for (const PluginRecord& record : records) {
    Json options = Json::array(), patterns = Json::array();
    for (const Switch& one : record.switches) {
      Json option = {{"name", one.name}};
      if (one.letter) option["letter"] = std::string(1, one.letter);
      if (!one.argument.empty()) option["argument"] = words(one.argument);
      option["help"] = words(one.help);
      options.push_back(std::move(option));
    }
    for (const std::string& one : record.claim_patterns) patterns.push_back(bytes_to_json(one));
    Json plugin = {{"file", bytes_to_json(record.file)}, {"state", to_string(record.state)}};
    if (!record.reason.empty()) plugin["reason"] = words(record.reason);
    if (!record.id.empty()) {
      plugin["id"] = words(record.id);
      plugin["version"] = words(record.version);
      plugin["summary"] = words(record.summary);
    }
    for (const std::string& one : record.warnings) plugin["warnings"].push_back(words(one));
    plugin["options"] = std::move(options);
    plugin["claims"] = std::move(patterns);
    plugins.push_back(std::move(plugin));
  }
  Json json = document("plugins");
  json["plugins"] = std::move(plugins);
  for (const PluginPlace& place : places) {
    Json one = {{"directory", bytes_to_json(place.directory)}, {"files", place.files}};
    if (!place.named_by.empty()) one["named_by"] = place.named_by;
    if (!place.passed_over.empty()) one["passed_over"] = words(place.passed_over);
    searched.push_back(std::move(one));
  }
  json["searched"] = std::move(searched);
  return json;
}

Json status_document(const Manifest& manifest, const std::vector<EntryDifference>& found) {
  // Appended by hand: an ordered object looks through all its keys for each new one.
  Json differences = Json::array(), providers = Json::object();
  auto& members = providers.get_ref<Json::object_t&>();
  std::set<std::string> named;  // a hostile manifest's may differ only in what is written as the same
  for (const auto& [provider, share] : shares_in(manifest))
    if (named.insert(words(provider)).second)
      members.Container::emplace_back(words(provider), Json{{"files", share.files},
                                                            {"bytes", share.bytes},
                                                            {"links", share.links},
                                                            {"lines", share.lines}});
  for (const EntryDifference& one : found)
    differences.push_back({{"path", bytes_to_json(one.entry->path.text())},
                           {"source", bytes_to_json(one.entry->source)},
                           {"finding", to_string(one.difference)}});
  Json json = document("status");
  json["state"] = manifest.empty() ? "not injected" : differences.empty() ? "current" : "outdated";
  json["providers"] = providers;
  json["differences"] = differences;
  if (!manifest.runs.empty()) {
    const ManifestRun& last = manifest.runs.back();
    json["last"] = {{"time", last.time},
                    {"user", bytes_to_json(last.user)},
                    {"host", bytes_to_json(last.host)},
                    {"tool", words(last.tool)}};
  }
  return json;
}

}  // namespace fromhost::core
