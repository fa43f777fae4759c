// SPDX-License-Identifier: Apache-2.0
// What providers are asked for, in the order of the command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/cli/options.hpp"
#include "core/cli/switches.hpp"

namespace fromhost::core {

/// One use of one switch of a provider, or a path that the provider claimed.
struct Request {
  std::string provider;                    ///< id of the provider that owns the switch
  std::string option;                      ///< long name; empty: a claimed path
  std::string value;                       ///< its argument, or the claimed path
  std::optional<std::string> destination;  ///< the --dest in force here
};

/// Folds --dest into what follows it, and puts settings first. `groups` tells who owns which switch.
std::vector<Request> read_requests(const Options& options, const std::vector<SwitchGroup>& groups);

}  // namespace fromhost::core
