// SPDX-License-Identifier: Apache-2.0
// A plugin's shared object: described from its file, opened, checked against the interface, kept open.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "core/cli/switches.hpp"
#include "core/provider/entry_in_file.hpp"
#include "fromhost/provider_abi.h"

namespace fromhost::core {

/// Why a file in a plugin directory cannot be used, in words for --list-plugins.
class PluginRefused : public std::runtime_error {
 public:
  /// What is wrong, in the order in which it is looked at.
  enum class Part { file, abi, loading, symbol, entry, options, declaring };
  explicit PluginRefused(const std::string& why, Part part = Part::file)
      : std::runtime_error(why), part_(part) {}
  Part part() const { return part_; }

 private:
  Part part_;
};

/// Options that one plugin may have, and those again that it may declare.
inline constexpr std::size_t kMostOptions = 256;
/// It has a name, a help, and a letter or none.
bool is_well_formed(const fh_option& option);
Switch switch_of(const fh_option& option);

class PluginLibrary {
 public:
  /// Looks at the ELF header and sections before any code of the plugin runs. Throws PluginRefused.
  static PluginLibrary open(const std::string& file);
  /// The same without loading it: its constant is read from the file. nullopt where that cannot be done, as
  /// with unusual relocations; then open() tells. Throws PluginRefused.
  static std::optional<PluginLibrary> describe(const std::string& file);
  /// The first part of that: no code of the plugin runs. Throws PluginRefused.
  static void look_at(const std::string& file);
  PluginLibrary(PluginLibrary&&) noexcept;
  PluginLibrary& operator=(PluginLibrary&&) noexcept;
  ~PluginLibrary();
  /// Its file, as it was given.
  const std::string& file() const { return file_; }
  bool is_loaded() const { return handle_ != nullptr; }
  /// Where it is only described: loads it, and from then on entry() is the plugin's own. Throws
  /// PluginRefused.
  void load();
  /// The plugin's constant, checked: versions and sizes are right, strings are there, options are well
  /// formed. Its functions can be called when it is loaded.
  const fh_entry& entry() const { return *entry_; }
  /// Its declare(); null where it has none, or is older than 1.1.
  fh_status (*declare() const)(const fh_host*);

 private:
  struct Handle;
  PluginLibrary(std::string file, std::unique_ptr<EntryInFile> described);
  std::string file_;
  std::unique_ptr<EntryInFile> described_;  // null where it was loaded at once
  std::unique_ptr<Handle> handle_;
  const fh_entry* entry_ = nullptr;
};

}  // namespace fromhost::core
