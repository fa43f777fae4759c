// SPDX-License-Identifier: Apache-2.0
// Report: changes as lines.
#include "core/report/change_lines.hpp"

#include <algorithm>
#include <array>

#include "core/log.hpp"

namespace fromhost::core {
namespace {

using Action = Change::Action;
using Replaced = Change::Replaced;

std::string size_of(const Change& change) {
  return change.bytes ? human_bytes(*change.bytes) : "";
}

std::string why(const Change& change) {
  std::vector<std::string> parts;
  for (const std::string& line : change.lines) parts.push_back("adds " + line);
  for (const std::string& line : change.lines_gone) parts.push_back("removes " + line);
  if (!change.rule.empty()) parts.push_back(change.rule);
  if (!change.reason.empty()) parts.push_back(change.reason);
  if (change.replaced == Replaced::images_own) parts.emplace_back("replaces the image's own");
  if (change.replaced == Replaced::injected) parts.emplace_back("replaces an earlier injection");
  if (!change.provider.empty()) parts.push_back("by " + change.provider.text());
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "  (" : "; ") + part;
  return text.empty() ? "" : text + ")";
}

std::string where(const Change& change) {
  std::string text = change.path.text();
  if (change.action == Action::copy) text += " <- " + change.source;
  if (change.action == Action::link) text += " -> " + change.source;
  return text;
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

void write_change_lines(const std::vector<Change>& changes, const TextSink& sink) {
  std::size_t action_width = 0, size_width = 0;
  for (const Change& one : changes) {
    action_width = std::max(action_width, to_string(one.action).size());
    size_width = std::max(size_width, size_of(one).size());
  }
  for (const Change& one : changes) {
    std::string action(to_string(one.action));
    const std::string size = size_of(one);
    action.resize(action_width, ' ');
    if (size_width > 0) action += "  " + std::string(size_width - size.size(), ' ') + size;
    sink(line_of(action + "  " + where(one) + why(one)) + '\n');
  }
}

std::string change_lines(const std::vector<Change>& changes) {
  std::string text;
  write_change_lines(changes, [&](const std::string& line) { text += line; });
  return text;
}

}  // namespace fromhost::core
