// SPDX-License-Identifier: Apache-2.0
// The cray-cxi provider: the host's libfabric for Slingshot in place of the image's.
#include <set>
#include <string_view>

#include "fabric.hpp"

namespace {

using fromhost::Answer;
using fromhost::Failure;
using fromhost::Host;
using fromhost::Request;

constexpr std::uint64_t kMostBytes = 256u << 20;  // of a libfabric; Cray's have some 2 MB
constexpr const char* kVariable = "CH_FROMHOST_OFI_CXI";
constexpr const char* kExample = "/opt/cray/libfabric/1.15.2.0/lib64/libfabric.so";

/// The libfabrics of a Cray; several versions are common, and which one fits the image is for a person to
/// say.
std::vector<std::string> candidates(Host& host) {
  std::vector<std::string> found;
  for (const std::string& version : host.list("/opt/cray/libfabric"))
    for (const char* directory : {"/lib64", "/lib"}) {
      const std::string path = "/opt/cray/libfabric/" + version + directory + "/libfabric.so";
      if (host.inspect(path)) found.push_back(path);
    }
  return found;
}

bool image_has(Host& host, const std::string& soname, const fromhost::ElfInfo& elf) {
  if (host.find_library_in_image(soname, elf.machine, elf.elf_class)) return true;
  for (const char* directory : {"/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib",
                                "/usr/local/lib64", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
                                "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu"})
    if (host.inspect_in_image(std::string(directory) + "/" + soname)) return true;
  return false;
}

class CrayCxiProvider : public fromhost::ProviderPlugin {
 public:
  bool claims(Host& host, const std::string& path) override { return fabric::needs(host, path, "libcxi.so"); }

  Answer collect(Host& host, const Request& request) override {
    const std::string path = request.option.empty()
                                 ? request.value
                                 : fabric::path_from(host, kVariable, kExample, candidates(host));
    const auto elf = host.inspect_elf(path);
    if (!elf) throw Failure(path + " is not an ELF file; it shall be the host's libfabric.so");
    fabric::check_variables(host, request.destination, false);
    host.contribute(FH_ITEM_LIBFABRIC, path, request.destination, "the host's libfabric");
    contribute_missing(host, path, *elf, request.destination);
    fabric::contribute_mount_points(host);
    return Answer::done;
  }

 private:
  /// What the host's libfabric is linked with and the image does not have; never a replacement for what it
  /// has, which Charliecloud's authors found to be trouble.
  void contribute_missing(Host& host, const std::string& libfabric, const fromhost::ElfInfo& elf,
                          const std::optional<std::string>& destination) {
    std::set<std::string> done;
    const auto add = [&](const std::string& soname, const std::string& path, const std::string& reason) {
      if (!done.insert(soname).second) return;
      if (image_has(host, soname, elf)) {
        host.debug("skipping " + path + ": the image has " + soname);
        return;
      }
      host.contribute_library(path, reason, destination);
      host.contribute_ld_so_conf(fabric::directory_of(path), reason, fabric::kConfFile);
    };
    for (const auto& library : host.linked_libraries(libfabric)) {
      if (library.path)
        add(library.soname, *library.path, "linked by the host's libfabric");
      else if (!image_has(host, library.soname, elf))
        throw Failure(libfabric + " needs " + library.soname + ", which neither this host nor the image has" +
                      (image_has(host, "libfabric.so.1", elf)
                           ? "; load the modules that it was built with"
                           : "; nor has the image a libfabric.so.1: install libfabric in the image"));
    }
    // Slingshot's libfabric may be built to dlopen these (prov/cxi/configure.m4), which DT_NEEDED does not
    // show; but their names are then among its bytes.
    const std::string_view bytes = host.view_file(libfabric, kMostBytes).value_or("");
    for (const std::string stem : {"libcurl.so", "libjson-c.so"}) {
      if (bytes.find(stem) == std::string_view::npos) continue;
      for (const auto& cached : host.cached_libraries(stem + ".*")) {
        const auto helper = host.inspect_elf(cached.path);
        if (!helper || helper->machine != elf.machine || helper->elf_class != elf.elf_class) continue;
        add(cached.soname, cached.path, "opened by the host's libfabric");
        for (const auto& library : host.linked_libraries(cached.path))
          if (library.path) add(library.soname, *library.path, "linked by " + cached.soname);
        break;
      }
    }
  }
};

constexpr fh_option kOptions[] = {
    fromhost::option("cray-mpi-cxi", nullptr,
                     "replace the image's libfabric by $CH_FROMHOST_OFI_CXI (Slingshot)"),
    fromhost::option("cray-cxi", nullptr, "same as --cray-mpi-cxi"),
};
constexpr const char* kClaims[] = {"libfabric.so*", nullptr};

}  // namespace

FROMHOST_PROVIDER(CrayCxiProvider, "cray-cxi", FROMHOST_VERSION, "libfabric on Cray Slingshot (CXI)",
                  kOptions, kClaims);
