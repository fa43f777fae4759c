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

void write_json(const Journal& journal, const TextSink& sink) {
  JsonListWriter text({{"version", kVersion}}, -1, sink);
  text.list("directories");
  for (const JournalDirectory& one : journal.directories)
    text.row({{"path", bytes_to_json(one.path.text())},
              {"mode", one.mode},
              {"access", one.access},
              {"modification", one.modification},
              {"changed", one.changed}});
  text.list("steps");
  for (const JournalStep& step : journal.steps)
    text.row({{"kind", kKinds.at(static_cast<std::size_t>(step.kind))},
              {"directory", bytes_to_json(step.directory.text())},
              {"name", bytes_to_json(step.name)},
              {"fresh", step.fresh},
              {"kept", step.kept},
              {"archive", step.archive},
              {"mode", step.mode},
              {"user", step.user},
              {"group", step.group}});
  text.finish();
}

std::string to_text(const Journal& journal) {
  std::string text;
  write_json(journal, [&](const std::string& piece) { text += piece; });
  return text;
}

std::optional<Journal> read_journal(const std::string& text) try {
  Journal journal;
  const Json rest =
      read_json_lists(text, {"directories", "steps"}, [&](const std::string& list, const Json& row) {
        if (list == "steps")
          journal.steps.push_back(step_in(row));
        else
          journal.directories.push_back({path_in(row.at("path")), mode_in(row.at("mode"), 07777),
                                         integer_from_json<std::int64_t>(row.at("access")),
                                         integer_from_json<std::int64_t>(row.at("modification")),
                                         row.at("changed").get<bool>()});
      });
  const bool complete = rest.contains("directories") && rest.contains("steps");
  if (!complete || integer_from_json<int>(rest.at("version")) != kVersion) return std::nullopt;
  return journal;
} catch (const std::exception&) {
  return std::nullopt;
}

}  // namespace fromhost::core
