// SPDX-License-Identifier: Apache-2.0
// What a provider sees of the image: not what it has put there itself, which it would otherwise take for the
// image's own and leave out the next time.
#include "core/provider/host_loan.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include "core/host/ld_so_cache.hpp"
#include "tests/support/cache_bytes.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::FakeHost;
using test::TempImage;

ManifestEntry injected(const std::string& path, const std::string& provider, const std::string& replaced) {
  ManifestEntry entry;
  entry.path = ImagePath(path);
  entry.provider = provider;
  entry.replaced = replaced;
  return entry;
}

/// An image with four libraries in /opt: its own, and what providers injected.
TempImage image_after_injection() {
  Manifest manifest;
  manifest.put(injected("/opt/libmine.so.1", "mine", ""));
  manifest.put(injected("/opt/libreplaced.so.1", "mine", "1"));
  manifest.put(injected("/opt/libtheirs.so.1", "theirs", ""));
  TempImage image;
  std::vector<LdSoCacheEntry> cache;
  for (const std::string name : {"own", "mine", "replaced", "theirs"}) {
    const std::string soname = "lib" + name + ".so.1", path = "/opt/" + soname;
    image.with_file(path, "a library");
    cache.push_back({soname, path, *cache_flags(EM_X86_64, ELFCLASS64), 0});
  }
  image.with_link("/link-to-mine", "opt/libmine.so.1");
  image.with_file("/etc/ld.so.cache", test::cache_bytes(cache));
  image.with_file(kManifest, to_text(manifest));
  return image;
}

TEST(HostLoan, HidesWhatTheProviderInjectedItselfWhereNothingWasBefore) {
  struct Row {
    const char* path;
    const char* soname;
    fh_status shown;
  };
  const Row rows[] = {{"/opt/libown.so.1", "libown.so.1", FH_OK},
                      {"/opt/libmine.so.1", "libmine.so.1", FH_NOT_HERE},
                      {"/link-to-mine", nullptr, FH_NOT_HERE},
                      {"/opt/libreplaced.so.1", "libreplaced.so.1", FH_OK},
                      {"/opt/libtheirs.so.1", "libtheirs.so.1", FH_OK}};
  const TempImage image = image_after_injection();
  const ImageRoot root = image.open();
  FakeHost host;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.path);
    HostLoan loan("mine", host, &root, nullptr);
    const auto* services = static_cast<const fh_image*>(loan.abi()->extension(loan.abi(), FH_IMAGE, 1));
    ASSERT_TRUE(services);
    fh_file_info info{};
    info.size = sizeof info;
    EXPECT_EQ(services->inspect(loan.abi(), row.path, &info), row.shown);
    const char* found = nullptr;
    if (!row.soname) continue;
    EXPECT_EQ(services->find_library(loan.abi(), row.soname, EM_X86_64, ELFCLASS64, &found), row.shown);
  }
}

}  // namespace
}  // namespace fromhost::core
