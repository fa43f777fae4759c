// SPDX-License-Identifier: Apache-2.0
// The mycard provider: its library, what that is linked with, and its tool.
#include <string>

#include "fromhost/provider_plugin.hpp"

namespace {

using fromhost::Answer;
using fromhost::Failure;
using fromhost::Host;
using fromhost::Request;

constexpr const char* kDevice = "/dev/mycard";
constexpr const char* kLibrary = "libmycard.so.1";
constexpr const char* kTool = "/usr/bin/mycard-info";

class MycardProvider : public fromhost::ProviderPlugin {
 public:
  Answer collect(Host& host, const Request& request) override {
    // A host without the hardware is no mistake: say what was looked for, and the run goes on.
    if (!host.inspect(kDevice)) {
      host.explain(std::string("no ") + kDevice + ": is the driver loaded?");
      return Answer::not_here;
    }
    const auto library = host.find_library(kLibrary, host.machine(), 2);
    // With the hardware, what is missing is a mistake; the message says the way out.
    if (!library) throw Failure(std::string("there is ") + kDevice + ", but no " + kLibrary + ": install it");
    host.contribute_library(*library, "the library of mycard", request.destination);

    for (const auto& linked : host.linked_libraries(*library)) {
      // What the image has fits the image; libc and its kin are always there.
      if (!linked.path || host.find_library_in_image(linked.soname, host.machine(), 2)) continue;
      if (linked.soname == "libc.so.6" || linked.soname.compare(0, 3, "ld-") == 0) continue;
      host.contribute_library(*linked.path, std::string("linked by ") + kLibrary, request.destination);
    }
    if (host.inspect(kTool)) host.contribute_program(kTool, "the tool of mycard");
    return Answer::done;
  }
};

constexpr fh_option kOptions[] = {
    fromhost::option("mycard", nullptr, "inject the user space of mycard"),
};

}  // namespace

FROMHOST_PROVIDER(MycardProvider, "mycard", "0.1.0", "the user space of mycard", kOptions, nullptr);
