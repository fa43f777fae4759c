// SPDX-License-Identifier: Apache-2.0
// The provider on a host in memory. No test framework is needed; any will do.
#include <cstdint>
#include <iostream>
#include <string>

#include "fromhost/testing/fake_host.hpp"

namespace {

using fromhost::fake::FakeHost;
using fromhost::fake::Outcome;
using fromhost::fake::Session;

constexpr std::uint16_t kX8664 = 62;  // e_machine, which a FakeHost has unless told otherwise
int failures = 0;

void expect(bool holds, const char* what, const Outcome& got) {
  if (holds) return;
  ++failures;
  std::cerr << "failed: " << what << "\n  status " << got.status << ", message: " << got.message << '\n';
  for (const auto& item : got.items) std::cerr << "  " << item << '\n';
}

/// --mycard on that host, asked of what the plugin exports.
Outcome inject(FakeHost& host) {
  return Session(host, fromhost_provider).collect({"mycard", "", std::nullopt});
}

void host_without_the_card_is_not_here() {
  FakeHost host;
  const Outcome got = inject(host);
  expect(got.status == FH_NOT_HERE && got.items.empty(), "a host without the card is not here", got);
}

void card_without_library_is_an_error() {
  FakeHost host;
  host.with_special_file("/dev/mycard");
  const Outcome got = inject(host);
  expect(got.status == FH_FAILED && got.message.find("libmycard.so.1") != std::string::npos,
         "a card without its library is an error that names it", got);
}

void library_brings_along_what_the_image_lacks() {
  FakeHost host;
  host.with_special_file("/dev/mycard")
      .with_library("/usr/lib/libmycard.so.1", {kX8664, 2, "libmycard.so.1", {"libaid.so.2", "libc.so.6"}})
      .with_library("/usr/lib/libaid.so.2", {kX8664, 2, "libaid.so.2", {"libold.so.3"}})
      .with_library("/usr/lib/libold.so.3", {kX8664, 2, "libold.so.3", {}})
      .with_library("/usr/lib/libc.so.6", {kX8664, 2, "libc.so.6", {}})
      .with_image_library("libold.so.3", "/opt/lib/libold.so.3", kX8664, 2)
      .with_program("/usr/bin/mycard-info");
  const Outcome got = inject(host);
  expect(got.status == FH_OK && got.items.size() == 3 && got.items[0].source == "/usr/lib/libmycard.so.1" &&
             got.items[1].source == "/usr/lib/libaid.so.2" && got.items[2].source == "/usr/bin/mycard-info",
         "the library, what it is linked with, and the tool", got);
}

}  // namespace

int main() {
  host_without_the_card_is_not_here();
  card_without_library_is_an_error();
  library_brings_along_what_the_image_lacks();
  if (failures == 0) std::cout << "3 tests passed\n";
  return failures == 0 ? 0 : 1;
}
