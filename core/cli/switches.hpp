// SPDX-License-Identifier: Apache-2.0
// The switches that providers own, as the command line needs them.
#pragma once

#include <string>
#include <vector>

namespace fromhost::core {

/// One option of a provider.
struct Switch {
  std::string name;      ///< long name without dashes
  char letter = 0;       ///< short option, or 0
  std::string argument;  ///< name of its argument in --help; empty: it takes none
  std::string help;
  bool setting = false;  ///< says how, not what: its provider gets it before the others
};

/// The options of one provider, under its name in --help.
struct SwitchGroup {
  std::string provider;  ///< the plugin's id
  std::string summary;
  std::vector<Switch> switches;
};

}  // namespace fromhost::core
