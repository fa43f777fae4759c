// SPDX-License-Identifier: Apache-2.0
// What the person asked for: argv as plain data.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace fromhost::core {

/// What the run is to do.
enum class Mode { inject, print_paths, status, undo, list_plugins, list_options, help, version };

/// One switch of a provider, or --dest, at its place on the command line.
struct Argument {
  std::string name;   ///< long name without dashes; "dest" for --dest
  std::string value;  ///< empty where it takes none
};

struct Options {
  Mode mode = Mode::inject;
  std::string asked;                ///< the option that set the mode, as typed: "--undo=nvidia"
  std::string image;                ///< as typed; empty where the mode needs none
  std::vector<Argument> arguments;  ///< in the order of the command line
  bool print_lib = false;           ///< --lib-path, --print-lib
  bool print_fi = false;            ///< --fi-path, --print-fi: where libfabric providers go
  bool print_cray_fi = false;       ///< --fi-path, --print-cray-fi: the libfabric that would be replaced
  std::string host_root;            ///< empty: the host itself
  bool run_ldconfig = true;
  std::string ldconfig = "auto";  ///< auto, host or image
  bool verify = false;            ///< status: contents, too
  bool json = false;              ///< the answer as a JSON document
  bool dry_run = false;           ///< inject, undo: only tell what would happen
  std::string progress = "auto";  ///< auto, always or never
  std::string undo_provider;      ///< empty: all of them
  bool force = false;
  bool force_copy = false;  ///< also what is there and unchanged, which `force` does, too
  bool strict = false;
  bool sync = false;
  std::chrono::seconds lock_timeout{60};
  int verbosity = 0;  ///< -v counts up, -q down
  std::vector<std::string> plugin_directories;
  std::vector<std::string> recipe_directories;
  std::chrono::seconds plugin_timeout{300};  ///< 0: none
};

}  // namespace fromhost::core
