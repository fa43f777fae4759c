// SPDX-License-Identifier: Apache-2.0
// Manifest: comparing it with the image and with this host.
#include "core/manifest/status.hpp"

#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <set>
#include <system_error>

#include "core/host/same_bytes.hpp"

namespace fromhost::core {
namespace {

std::optional<Difference> check_entry(const ManifestEntry& entry, const ImageRoot& image,
                                      const HostSystem& host, bool contents) {
  if (!image.lstat(entry.path)) return Difference::missing;
  const bool ours = as_we_left_it(entry, image);
  // Whoever runs ldconfig in the image makes a new cache, and nothing is wrong with that.
  if (!ours && entry.kind == ManifestEntry::Kind::cache) return std::nullopt;
  if (!ours) return Difference::changed;
  if (entry.kind != ManifestEntry::Kind::file) return std::nullopt;
  try {
    // The source's name is the image's word, too. So it is opened only for its contents; and what says that
    // it is empty, and is not, may be of procfs, where reading may take something away, as it does from
    // /proc/kmsg.
    const HostFile now = host.inspect(HostPath(entry.source));
    if (now.kind != HostFile::Kind::regular) return Difference::source_gone;
    if (now.bytes != entry.source_size || now.modified != entry.source_modified)
      return Difference::source_changed;
    if (!contents || now.bytes == 0) return std::nullopt;
    const UniqueFd source = host.open_file(HostPath(entry.source));
    const UniqueFd injected = image.open_at(entry.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!injected || !same_bytes(source.get(), injected.get())) return Difference::contents_differ;
    return std::nullopt;
  } catch (const std::system_error&) {
    return Difference::source_gone;
  }
}

}  // namespace

std::string_view to_string(Difference difference) {
  switch (difference) {
    case Difference::missing:
      return "missing in the image";
    case Difference::changed:
      return "changed in the image";
    case Difference::source_gone:
      return "not on this host any more";
    case Difference::source_changed:
      return "changed on this host";
    case Difference::contents_differ:
      return "contents differ from the host's";
  }
  return "?";
}

std::map<std::string, Share> shares_in(const Manifest& manifest) {
  std::map<std::string, Share> shares;
  for (const ManifestEntry& entry : manifest.entries) {
    if (entry.kind == ManifestEntry::Kind::file) {
      Share& share = shares[entry.provider.text()];
      ++share.files;
      share.bytes += entry.size;
    }
    if (entry.kind == ManifestEntry::Kind::link && !entry.provider.empty())
      ++shares[entry.provider.text()].links;
    for (const OwnedLine& line : entry.lines) {
      std::set<std::string> owners;  // a provider may own it by several of its options
      for (const LineOwner& owner : line.owners)
        if (!owner.provider.empty() && owners.insert(owner.provider.text()).second)
          ++shares[owner.provider.text()].lines;
    }
  }
  return shares;
}

std::vector<EntryDifference> check_entries(const Manifest& manifest, const ImageRoot& image,
                                           const HostSystem& host, bool contents) {
  std::vector<EntryDifference> differences;
  for (const ManifestEntry& entry : manifest.entries)
    if (const auto difference = check_entry(entry, image, host, contents))
      differences.push_back({&entry, *difference});
  return differences;
}

}  // namespace fromhost::core
