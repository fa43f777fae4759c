// SPDX-License-Identifier: Apache-2.0
// Request: from arguments in order to requests that need no order. Pure.
#include "core/request/request.hpp"

namespace fromhost::core {
namespace {

std::string owner_of(const std::string& name, const std::vector<SwitchGroup>& groups) {
  for (const SwitchGroup& group : groups)
    for (const Switch& one : group.switches)
      if (one.name == name) return group.provider;
  return "";
}

}  // namespace

std::vector<Request> read_requests(const Options& options, const std::vector<SwitchGroup>& groups) {
  std::vector<Request> requests;
  std::optional<std::string> destination;
  for (const Argument& argument : options.arguments) {
    if (argument.name == "dest")
      destination = argument.value;
    else
      requests.push_back({owner_of(argument.name, groups), argument.name, argument.value, destination});
  }
  return requests;
}

}  // namespace fromhost::core
