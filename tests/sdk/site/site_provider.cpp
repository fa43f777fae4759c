// SPDX-License-Identifier: Apache-2.0
// A site's provider, with a helper and a template that must not be exported, and nothing else of note.
#include <map>
#include <string>

#include "fromhost/provider_plugin.hpp"

int function_of_the_site(int number);

std::map<std::string, int>& remembered() {
  static std::map<std::string, int> all;
  return all;
}

namespace {

class SiteProvider : public fromhost::ProviderPlugin {
 public:
  fromhost::Answer collect(fromhost::Host& host, const fromhost::Request& request) override {
    remembered()[request.value] = function_of_the_site(1);
    host.contribute_program(request.value, "--site-tool", request.destination);
    return fromhost::Answer::done;
  }
};

constexpr fh_option kOptions[] = {fromhost::option("site-tool", "PATH", "inject the site's tool at PATH")};

}  // namespace

FROMHOST_PROVIDER(SiteProvider, "our-site", "1.2", "what our site needs", kOptions, nullptr);
