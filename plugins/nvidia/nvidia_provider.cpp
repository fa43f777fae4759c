// SPDX-License-Identifier: Apache-2.0
// The NVIDIA provider: the driver's user space, found by nvidia-container-cli or without it.
#include <algorithm>

#include "driver.hpp"

namespace {

using fromhost::Answer;
using fromhost::Failure;
using fromhost::Host;
using fromhost::Request;
using nvidia::Driver;
using nvidia::Library;

/// The directory of the image's 32-bit C library, where the driver's 32-bit libraries go: they have the names
/// of the 64-bit ones. nullopt: the image runs no 32-bit programs.
std::optional<std::string> directory_for_32_bit(Host& host) {
  const std::uint16_t machine = nvidia::machine_of_32_bit(host.machine());
  const auto libc = machine ? host.find_library_in_image("libc.so.6", machine, 1) : std::nullopt;
  return libc ? std::optional<std::string>(nvidia::directory_of(*libc)) : std::nullopt;
}

class NvidiaProvider : public fromhost::ProviderPlugin {
 public:
  Answer collect(Host& host, const Request& request) override {
    if (request.option == "nvidia-discovery") {
      if (request.value != "auto" && request.value != "cli" && request.value != "native")
        throw Failure("--nvidia-discovery: " + request.value + " is none of auto, cli, native");
      discovery_ = request.value;
      return Answer::done;
    }
    const auto place_32_bit = directory_for_32_bit(host);
    const Driver driver = find(host, place_32_bit.has_value());
    host.info("driver version " + (driver.version.empty() ? "unknown" : driver.version));
    contribute(host, driver, request.destination, place_32_bit);
    return Answer::done;
  }

 private:
  Driver find(Host& host, bool with_32_bit) const {
    std::vector<std::string> tried;
    if (discovery_ != "native") {
      if (auto driver = nvidia::ask_container_cli(host, with_32_bit)) {
        host.info("found by nvidia-container-cli");
        // It looks for programs in $PATH only, and has a list of its own.
        nvidia::add_programs(host, *driver);
        nvidia::add_unlisted_libraries(host, *driver);
        return *driver;
      }
      tried.push_back("nvidia-container-cli: not found");
      if (discovery_ == "cli")
        throw Failure(
            "nvidia-container-cli failed; does this host have GPUs? nvidia-container-cli: not found; "
            "--nvidia-discovery=native looks without it");
    }
    if (auto driver = nvidia::discover_natively(host, tried)) {
      host.info(discovery_ == "native" ? "found by our own discovery, as asked"
                                       : "found by our own discovery; nvidia-container-cli is not installed");
      return *driver;
    }
    std::string message = discovery_ == "native"
                              ? "no NVIDIA driver found; does this host have GPUs? Tried: "
                              : "nvidia-container-cli failed; does this host have GPUs? Tried: ";
    for (const std::string& one : tried) message += (&one == &tried.front() ? "" : "; ") + one;
    throw Failure(message);
  }

  static void contribute(Host& host, const Driver& driver, const std::optional<std::string>& destination,
                         const std::optional<std::string>& place_32_bit) {
    for (const auto& program : driver.programs)
      host.contribute_program(program.path, program.reason, destination);
    const bool has_32_bit = std::any_of(driver.libraries.begin(), driver.libraries.end(),
                                        [](const Library& one) { return one.elf_class == 1; });
    if (has_32_bit && !place_32_bit)
      host.info("32-bit libraries are left out: the image has no 32-bit C library");
    for (const Library& library : driver.libraries) {
      if (library.elf_class == 2)
        host.contribute_library(library.path, library.reason, destination);
      else if (place_32_bit)
        host.contribute_library(library.path, library.reason + ", 32-bit", *place_32_bit);
    }
    nvidia::contribute_extras(host, driver, destination);
  }

  std::string discovery_ = "auto";
};

constexpr fh_option kOptions[] = {
    fromhost::option("nvidia", nullptr, "inject the NVIDIA driver's libraries and programs"),
    fromhost::setting(
        "nvidia-discovery", "auto|cli|native",
        "auto: by nvidia-container-cli, without it where it is not installed; cli: only by it; native: "
        "without it"),
};

}  // namespace

FROMHOST_PROVIDER(NvidiaProvider, "nvidia", FROMHOST_VERSION, "the NVIDIA GPU driver's user space", kOptions,
                  nullptr);
