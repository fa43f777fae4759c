// SPDX-License-Identifier: Apache-2.0
// Preflight: by what the manifest remembers.
#include "core/preflight/already_there.hpp"

#include <algorithm>

#include "core/image/resolved_directories.hpp"

namespace fromhost::core {
namespace {

/// The entry of a name that is still as an earlier run left it; nullptr: it is not, or was never ours.
class AsWeLeftThem {
 public:
  AsWeLeftThem(const Manifest& manifest, const ImageRoot& image)
      : manifest_(manifest), image_(image), directories_(image) {}
  const ManifestEntry* find(const ImagePath& directory, std::string_view name) {
    const ManifestEntry* entry = manifest_.find(directories_.at(directory) / name);
    return entry && as_we_left_it(*entry, image_) ? entry : nullptr;
  }

 private:
  const Manifest& manifest_;
  const ImageRoot& image_;
  ResolvedDirectories directories_;
};

/// A chmod changes neither size nor time of a file.
bool has_mode(const ImageRoot& image, const ManifestEntry& entry, mode_t mode) {
  const auto status = image.lstat(entry.path);
  return status && (status->st_mode & 0777) == (mode & 0777);
}

}  // namespace

void find_unchanged(Preflight& preflight, const Plan& plan, const Manifest& manifest,
                    const ImageRoot& image) {
  if (manifest.empty()) return;
  AsWeLeftThem ours(manifest, image);
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const PlannedFile& file = plan.files[i];
    PlannedSource& source = preflight.sources[i];
    const ManifestEntry* entry = ours.find(file.directory, file.name);
    source.unchanged = entry && entry->kind == ManifestEntry::Kind::file && source.mode != 0 &&
                       entry->provider == file.provider && entry->source == file.source.text() &&
                       entry->set == file.set && entry->source_size == source.size &&
                       entry->source_modified == source.modification && has_mode(image, *entry, source.mode);
    if (source.unchanged) preflight.bytes -= source.size;
  }
}

std::size_t count_unchanged(const Preflight& preflight) {
  return static_cast<std::size_t>(
      std::count_if(preflight.sources.begin(), preflight.sources.end(),
                    [](const PlannedSource& source) { return source.unchanged; }));
}

bool already_there(const Plan& plan, const Preflight& preflight, const Manifest& manifest,
                   const ImageRoot& image, bool with_cache) {
  if (!plan.texts.empty() || !plan.line_owners.empty() || !plan.removals.empty() ||
      !preflight.superseded.empty() || !preflight.soname_links.empty())
    return false;
  AsWeLeftThem ours(manifest, image);
  for (const PlannedDirectory& one : plan.directories)
    if (!image.is_directory(one.path)) return false;
  for (const PlannedLink& link : plan.links) {
    const ManifestEntry* entry = ours.find(link.path.parent(), link.path.name());
    if (!entry || entry->kind != ManifestEntry::Kind::link || entry->target != link.target) return false;
  }
  if (!std::all_of(preflight.sources.begin(), preflight.sources.end(),
                   [](const PlannedSource& source) { return source.unchanged; }))
    return false;
  const ManifestEntry* cache = with_cache ? ours.find(ImagePath("/etc"), "ld.so.cache") : nullptr;
  return !with_cache || cache;
}

}  // namespace fromhost::core
