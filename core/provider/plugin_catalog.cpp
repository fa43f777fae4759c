// SPDX-License-Identifier: Apache-2.0
// Provider: finding plugins. Their constant data is read here; they are loaded, and their code runs, only
// when they are asked for.
#include "core/provider/plugin_catalog.hpp"

#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "core/cli/command_line.hpp"
#include "core/error.hpp"
#include "core/host/unique_fd.hpp"
#include "core/provider/host_loan.hpp"
#include "core/provider/plugin_provider.hpp"
#include "core/provider/plugin_trust.hpp"
#include "core/provider/search_directories.hpp"

namespace fromhost::core {
namespace {

/// The pattern itself where nothing matches, so that it can be told.
std::vector<std::string> matches_of(const std::string& pattern) {
  std::vector<std::string> found;
  glob_t matches;
  if (::glob(pattern.c_str(), GLOB_ONLYDIR | GLOB_NOCHECK, nullptr, &matches) == 0)
    for (std::size_t i = 0; i < matches.gl_pathc; ++i) found.emplace_back(matches.gl_pathv[i]);
  ::globfree(&matches);
  return found;
}

PluginCallWords start_up_words(const PluginCallRules& rules, const std::string& file) {
  return {rules, file, "its start-up code",
          "the image is as it was; remove the file, or leave out its directory"};
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

std::vector<PluginPlace> plugin_search_path(const std::vector<std::string>& from_command_line,
                                            const HostSystem& host) {
  std::vector<PluginPlace> path;
  for (const std::string& directory : from_command_line) path.push_back({directory, "--plugin-dir"});
  for (const std::string& directory : directories_in_variable("CH_FROMHOST_PLUGIN_PATH", host))
    path.push_back({directory, "CH_FROMHOST_PLUGIN_PATH"});
  const std::string prefix = std::filesystem::path(host.own_directory().text()).parent_path().string();
  for (const char* pattern :
       {"/lib/ch-fromhost/plugins", "/lib64/ch-fromhost/plugins", "/lib/*/ch-fromhost/plugins"})
    for (const std::string& directory : matches_of(prefix + pattern)) path.push_back({directory});
  return path;
}

PluginCatalog PluginCatalog::discover(std::vector<PluginPlace> path, const PluginCallRules& rules,
                                      HostSystem* machine, RecipeFiles recipes) {
  PluginCatalog catalog(rules);
  catalog.recipes_ = std::move(recipes);
  std::optional<PluginTrust> trust;
  if (plugins_need_trust()) trust.emplace();
  std::map<std::pair<dev_t, ino_t>, std::string> seen;
  for (PluginPlace& place : path) {
    struct stat facts;
    const UniqueFd fd(::open(place.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fstat(fd.get(), &facts) != 0) {
      place.passed_over = errno_text(errno);
      if (!place.named_by.empty()) catalog.skipped_.push_back(place.directory + ": " + place.passed_over);
      continue;
    }
    const auto [first, is_new] = seen.emplace(std::pair(facts.st_dev, facts.st_ino), place.directory);
    if (!is_new) {
      place.passed_over = "the same directory as " + first->second;
      continue;
    }
    const std::vector<std::string> files = files_of(place.directory, ".so");
    for (const std::string& file : files) catalog.add(file, trust ? &*trust : nullptr, machine);
    place.files = files.size();
  }
  catalog.places_ = std::move(path);
  return catalog;
}

PluginCatalog::~PluginCatalog() {
  // From the last, since a later one may have been linked with something of an earlier one's.
  while (!libraries_.empty()) {
    if (!libraries_.back().second.is_loaded()) {
      libraries_.pop_back();
      continue;
    }
    const PluginCallWords words(rules_, libraries_.back().first, "its shut-down code",
                                "what was told before holds all the same");
    const PluginCall inside(words);
    libraries_.pop_back();
  }
}

void PluginCatalog::add(const std::string& file, PluginTrust* trust, HostSystem* machine) {
  PluginRecord record;
  record.file = file;
  try {
    if (trust) {
      const std::string why = trust->untrusted_because(file);
      if (!why.empty()) throw PluginRefused("root does not load it: " + why);
    }
    std::optional<PluginLibrary> described = PluginLibrary::describe(file);
    if (!described) {
      const PluginCallWords words = start_up_words(rules_, file);
      const PluginCall inside(words);
      described = PluginLibrary::open(file);
    }
    PluginLibrary& library = *described;
    const fh_entry& entry = library.entry();
    std::vector<Switch> switches;
    for (std::uint64_t i = 0; i < entry.option_count; ++i) {
      const Switch one = switch_of(entry.options[i]);
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
    if (record.state == PluginRecord::State::ready) {
      leave_taken_switches(record);
      if (machine && library.declare()) {
        load(library);
        add_declared(record, library, *machine);
      }
    }
    if (record.state == PluginRecord::State::ready) libraries_.emplace_back(record.id, std::move(library));
  } catch (const PluginRefused& refused) {
    refuse(record, refused.what());
  }
  records_.push_back(std::move(record));
}

void PluginCatalog::refuse(PluginRecord& record, const std::string& why) {
  PluginRecord refused;
  refused.file = record.file;
  refused.reason = why;
  record = std::move(refused);
  warnings_.push_back("plugin " + record.file + " refused: " + why);
}

void PluginCatalog::load(PluginLibrary& library) const {
  if (library.is_loaded()) return;
  const PluginCallWords words = start_up_words(rules_, library.file());
  const PluginCall inside(words);
  library.load();
}

void PluginCatalog::load_all() {
  for (auto& one : libraries_) try {
      load(one.second);
    } catch (const PluginRefused& refused) {
      const std::string& file = one.second.file();
      const auto record = std::find_if(records_.begin(), records_.end(),
                                       [&](const PluginRecord& other) { return other.file == file; });
      refuse(*record, refused.what());
    }
}

void PluginCatalog::add_declared(PluginRecord& record, const PluginLibrary& library, HostSystem& machine) {
  Discovery discovery;
  discovery.taken = [&](const Switch& wanted) -> std::string {
    if (is_core_switch(wanted)) return "it is an option of ch-fromhost itself";
    const auto has = [&](const PluginRecord& one) {
      return one.state == PluginRecord::State::ready &&
             std::any_of(one.switches.begin(), one.switches.end(),
                         [&](const Switch& theirs) { return theirs.name == wanted.name; });
    };
    if (has(record)) return "the plugin has it already";
    for (const PluginRecord& other : records_)
      if (has(other)) return "it is an option of " + other.file + ", which comes first";
    return "";
  };
  declare_options(library, machine, recipes_, rules_, discovery);
  for (const Switch& one : discovery.options) record.switches.push_back(one);
  leave_taken_switches(record);  // letters
  for (const std::string& warning : discovery.warnings) {
    record.warnings.push_back(warning);
    warnings_.push_back(record.id + ": " + warning);
  }
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

std::vector<PluginPlace> PluginCatalog::recipe_places() const {
  std::vector<PluginPlace> places;
  for (const std::string& directory : recipes_.directories()) {
    PluginPlace place{directory};
    if (const int why = closed_because(directory); why != 0) place.passed_over = errno_text(why);
    place.files = files_of(directory, ".toml").size();
    places.push_back(std::move(place));
  }
  return places;
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

std::unique_ptr<Provider> PluginCatalog::open(const std::string& id, HostSystem& host, const ImageRoot* image,
                                              const std::vector<Request>* requests) const {
  for (auto& [name, library] : libraries_) {
    if (name != id) continue;
    try {
      load(library);
    } catch (const PluginRefused& refused) {
      throw Error({Stage::provider, "plugin " + library.file() + " " + refused.what(), "",
                   "ch-fromhost --list-plugins tells of all of them"});
    }
    return PluginProvider::create(library.entry(), host, image, {&recipes_, requests}, rules_);
  }
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
