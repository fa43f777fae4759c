// SPDX-License-Identifier: Apache-2.0
// Apply: the journal as JSON, and back without trust.
#include "core/apply/journal.hpp"

#include <array>
#include <stdexcept>

#include "core/json_text.hpp"

namespace fromhost::core {
namespace {

constexpr int kVersion = 1;
constexpr std::array<const char*, 4> kKinds = {"place", "remove", "make directory", "remove directory"};

std::string plain_name(const Json& value) {
  std::string name = bytes_from_json(value);
  if (name == "." || name == ".." || name.find('/') != std::string::npos ||
      name.find('\0') != std::string::npos)
    throw std::invalid_argument("not a plain name");
  return name;
}

std::string required_name(const Json& value) {
  std::string name = plain_name(value);
  if (name.empty()) throw std::invalid_argument("no name");
  return name;
}

ImagePath path_in(const Json& value) {
  const std::string path = bytes_from_json(value);
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos)
    throw std::invalid_argument("not absolute");
  return ImagePath(path);
}

mode_t mode_in(const Json& value, mode_t most) {
  const auto mode = integer_from_json<mode_t>(value);
  if (mode > most) throw std::invalid_argument("mode");
  return mode;
}

JournalStep step_in(const Json& value) {
  JournalStep step;
  const auto kind = value.at("kind").get<std::string>();
  std::size_t number = 0;
  while (number < kKinds.size() && kind != kKinds[number]) ++number;
  if (number == kKinds.size()) throw std::invalid_argument("kind");
  step.kind = static_cast<JournalStep::Kind>(number);
  step.directory = path_in(value.at("directory"));
  step.name = required_name(value.at("name"));
  step.fresh = plain_name(value.at("fresh"));
  step.kept = plain_name(value.at("kept"));
  step.archive = plain_name(value.at("archive"));
  step.mode = mode_in(value.at("mode"), 07777);
  step.user = integer_from_json<uid_t>(value.at("user"));
  step.group = integer_from_json<gid_t>(value.at("group"));
  return step;
}

}  // namespace

std::string to_text(const Journal& journal) {
  Json directories = Json::array(), steps = Json::array();
  for (const JournalDirectory& one : journal.directories)
    directories.push_back({{"path", bytes_to_json(one.path.text())},
                           {"mode", one.mode},
                           {"access", one.access},
                           {"modification", one.modification},
                           {"changed", one.changed}});
  for (const JournalStep& step : journal.steps)
    steps.push_back({{"kind", kKinds.at(static_cast<std::size_t>(step.kind))},
                     {"directory", bytes_to_json(step.directory.text())},
                     {"name", bytes_to_json(step.name)},
                     {"fresh", step.fresh},
                     {"kept", step.kept},
                     {"archive", step.archive},
                     {"mode", step.mode},
                     {"user", step.user},
                     {"group", step.group}});
  return Json{{"version", kVersion}, {"directories", directories}, {"steps", steps}}.dump() + "\n";
}

std::optional<Journal> read_journal(const std::string& text) try {
  const Json json = Json::parse(text);
  if (integer_from_json<int>(json.at("version")) != kVersion) return std::nullopt;
  Journal journal;
  for (const Json& one : json.at("directories"))
    journal.directories.push_back({path_in(one.at("path")), mode_in(one.at("mode"), 07777),
                                   integer_from_json<std::int64_t>(one.at("access")),
                                   integer_from_json<std::int64_t>(one.at("modification")),
                                   one.at("changed").get<bool>()});
  for (const Json& one : json.at("steps")) journal.steps.push_back(step_in(one));
  return journal;
} catch (const std::exception&) {
  return std::nullopt;
}

}  // namespace fromhost::core
