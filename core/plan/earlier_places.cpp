// SPDX-License-Identifier: Apache-2.0
// Plan: by what the manifest remembers. Pure.
#include "core/plan/earlier_places.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "core/image/resolved_directories.hpp"

namespace fromhost::core {
namespace {

using Kind = ManifestEntry::Kind;

bool is_placed_first(const PlannedFile& file) {
  return file.role == FileRole::library && file.rule.text().ends_with(kFirstLdconfigDirectory);
}

/// The directory that a library should have, by provider and source.
using Places = std::map<std::pair<std::string_view, std::string_view>, ImagePath>;

Places places_in(const Manifest& manifest, const std::set<ImagePath>& scanned) {
  Places places;
  for (const ManifestEntry& entry : manifest.entries)
    if (entry.kind == Kind::file && scanned.count(entry.path.parent()) != 0)
      places.try_emplace({entry.provider.text(), entry.source}, entry.path.parent());
  return places;
}

/// A link below `first`, such as the one of which a program's developers link, goes with its library.
void keep_link(PlannedLink& link, const ImagePath& first, const ImagePath& kept, const Manifest& manifest) {
  const std::string below = first.text() + "/";
  if (!link.path.text().starts_with(below)) return;
  const ImagePath there = kept / link.path.text().substr(below.size());
  const ManifestEntry* entry = manifest.find(there);
  if (entry && entry->kind == Kind::link && entry->provider == link.provider && entry->target == link.target)
    link.path = there;
}

}  // namespace

void keep_earlier_places(Plan& plan, const Manifest& manifest, const ImageRoot& image,
                         const LibraryDirectories& directories) {
  if (manifest.empty() || std::none_of(plan.files.begin(), plan.files.end(), is_placed_first)) return;
  ResolvedDirectories physical(image);
  std::set<ImagePath> scanned;
  for (const ImagePath& one : directories()) scanned.insert(physical.at(one));
  const ImagePath first = directories().front();
  const Places places = places_in(manifest, scanned);
  std::set<ImagePath> taken, kept;
  for (const PlannedFile& file : plan.files)
    if (!is_placed_first(file)) taken.insert(physical.at(file.directory) / file.name);
  for (PlannedFile& file : plan.files) {
    if (!is_placed_first(file)) continue;
    const auto place = places.find({file.provider.text(), file.source.text()});
    if (place == places.end() || place->second == physical.at(first)) continue;
    if (taken.count(place->second / file.name) != 0) continue;
    file.directory = place->second;
    file.rule = "where an earlier run put it";
    kept.insert(place->second);
  }
  for (const ImagePath& directory : kept)
    for (PlannedLink& link : plan.links) keep_link(link, first, directory, manifest);
}

}  // namespace fromhost::core
