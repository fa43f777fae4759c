// SPDX-License-Identifier: Apache-2.0
// Report: words for what happened.
#include "core/report/report.hpp"

#include <array>
#include <ostream>

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
}

void Report::warnings(const std::vector<std::string>& warnings) {
  for (const std::string& one : warnings) spdlog::warn("{}", one);
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

void Report::failed(const Error& error) {
  for (const Problem& problem : error.problems()) spdlog::error("{}", problem.text());
}

}  // namespace fromhost::core
