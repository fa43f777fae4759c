// SPDX-License-Identifier: Apache-2.0
// Plan: removals, from the manifest alone. Pure; reads the image, writes nothing.
#include "core/plan/removals.hpp"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "core/error.hpp"
#include "core/image/resolved_directories.hpp"
#include "core/plan/line_owners.hpp"

namespace fromhost::core {
namespace {

using Kind = ManifestEntry::Kind;

std::string stays(const ManifestEntry& entry) {
  return entry.path.text() + " was changed since it was injected, and stays";
}

void add_directories_above(const ImagePath& path, std::set<ImagePath>& directories) {
  for (ImagePath one = path.parent(); directories.insert(one).second && !one.is_root();) one = one.parent();
}

/// Those that have one of these, what it replaced, or the manifest, somewhere below.
std::set<ImagePath> directories_of(const std::vector<const ManifestEntry*>& entries) {
  std::set<ImagePath> directories;
  add_directories_above(ImagePath(kManifest), directories);
  for (const ManifestEntry* one : entries) {
    add_directories_above(one->path, directories);
    if (!one->replaced.empty()) directories.insert(ImagePath(kArchive));
  }
  return directories;
}

/// A link by which the loader finds a library of ours. No plan names it: it follows from the library.
bool is_soname_link(const ManifestEntry& entry, const Manifest& manifest, ImagePath& library) {
  if (entry.kind != Kind::link || entry.target.text().find('/') != std::string::npos) return false;
  library = entry.path.parent() / entry.target.text();
  const ManifestEntry* target = manifest.find(library);
  return target && target->kind == Kind::file && target->soname == entry.path.name();
}

/// Has a line an owner of whom this is true?
template <typename Predicate>
bool has_owner(const ManifestEntry& entry, Predicate predicate) {
  return std::any_of(entry.lines.begin(), entry.lines.end(), [&](const OwnedLine& line) {
    return std::any_of(line.owners.begin(), line.owners.end(),
                       [&](const LineOwner& one) { return predicate(one.provider.text()); });
  });
}

/// The lines that somebody else wants, with who does.
std::vector<OwnedLine> lines_without(const ManifestEntry& entry, const std::string& provider) {
  std::vector<OwnedLine> left = entry.lines;
  for (OwnedLine& line : left)
    std::erase_if(line.owners, [&](const LineOwner& one) { return one.provider.text() == provider; });
  std::erase_if(left, [](const OwnedLine& line) { return line.owners.empty(); });
  return left;
}

}  // namespace

void plan_superseded(Plan& plan, const Manifest& manifest, const ImageRoot& image) {
  std::set<ImagePath> wanted;
  ResolvedDirectories directories(image);
  const auto want = [&](const ImagePath& directory, const std::string& name) {
    wanted.insert(directories.at(directory) / name);
  };
  if (std::all_of(manifest.entries.begin(), manifest.entries.end(),
                  [](const ManifestEntry& entry) { return entry.set.empty(); }))
    return;
  const auto sets = sets_in(plan);
  for (const PlannedFile& file : plan.files) want(file.directory, file.name);
  for (const PlannedLink& link : plan.links) want(link.path.parent(), std::string(link.path.name()));
  for (const PlannedText& text : plan.texts) want(text.path.parent(), std::string(text.path.name()));
  for (const ManifestEntry& entry : manifest.entries) {
    if (entry.set.empty() || !sets.count({entry.provider, entry.set}) || wanted.count(entry.path)) continue;
    if (entry.kind == Kind::directory || !image.lstat(entry.path)) continue;
    // As long as the library stays, so does the link; should it lead elsewhere now, preflight makes it anew.
    if (ImagePath library("/"); is_soname_link(entry, manifest, library) && wanted.count(library)) continue;
    if (as_we_left_it(entry, image))
      plan.removals.push_back({entry.path, entry.replaced, false,
                               "not injected by --" + entry.set.text() + " any more", entry.provider});
    else
      plan.warnings.push_back(stays(entry));
  }
}

Undo plan_undo(const Manifest& manifest, const ImageRoot& image, const std::string& provider, bool force) {
  if (manifest.empty()) throw Error({Stage::plan, "nothing is injected in " + image.path(), "", ""});
  const auto chosen = [&](const ManifestEntry& entry) {
    return provider.empty() || entry.provider == provider;
  };
  const auto is_chosen = [&](const std::string& one) { return one == provider; };
  const auto is_another = [&](const std::string& one) { return !one.empty() && one != provider; };
  const bool known =
      std::any_of(manifest.entries.begin(), manifest.entries.end(),
                  [&](const ManifestEntry& entry) { return chosen(entry) || has_owner(entry, is_chosen); });
  if (!known)
    throw Error({Stage::plan, "nothing of " + provider + " is injected in " + image.path(), "",
                 "ch-fromhost --status shows what is"});
  // What the core made, such as directories and the cache, serves all providers: it goes with the last of
  // them.
  const bool everything =
      std::all_of(manifest.entries.begin(), manifest.entries.end(), [&](const ManifestEntry& e) {
        return (e.provider.empty() || chosen(e)) && (provider.empty() || !has_owner(e, is_another));
      });
  Undo undo;
  undo.left.runs = manifest.runs;
  undo.left.next_kept = manifest.next_kept;
  std::vector<PlannedRemoval> directories;
  std::vector<const ManifestEntry*> staying;
  std::deque<ManifestEntry> with_fewer_lines;
  bool cache_stays = !everything, has_cache = false;
  for (auto entry = manifest.entries.rbegin(); entry != manifest.entries.rend(); ++entry) {
    has_cache |= entry->kind == Kind::cache;
    if (!entry->lines.empty()) {
      std::vector<OwnedLine> left;
      if (!everything) left = lines_without(*entry, provider);
      TextFate fate = TextFate::ours;
      if (left != entry->lines)
        fate = plan_lines_left(undo.plan, *entry, left, {"undone", true, force}, image);
      if (fate == TextFate::not_ours) continue;
      if (fate == TextFate::ours) {
        with_fewer_lines.push_back(*entry);
        with_fewer_lines.back().lines = std::move(left);
      }
      staying.push_back(fate == TextFate::ours ? &with_fewer_lines.back() : &*entry);
      continue;
    }
    if (!everything && !chosen(*entry)) {
      staying.push_back(&*entry);
      continue;
    }
    PlannedRemoval removal{entry->path, entry->replaced, entry->kind == Kind::directory, "undone",
                           entry->provider};
    if (removal.directory) {
      directories.push_back(std::move(removal));
      continue;
    }
    if (!image.lstat(entry->path) && entry->replaced.empty()) continue;  // gone already
    if (!force && !as_we_left_it(*entry, image)) {
      if (entry->kind == Kind::cache) {
        cache_stays = true;
        if (entry->replaced.empty()) continue;
      } else {
        undo.plan.warnings.push_back(stays(*entry) + "; --force undoes it all the same");
      }
      staying.push_back(&*entry);
      continue;
    }
    undo.plan.removals.push_back(std::move(removal));
  }
  // Where somebody's own lines stay, the cache that we found does not know them.
  const bool own_lines_stay = !undo.plan.texts.empty() && has_cache;
  undo.plan.has_libraries = cache_stays || own_lines_stay;
  const bool nothing_left = std::all_of(staying.begin(), staying.end(),
                                        [](const ManifestEntry* e) { return e->kind == Kind::cache; });
  // A directory stays ours as long as something of ours is in it.
  const std::set<ImagePath> holding = nothing_left ? std::set<ImagePath>() : directories_of(staying);
  for (const ManifestEntry& entry : manifest.entries)
    if (entry.kind == Kind::directory && (everything || chosen(entry)) && holding.count(entry.path))
      undo.left.put(entry);
  for (auto one = staying.rbegin(); one != staying.rend(); ++one) undo.left.put(**one);
  if (nothing_left) {
    undo.left = {};
    // The cache that somebody made since stays, and what that replaced goes.
    for (const ManifestEntry* one : staying)
      if (!one->replaced.empty())
        undo.plan.removals.push_back({ImagePath(kArchive) / one->replaced, "", false, "undone", ""});
    undo.plan.removals.push_back({ImagePath(kManifest), "", false, "undone", ""});
  }
  // Last made, first removed: the manifest was read backwards.
  for (PlannedRemoval& one : directories) undo.plan.removals.push_back(std::move(one));
  return undo;
}

}  // namespace fromhost::core
