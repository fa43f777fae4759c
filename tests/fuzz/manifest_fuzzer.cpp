// SPDX-License-Identifier: Apache-2.0
// Any text as an image's manifest: what is accepted names nothing outside, and is read again as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/manifest/manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fromhost::core;
  const auto manifest = manifest_from(std::string(reinterpret_cast<const char*>(data), size));
  if (!manifest) return 0;
  for (const ManifestEntry& entry : manifest->entries)
    if (entry.path.is_root() || (entry.path.text() + "/").find("/../") != std::string::npos ||
        entry.replaced.find('/') != std::string::npos)
      std::abort();
  for (const ManifestEntry& entry : manifest->entries)
    for (const OwnedLine& one : entry.lines)
      if (one.line.empty() || one.line.find('\n') != std::string::npos || one.owners.empty()) std::abort();
  const auto again = manifest_from(to_text(*manifest));
  if (!again || to_text(*again) != to_text(*manifest)) std::abort();
  return 0;
}
