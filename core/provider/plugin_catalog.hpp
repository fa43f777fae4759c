// SPDX-License-Identifier: Apache-2.0
// Which plugins there are: where they were looked for, which can be used, and why the others cannot.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/cli/switches.hpp"
#include "core/host/host_system.hpp"
#include "core/image/image_root.hpp"
#include "core/provider/plugin_call.hpp"
#include "core/provider/plugin_library.hpp"
#include "core/provider/provider.hpp"
#include "core/provider/recipe_files.hpp"

namespace fromhost::core {

class PluginTrust;

/// A file in a plugin directory.
struct PluginRecord {
  enum class State { ready, refused, shadowed };
  State state = State::refused;
  std::string file;
  std::string reason;  ///< why it is refused or shadowed
  std::string id;      ///< from here on: empty where refused
  std::string version;
  std::string summary;
  std::vector<Switch> switches;
  std::vector<std::string> claim_patterns;  ///< globs on the file name
  std::vector<std::string> warnings;        ///< what it said when it declared options
};
std::string_view to_string(PluginRecord::State state);

/// A directory of the search path, and what came of it.
struct PluginPlace {
  std::string directory;
  std::string named_by = {};     ///< "--plugin-dir", "CH_FROMHOST_PLUGIN_PATH"; empty: beside the program
  std::string passed_over = {};  ///< why it was not looked through, e.g. "No such file or directory"
  std::size_t files = 0;         ///< the *.so in it, or the *.toml
};

/// Where to look for plugins, in order: --plugin-dir, CH_FROMHOST_PLUGIN_PATH, the installed directory
/// (../lib*/ch-fromhost/plugins of our executable). The environment does not count when privileges were
/// raised.
std::vector<PluginPlace> plugin_search_path(const std::vector<std::string>& from_command_line,
                                            const HostSystem& host);

class PluginCatalog {
 public:
  /// Reads what every *.so of the directories says of itself, in order; the first of an id and of a switch
  /// wins. A wrong file gets a record, never an exception. A directory that is not there is skipped: an
  /// environment serves several machines. The plugins that declare options are loaded and asked for them
  /// where there is a `machine`, which has to outlive the call; no other plugin's code runs, and a library
  /// that it lacks is not missed yet. `rules` hold from the loading to the unloading.
  static PluginCatalog discover(std::vector<PluginPlace> path, const PluginCallRules& rules = {},
                                HostSystem* machine = nullptr, RecipeFiles recipes = RecipeFiles());
  PluginCatalog(PluginCatalog&&) = default;
  PluginCatalog& operator=(PluginCatalog&&) = default;
  ~PluginCatalog();

  const std::vector<PluginPlace>& places() const { return places_; }
  /// Where recipes are looked for, as it is now.
  std::vector<PluginPlace> recipe_places() const;
  const std::vector<PluginRecord>& records() const { return records_; }
  /// What the person should be told once: refused files, switches that two plugins want.
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// Directories that cannot be looked into, each with the reason.
  const std::vector<std::string>& skipped() const { return skipped_; }
  std::vector<SwitchGroup> groups() const;
  std::vector<std::string> refused() const;

  /// Loads those that are not; who cannot be loaded is refused from now on.
  void load_all();

  /// Loads a ready plugin, and makes its provider; the catalog and all that is given must outlive it. Throws
  /// Error (stage provider) where the plugin cannot be loaded, or cannot make one.
  std::unique_ptr<Provider> open(const std::string& id, HostSystem& host, const ImageRoot* image = nullptr,
                                 const std::vector<Request>* requests = nullptr) const;
  /// The ready plugins with a claim pattern that matches this file name.
  std::vector<std::string> interested_in(const std::string& name) const;

 private:
  explicit PluginCatalog(const PluginCallRules& rules) : rules_(rules) {}
  void add(const std::string& file, PluginTrust* trust, HostSystem* machine);  // trust: where it matters
  /// Throws PluginRefused.
  void load(PluginLibrary& library) const;
  void refuse(PluginRecord& record, const std::string& why);
  /// Asks the plugin for its further options. Throws PluginRefused.
  void add_declared(PluginRecord& record, const PluginLibrary& library, HostSystem& machine);
  /// Takes from `record` the names and letters that an earlier plugin has.
  void leave_taken_switches(PluginRecord& record);
  PluginCallRules rules_;
  std::vector<PluginPlace> places_;
  std::vector<PluginRecord> records_;
  mutable std::vector<std::pair<std::string, PluginLibrary>>
      libraries_;  // by id; loaded when they are needed
  std::vector<std::string> warnings_;
  std::vector<std::string> skipped_;
  RecipeFiles recipes_;
};

}  // namespace fromhost::core
