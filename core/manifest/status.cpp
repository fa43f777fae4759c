// SPDX-License-Identifier: Apache-2.0
// Manifest: comparing it with the image and with this host.
#include "core/manifest/status.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <system_error>

#include "core/file_times.hpp"

namespace fromhost::core {
namespace {

bool same_bytes(int a, int b) {
  std::array<char, 65536> ours, theirs;
  for (off_t at = 0;;) {
    const ssize_t n = ::pread(a, ours.data(), ours.size(), at);
    if (n < 0 || ::pread(b, theirs.data(), theirs.size(), at) != n) return false;
    if (std::memcmp(ours.data(), theirs.data(), static_cast<std::size_t>(n)) != 0) return false;
    if (n == 0) return true;
    at += n;
  }
}

std::optional<Finding> check_entry(const ManifestEntry& entry, const ImageRoot& image, const HostSystem& host,
                                   bool contents) {
  if (!image.lstat(entry.path)) return Finding::missing;
  const bool ours = as_we_left_it(entry, image);
  // Whoever runs ldconfig in the image makes a new cache, and nothing is wrong with that.
  if (!ours && entry.kind == ManifestEntry::Kind::cache) return std::nullopt;
  if (!ours) return Finding::changed;
  if (entry.kind != ManifestEntry::Kind::file) return std::nullopt;
  try {
    const UniqueFd source = host.open_file(HostPath(entry.source));
    struct stat facts;
    if (::fstat(source.get(), &facts) != 0) return Finding::source_gone;
    if (static_cast<std::uint64_t>(facts.st_size) != entry.source_size ||
        nanoseconds(facts.st_mtim) != entry.source_modified)
      return Finding::source_changed;
    if (!contents) return std::nullopt;
    const UniqueFd injected = image.open_at(entry.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!injected || !same_bytes(source.get(), injected.get())) return Finding::contents_differ;
    return std::nullopt;
  } catch (const std::system_error&) {
    return Finding::source_gone;
  }
}

}  // namespace

std::string_view to_string(Finding finding) {
  switch (finding) {
    case Finding::missing:
      return "missing in the image";
    case Finding::changed:
      return "changed in the image";
    case Finding::source_gone:
      return "not on this host any more";
    case Finding::source_changed:
      return "changed on this host";
    case Finding::contents_differ:
      return "contents differ from the host's";
  }
  return "?";
}

std::vector<EntryFinding> check_entries(const Manifest& manifest, const ImageRoot& image,
                                        const HostSystem& host, bool contents) {
  std::vector<EntryFinding> findings;
  for (const ManifestEntry& entry : manifest.entries)
    if (const auto finding = check_entry(entry, image, host, contents))
      findings.push_back({&entry, *finding});
  return findings;
}

}  // namespace fromhost::core
