// SPDX-License-Identifier: Apache-2.0
// Request: from arguments in order to requests that need no order. Pure.
#include "core/request/request.hpp"

namespace fromhost::core {
namespace {

struct Owner {
  std::string provider;
  bool setting = false;
};

Owner owner_of(const std::string& name, const std::vector<SwitchGroup>& groups) {
  for (const SwitchGroup& group : groups)
    for (const Switch& one : group.switches)
      if (one.name == name) return {group.provider, one.setting};
  return {};
}

}  // namespace

std::vector<Request> read_requests(const Options& options, const std::vector<SwitchGroup>& groups) {
  std::vector<Request> requests, others;
  std::optional<std::string> destination;
  for (const Argument& argument : options.arguments) {
    if (argument.name == "dest") {
      destination = argument.value;
      continue;
    }
    const Owner owner = owner_of(argument.name, groups);
    (owner.setting ? requests : others)
        .push_back({owner.provider, argument.name, argument.value, destination});
  }
  requests.insert(requests.end(), others.begin(), others.end());
  return requests;
}

}  // namespace fromhost::core
