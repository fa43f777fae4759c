// SPDX-License-Identifier: Apache-2.0
// The libfabric provider: any loadable provider of libfabric (*-fi.so).
#include "fabric.hpp"

namespace {

using fromhost::Answer;
using fromhost::Host;
using fromhost::Request;

class LibfabricProvider : public fromhost::ProviderPlugin {
 public:
  bool claims(Host&, const std::string&) override { return true; }  // the name says it all

  Answer collect(Host& host, const Request& request) override {
    fabric::check_variables(host, request.destination, true);
    fabric::contribute_provider(host, request.value, request.destination);
    fabric::contribute_mount_points(host);
    return Answer::done;
  }
};

constexpr fh_option kOptions[] = {
    fromhost::option("fi-provider", "PATH", "inject the loadable libfabric provider at PATH"),
    fromhost::option("ofi", "PATH", "same as --fi-provider"),
};
constexpr const char* kClaims[] = {"*-fi.so", nullptr};

}  // namespace

FROMHOST_PROVIDER(LibfabricProvider, "libfabric", FROMHOST_VERSION, "loadable providers of libfabric (OFI)",
                  kOptions, kClaims);
