// SPDX-License-Identifier: Apache-2.0
// Is what was injected still what the image has and the host would give?
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/host/host_system.hpp"
#include "core/manifest/manifest.hpp"

namespace fromhost::core {

enum class Difference {
  missing,          ///< not in the image any more
  changed,          ///< in the image, not as we left it
  source_gone,      ///< not on this host
  source_changed,   ///< on this host, but another file by now
  contents_differ,  ///< the bytes are not the host's
};
std::string_view to_string(Difference difference);

struct EntryDifference {
  const ManifestEntry* entry;
  Difference difference;
};

/// What one provider has in the image.
struct Share {
  std::uint64_t files = 0, bytes = 0;
  std::uint64_t links = 0;  ///< of its own; soname links are the core's
  std::uint64_t lines = 0;  ///< of ld.so.conf; others may want them, too
};
/// Of each provider, by its id.
std::map<std::string, Share> shares_in(const Manifest& manifest);

/// Everything that is not as it was, in the manifest's order. `contents`: compares files with their sources
/// byte for byte. Writes nothing.
std::vector<EntryDifference> check_entries(const Manifest& manifest, const ImageRoot& image,
                                           const HostSystem& host, bool contents);

}  // namespace fromhost::core
