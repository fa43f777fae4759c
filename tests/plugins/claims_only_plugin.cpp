// SPDX-License-Identifier: Apache-2.0
// A provider without a switch of its own: it only looks at the paths that a person lists.
#include <string>

#include "fromhost/provider_plugin.hpp"

namespace {

class ClaimsOnly : public fromhost::ProviderPlugin {
 public:
  bool claims(fromhost::Host&, const std::string& path) override { return path.rfind("/card/", 0) == 0; }
  fromhost::Answer collect(fromhost::Host& host, const fromhost::Request& request) override {
    host.contribute_library(request.value, "claimed", request.destination);
    host.contribute_directory("/var/opt/card", "claimed");
    return fromhost::Answer::done;
  }
};

constexpr const char* kPatterns[] = {"libonly-*", "libmore-*", nullptr};

}  // namespace

FROMHOST_PROVIDER(ClaimsOnly, "claims-only", "1.0", "has no switch of its own", nullptr, kPatterns);
