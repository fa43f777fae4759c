// SPDX-License-Identifier: Apache-2.0
// A plugin whose options are known on the host only: one for each recipe, and what CARD names.
#include <string>

#include "fromhost/provider_plugin.hpp"

namespace {

using fromhost::Answer;
using fromhost::Failure;
using fromhost::Host;

std::string stem(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.substr(0, name.rfind('.'));
}

class DeclaringProvider : public fromhost::ProviderPlugin {
 public:
  static void declare(Host& host) {
    for (const char* id : {FH_COMMANDS, FH_LIBRARIES, FH_IMAGE, FH_REQUESTS})
      if (host.environment("CARD") == id)
        throw Failure(host.service<fh_files>(id, 1).size ? "lent" : "empty");
    if (host.environment("CARD") == "stdin") host.read_standard_input();
    if (host.environment("CARD") == "item") host.contribute_directory("/x", "not now");
    if (const auto card = host.environment("CARD")) add(host, *card, "a card");
    for (const std::string& path : host.recipes()) try {
        add(host, stem(path), host.read_recipe(path));
      } catch (const Failure& failure) {
        host.warn(failure.what());
      }
  }
  Answer collect(Host& host, const fromhost::Request& request) override {
    if (host.is_asked_for("other")) throw Failure("--other, too");
    if (host.environment("LATE")) host.declare_option("late", nullptr, "too late");
    host.contribute_directory("/" + request.option, "declared");
    return Answer::done;
  }

 private:
  static void add(Host& host, const std::string& name, const std::string& help) {
    try {
      host.declare_option(name, nullptr, help, name == "short" ? 's' : '\0');
    } catch (const Failure& failure) {
      host.warn("--" + name + ": " + failure.what());
    }
  }
};

constexpr fh_option kOptions[] = {fromhost::option("constant", nullptr, "is always there")};

}  // namespace

FROMHOST_PROVIDER_THAT_DECLARES(DeclaringProvider, "declaring", "1.0", "options of this host", kOptions,
                                nullptr);
