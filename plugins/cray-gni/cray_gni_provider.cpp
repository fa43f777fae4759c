// SPDX-License-Identifier: Apache-2.0
// The cray-gni provider: libfabric's provider for Gemini and Aries (uGNI).
#include "fabric.hpp"

namespace {

using fromhost::Answer;
using fromhost::Host;
using fromhost::Request;

constexpr const char* kVariable = "CH_FROMHOST_OFI_GNI";

class CrayGniProvider : public fromhost::ProviderPlugin {
 public:
  bool claims(Host& host, const std::string& path) override {
    return fabric::needs(host, path, "libugni.so");
  }

  Answer collect(Host& host, const Request& request) override {
    const std::string path = request.option.empty()
                                 ? request.value
                                 : fabric::path_from(host, kVariable, "/home/ofi/libgnix-fi.so", {});
    fabric::check_variables(host, request.destination, true);
    fabric::contribute_provider(host, path, request.destination);
    fabric::contribute_mount_points(host);
    return Answer::done;
  }
};

constexpr fh_option kOptions[] = {
    fromhost::option("cray-mpi-gni", nullptr,
                     "inject the libfabric provider $CH_FROMHOST_OFI_GNI (libgnix-fi.so)"),
    fromhost::option("cray-gni", nullptr, "same as --cray-mpi-gni"),
};
constexpr const char* kClaims[] = {"*-fi.so", nullptr};

}  // namespace

FROMHOST_PROVIDER(CrayGniProvider, "cray-gni", FROMHOST_VERSION, "libfabric on Cray Gemini and Aries",
                  kOptions, kClaims);
