// SPDX-License-Identifier: Apache-2.0
// What of an image is whose.
#include "core/manifest/status.hpp"

#include <gtest/gtest.h>

namespace fromhost::core {
namespace {

ManifestEntry owned_by(const char* provider, ManifestEntry::Kind kind, const char* path, std::uint64_t size) {
  ManifestEntry entry;
  entry.provider = provider;
  entry.kind = kind;
  entry.path = ImagePath(path);
  entry.size = size;
  return entry;
}

TEST(SharesIn, CountsFilesLinksAndLinesOfEachProvider) {
  Manifest manifest;
  manifest.put(owned_by("card", ManifestEntry::Kind::file, "/lib/libcard.so.1", 5));
  manifest.put(owned_by("card", ManifestEntry::Kind::file, "/lib/libcard-2.so.1", 7));
  manifest.put(owned_by("card", ManifestEntry::Kind::link, "/lib/libcard.so", 0));
  manifest.put(owned_by("", ManifestEntry::Kind::link, "/lib/libcard.so.0", 0));
  manifest.put(owned_by("", ManifestEntry::Kind::directory, "/opt/card", 0));
  manifest.put(owned_by("", ManifestEntry::Kind::cache, "/etc/ld.so.cache", 9));
  ManifestEntry text = owned_by("", ManifestEntry::Kind::text, "/etc/ld.so.conf.d/x.conf", 3);
  text.lines = {{"/lib", {{"card", "card"}, {"card", "all"}}}, {"/opt", {{"net", ""}}}, {"/old", {{"", ""}}}};
  manifest.put(text);
  const auto shares = shares_in(manifest);
  ASSERT_EQ(shares.size(), 2u) << "what is nobody's is not told of";
  const Share &card = shares.at("card"), &net = shares.at("net");
  EXPECT_EQ(card.files, 2u);
  EXPECT_EQ(card.bytes, 12u);
  EXPECT_EQ(card.links, 1u);
  EXPECT_EQ(card.lines, 1u) << "by two options, and yet one line";
  EXPECT_EQ(net.files, 0u);
  EXPECT_EQ(net.lines, 1u);
}

}  // namespace
}  // namespace fromhost::core
