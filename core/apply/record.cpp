// SPDX-License-Identifier: Apache-2.0
// Apply: from what was staged to manifest entries.
#include "core/apply/record.hpp"

#include <set>

namespace fromhost::core {
namespace {

ManifestEntry entry_of(ManifestEntry::Kind kind, const Transaction& transaction, const Staged& staged,
                       const SharedText& provider, const SharedText& set) {
  ManifestEntry entry;
  entry.kind = kind;
  entry.path = transaction.path(staged);
  entry.provider = provider;
  entry.set = set;
  entry.size = staged.facts.size;
  entry.modified = staged.facts.modification;
  entry.replaced = transaction.kept(staged);
  return entry;
}

void put_directories(Manifest& manifest, const Transaction& transaction) {
  for (const ImagePath& path : transaction.made_directories()) {
    ManifestEntry entry;
    entry.kind = ManifestEntry::Kind::directory;
    entry.path = path;
    manifest.put(std::move(entry));
  }
}

/// Whose its lines are stays as it was.
ManifestEntry text_entry(const Manifest& manifest, const Transaction& transaction, const Staged& text) {
  ManifestEntry entry = entry_of(ManifestEntry::Kind::text, transaction, text, "", "");
  if (const ManifestEntry* before = manifest.find(entry.path)) entry.lines = before->lines;
  return entry;
}

/// The last that is staged: no more names of the archive are given.
void put_cache(Manifest& manifest, const Transaction& transaction) {
  if (transaction.cache())
    manifest.put(entry_of(ManifestEntry::Kind::cache, transaction, *transaction.cache(), "", ""));
  manifest.next_kept = transaction.next_archived();
}

}  // namespace

Manifest record(Manifest old, const Plan& plan, const Preflight& preflight, const Transaction& transaction,
                ManifestRun run) {
  Manifest manifest = std::move(old);
  std::set<ImagePath> removed;
  for (const auto* some : {&plan.removals, &preflight.superseded})
    for (const PlannedRemoval& one : *some) removed.insert(one.path);
  manifest.remove(removed);
  manifest.entries.reserve(plan.files.size());
  put_directories(manifest, transaction);
  std::size_t next = 0;
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    if (preflight.sources[i].unchanged) continue;  // its entry stays
    const PlannedFile& file = plan.files[i];
    const Staged& staged = transaction.files()[next++];
    ManifestEntry entry = entry_of(ManifestEntry::Kind::file, transaction, staged, file.provider, file.set);
    entry.source = file.source.text();
    entry.source_size = staged.source.size;
    entry.source_modified = staged.source.modification;
    if (const auto& facts = preflight.facts[i]) {
      entry.soname = facts->soname;
      entry.build_id = facts->build_id;
    }
    manifest.put(std::move(entry));
  }
  const auto put_link = [&](const PlannedLink& link, const Staged& staged) {
    ManifestEntry entry = entry_of(ManifestEntry::Kind::link, transaction, staged, link.provider, link.set);
    entry.target = link.target;
    manifest.put(std::move(entry));
  };
  std::size_t link = 0;
  for (const PlannedLink& one : plan.links) put_link(one, transaction.links()[link++]);
  for (const PlannedLink& one : preflight.soname_links) put_link(one, transaction.links()[link++]);
  for (const Staged& text : transaction.texts()) manifest.put(text_entry(manifest, transaction, text));
  std::set<ImagePath> not_ours;
  for (const auto& [path, lines] : plan.line_owners) {
    if (lines.empty()) not_ours.insert(path);
    const ManifestEntry* text = manifest.find(path);
    if (!text || lines.empty()) continue;
    ManifestEntry entry = *text;
    entry.lines = lines;
    manifest.put(std::move(entry));
  }
  manifest.remove(not_ours);
  put_cache(manifest, transaction);
  manifest.runs.push_back(std::move(run));
  if (manifest.runs.size() > kMostRuns) manifest.runs.erase(manifest.runs.begin());
  return manifest;
}

Manifest record_undo(Manifest left, const Transaction& transaction) {
  put_directories(left, transaction);
  for (const Staged& text : transaction.texts())
    if (left.find(transaction.path(text))) left.put(text_entry(left, transaction, text));
  put_cache(left, transaction);
  return left;
}

}  // namespace fromhost::core
