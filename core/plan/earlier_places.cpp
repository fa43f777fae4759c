// SPDX-License-Identifier: Apache-2.0
// Plan: by what the manifest remembers. Reads the image's ld.so.conf.d, writes nothing.
#include "core/plan/earlier_places.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "core/image/ld_so_conf.hpp"
#include "core/image/resolved_directories.hpp"

namespace fromhost::core {
namespace {

using Kind = ManifestEntry::Kind;
constexpr std::uint64_t kMostConfiguration = 64u << 10;

bool is_placed_first(const PlannedFile& file) {
  return file.role == FileRole::library && file.rule.text().ends_with(kFirstLdconfigDirectory);
}

/// Is the directory first because of lines that came with an injection?
bool is_first_by_us(const ImagePath& first, const Manifest& manifest, const ImageRoot& image) {
  for (const ManifestEntry& entry : manifest.entries) {
    if (entry.kind != Kind::text) continue;
    const auto text = image.read_file(entry.path, kMostConfiguration);
    if (!text) continue;
    for (const LdSoConfLine& line : parse_ld_so_conf(*text))
      if (line.kind == LdSoConfLine::Kind::directory && ImagePath(line.words.front()) == first) return true;
  }
  return false;
}

class EarlierPlaces {
 public:
  EarlierPlaces(Plan& plan, const Manifest& manifest, const ImageRoot& image,
                const std::vector<ImagePath>& directories)
      : plan_(plan), manifest_(manifest), physical_(image), first_(directories.front()) {
    for (const ImagePath& one : directories) scanned_.insert(physical_.at(one));
    for (const PlannedFile& file : plan.files) {
      if (is_placed_first(file))
        by_provider_[file.provider];
      else
        taken_.insert(physical_.at(file.directory) / file.name);
    }
    for (const ManifestEntry& entry : manifest.entries)
      if (entry.kind == Kind::file && by_provider_.count(entry.provider) != 0)
        by_provider_[entry.provider].emplace(entry.source, &entry);
  }

  void keep() {
    for (const auto& [provider, entries] : by_provider_)
      if (const auto kept = directory_of(provider, entries)) keep(provider, *kept);
  }

 private:
  using Entries = std::multimap<std::string_view, const ManifestEntry*>;  // by source

  /// The one directory in which an earlier run put all of the provider's libraries. A newer driver, of which
  /// some are new, goes where a first one would go.
  std::optional<ImagePath> directory_of(const std::string& provider, const Entries& entries) {
    std::optional<ImagePath> kept;
    for (const PlannedFile& file : plan_.files) {
      if (!is_placed_first(file) || file.provider.text() != provider) continue;
      const auto entry = entries.find(file.source.text());
      if (entry == entries.end() || entries.count(file.source.text()) > 1) return std::nullopt;
      const ImagePath directory = entry->second->path.parent();
      if (kept.value_or(directory) != directory || taken_.count(directory / file.name) != 0)
        return std::nullopt;
      kept = directory;
    }
    if (kept && (scanned_.count(*kept) == 0 || *kept == physical_.at(first_))) return std::nullopt;
    return kept;
  }

  void keep(const std::string& provider, const ImagePath& kept) {
    for (PlannedFile& file : plan_.files)
      if (is_placed_first(file) && file.provider.text() == provider) {
        file.directory = kept;
        file.rule = "where an earlier run put it";
      }
    // Links beside the libraries, such as the one that developers link with.
    const std::string below = first_.text() + "/";
    for (PlannedLink& link : plan_.links) {
      if (link.provider.text() != provider || !link.path.text().starts_with(below)) continue;
      const ImagePath there = kept / link.path.text().substr(below.size());
      const ManifestEntry* entry = manifest_.find(there);
      if (entry && entry->kind == Kind::link && entry->target == link.target) link.path = there;
    }
  }

  Plan& plan_;
  const Manifest& manifest_;
  ResolvedDirectories physical_;
  const ImagePath first_;
  std::set<ImagePath> scanned_, taken_;
  std::map<std::string, Entries> by_provider_;
};

}  // namespace

void keep_earlier_places(Plan& plan, const Manifest& manifest, const ImageRoot& image,
                         const LibraryDirectories& directories) {
  if (manifest.empty() || std::none_of(plan.files.begin(), plan.files.end(), is_placed_first)) return;
  if (is_first_by_us(directories().front(), manifest, image))
    EarlierPlaces(plan, manifest, image, directories()).keep();
}

}  // namespace fromhost::core
