// SPDX-License-Identifier: Apache-2.0
// Preflight: by what the manifest remembers.
#include "core/preflight/already_there.hpp"

#include <algorithm>

#include "core/image/resolved_directories.hpp"

namespace fromhost::core {

bool already_there(const Plan& plan, const Preflight& preflight, const Manifest& manifest,
                   const ImageRoot& image, bool with_cache) {
  if (!plan.texts.empty() || !plan.removals.empty() || !preflight.superseded.empty() ||
      !preflight.soname_links.empty())
    return false;
  ResolvedDirectories directories(image);
  const auto ours = [&](const ImagePath& directory, std::string_view name) -> const ManifestEntry* {
    const ManifestEntry* entry = manifest.find(directories.at(directory) / name);
    return entry && as_we_left_it(*entry, image) ? entry : nullptr;
  };
  for (const PlannedDirectory& one : plan.directories)
    if (!image.is_directory(one.path)) return false;
  for (const PlannedLink& link : plan.links) {
    const ManifestEntry* entry = ours(link.path.parent(), link.path.name());
    if (!entry || entry->kind != ManifestEntry::Kind::link || entry->target != link.target) return false;
  }
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const PlannedFile& file = plan.files[i];
    const PlannedSource& source = preflight.sources[i];
    const ManifestEntry* entry = ours(file.directory, file.name);
    if (!entry || entry->kind != ManifestEntry::Kind::file || entry->provider != file.provider ||
        entry->source != file.source.text() || entry->set != file.set || entry->source_size != source.size ||
        entry->source_modified != source.modification)
      return false;
  }
  const ManifestEntry* cache = with_cache ? ours(ImagePath("/etc"), "ld.so.cache") : nullptr;
  return !with_cache || cache;
}

}  // namespace fromhost::core
