// SPDX-License-Identifier: Apache-2.0
// The provider stage: requests to contributions.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/provider/provider.hpp"

namespace fromhost::core {

/// Where providers come from: the plugin catalog, or a fake.
struct ProviderSource {
  std::function<std::unique_ptr<Provider>(const std::string& id)> open;
  /// Ids of the providers to which a path of this file name is offered.
  std::function<std::vector<std::string>(const std::string& name)> interested_in;
};

/// Asks each request's provider, in order. A path that a person listed (ItemKind::file) is first offered to
/// the other providers; one that claims it contributes in its place. So a switch and the path behind it come
/// to the same. Throws Error (stage provider).
Contributions collect(const std::vector<Request>& requests, const ProviderSource& source);

}  // namespace fromhost::core
