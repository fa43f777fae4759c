// SPDX-License-Identifier: Apache-2.0
// Provider: finding plugins. Their constant data is read here; their code runs only when they are asked for.
#include "core/provider/plugin_catalog.hpp"

#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <sys/auxv.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "core/cli/command_line.hpp"
#include "core/error.hpp"
#include "core/host/unique_fd.hpp"
#include "core/provider/plugin_provider.hpp"
#include "core/provider/plugin_trust.hpp"

namespace fromhost::core {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<std::string> matches_of(const std::string& pattern) {
  std::vector<std::string> found;
  glob_t matches;
  if (::glob(pattern.c_str(), GLOB_ONLYDIR, nullptr, &matches) == 0)
    for (std::size_t i = 0; i < matches.gl_pathc; ++i) found.emplace_back(matches.gl_pathv[i]);
  ::globfree(&matches);
  return found;
}

std::vector<std::string> shared_objects_in(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error))
    if (entry->path().extension() == ".so") files.push_back(entry->path().string());
  std::sort(files.begin(), files.end());
  return files;
}

/// Why nothing can be found in it; "" if something can.
std::string closed_because(const std::string& directory) {
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd ? "" : errno_text(errno);
}

}  // namespace

std::string_view to_string(PluginRecord::State state) {
  switch (state) {
    case PluginRecord::State::ready:
      return "ready";
    case PluginRecord::State::refused:
      return "refused";
    case PluginRecord::State::shadowed:
      return "shadowed";
  }
  return "?";
}

std::vector<std::string> plugin_search_path(const std::vector<std::string>& from_command_line,
                                            const HostSystem& host) {
  std::vector<std::string> path = from_command_line;
  if (::getauxval(AT_SECURE) == 0)
    for (const std::string& directory : split(host.environment("CH_FROMHOST_PLUGIN_PATH").value_or(""), ':'))
      path.push_back(directory);
  const std::string prefix = std::filesystem::path(host.own_directory().text()).parent_path().string();
  for (const char* pattern :
       {"/lib/ch-fromhost/plugins", "/lib64/ch-fromhost/plugins", "/lib/*/ch-fromhost/plugins"})
    for (const std::string& directory : matches_of(prefix + pattern)) path.push_back(directory);
  return path;
}

void check_plugin_directories(const std::vector<std::string>& from_command_line) {
  std::vector<Problem> problems;
  for (const std::string& directory : from_command_line)
    if (const std::string why = closed_because(directory); !why.empty())
      problems.push_back({Stage::command_line, "no plugin directory: " + directory, why, ""});
  if (!problems.empty()) throw Error(std::move(problems));
}

PluginCatalog PluginCatalog::discover(const std::vector<std::string>& directories) {
  PluginCatalog catalog;
  std::optional<PluginTrust> trust;
  if (plugins_need_trust()) trust.emplace();
  std::set<std::filesystem::path> seen;
  for (const std::string& directory : directories) {
    std::error_code error;
    if (!seen.insert(std::filesystem::weakly_canonical(directory, error)).second) continue;
    if (const std::string why = closed_because(directory); !why.empty())
      catalog.skipped_.push_back(directory + ": " + why);
    for (const std::string& file : shared_objects_in(directory)) catalog.add(file, trust ? &*trust : nullptr);
  }
  return catalog;
}

void PluginCatalog::add(const std::string& file, PluginTrust* trust) {
  PluginRecord record;
  record.file = file;
  try {
    if (trust) {
      const std::string why = trust->untrusted_because(file);
      if (!why.empty()) throw PluginRefused("root does not load it: " + why);
    }
    PluginLibrary library = PluginLibrary::open(file);
    const fh_entry& entry = library.entry();
    std::vector<Switch> switches;
    for (std::uint64_t i = 0; i < entry.option_count; ++i) {
      const fh_option& option = entry.options[i];
      const Switch one{option.name, option.letter, option.argument ? option.argument : "", option.help,
                       (option.flags & FH_OPTION_SETTING) != 0};
      if (is_core_switch(one))
        throw PluginRefused("wants --" + one.name + (one.letter ? std::string(" or -") + one.letter : "") +
                                ", an option of ch-fromhost itself",
                            PluginRefused::Part::options);
      switches.push_back(one);
    }
    record.switches = std::move(switches);
    record.id = entry.id;
    record.version = entry.version;
    record.summary = entry.summary;
    for (const char* const* glob = entry.claim_patterns; glob && *glob; ++glob)
      record.claim_patterns.push_back(*glob);
    record.state = PluginRecord::State::ready;
    for (const PluginRecord& other : records_)
      if (other.state == PluginRecord::State::ready && other.id == record.id) {
        record.state = PluginRecord::State::shadowed;
        record.reason = "same id as " + other.file + ", which comes first";
      }
    if (record.state == PluginRecord::State::ready) leave_taken_switches(record);
    if (record.state == PluginRecord::State::ready) libraries_.emplace_back(record.id, std::move(library));
  } catch (const PluginRefused& refused) {
    record.reason = refused.what();
    warnings_.push_back("plugin " + file + " refused: " + record.reason);
  }
  records_.push_back(std::move(record));
}

void PluginCatalog::leave_taken_switches(PluginRecord& record) {
  const auto warn = [&](const PluginRecord& other, const std::string& name) {
    warnings_.push_back("plugins " + other.file + " and " + record.file + " both want " + name +
                        "; the first one has it");
  };
  for (const PluginRecord& other : records_) {
    if (other.state != PluginRecord::State::ready) continue;
    for (const Switch& theirs : other.switches) {
      if (std::erase_if(record.switches, [&](const Switch& ours) { return ours.name == theirs.name; }) > 0)
        warn(other, "--" + theirs.name);
      // A letter is only a shorthand: the long name stays.
      for (Switch& ours : record.switches)
        if (ours.letter != 0 && ours.letter == theirs.letter) {
          warn(other, std::string("-") + ours.letter);
          ours.letter = 0;
        }
    }
  }
}

std::vector<SwitchGroup> PluginCatalog::groups() const {
  std::vector<SwitchGroup> groups;
  for (const PluginRecord& record : records_)
    if (record.state == PluginRecord::State::ready)
      groups.push_back({record.id, record.summary, record.switches});
  return groups;
}

std::vector<std::string> PluginCatalog::refused() const {
  std::vector<std::string> names;
  for (const PluginRecord& record : records_)
    if (record.state == PluginRecord::State::refused)
      names.push_back(std::filesystem::path(record.file).filename().string());
  return names;
}

std::unique_ptr<Provider> PluginCatalog::open(const std::string& id, HostSystem& host,
                                              const ImageRoot* image) const {
  for (const auto& [name, library] : libraries_)
    if (name == id) return PluginProvider::create(library.entry(), host, image);
  throw Error({Stage::provider, "no such provider: " + id, "", ""});
}

std::vector<std::string> PluginCatalog::interested_in(const std::string& name) const {
  std::vector<std::string> ids;
  for (const PluginRecord& record : records_)
    if (record.state == PluginRecord::State::ready &&
        std::any_of(
            record.claim_patterns.begin(), record.claim_patterns.end(),
            [&](const std::string& pattern) { return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0; }))
      ids.push_back(record.id);
  return ids;
}

}  // namespace fromhost::core
