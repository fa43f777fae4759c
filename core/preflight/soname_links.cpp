// SPDX-License-Identifier: Apache-2.0
// Preflight: soname links. ldconfig itself runs without the right to make them.
#include "core/preflight/soname_links.hpp"

#include <fcntl.h>
#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <set>

#include "core/image/resolved_directories.hpp"
#include "core/log.hpp"

namespace fromhost::core {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The highest of a directory's other files of this soname, whatever a link says now: at its next run, the
/// image's own ldconfig would prefer it. Empty: there is none.
std::string highest_of(const ImageRoot& image, const ImagePath& directory,
                       const std::vector<std::string>& names, const std::string& soname,
                       const std::function<bool(const ImagePath&)>& goes, Budget& budget, ElfMemory& memory) {
  const std::string stem = soname.substr(0, soname.find(".so") + 3);
  std::string highest;
  // The names are sorted.
  for (auto one = std::lower_bound(names.begin(), names.end(), stem); one != names.end(); ++one) {
    const std::string& name = *one;
    if (name.compare(0, stem.size(), stem) != 0) break;
    if (name == soname || goes(directory / name)) continue;
    if (!highest.empty() && compare_library_names(name, highest) < 0) continue;
    if (budget.used_up()) break;  // a finding says so, by check_compatibility()
    const auto status = image.lstat(directory / name);
    if (!status || !S_ISREG(status->st_mode)) continue;
    const ElfMemory::Facts elf = memory.of(*status, [&] {
      return image.open_at(directory / name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    });
    budget.spend(cost_of(elf.get()));
    if (elf && elf->dynamic && elf->soname == soname) highest = name;
  }
  return highest;
}

}  // namespace

bool is_library_name(const std::string& name) {
  return ::fnmatch("lib*.so*", name.c_str(), 0) == 0 || ::fnmatch("ld*.so*", name.c_str(), 0) == 0;
}

int compare_library_names(const std::string& a, const std::string& b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      std::size_t end_a = i, end_b = j;
      while (end_a < a.size() && is_digit(a[end_a])) ++end_a;
      while (end_b < b.size() && is_digit(b[end_b])) ++end_b;
      while (i + 1 < end_a && a[i] == '0') ++i;
      while (j + 1 < end_b && b[j] == '0') ++j;
      if (end_a - i != end_b - j) return end_a - i < end_b - j ? -1 : 1;
      if (const int order = a.compare(i, end_a - i, b, j, end_b - j)) return order;
      i = end_a;
      j = end_b;
      continue;
    }
    // A number comes after anything else, as 1.2 after 1-beta.
    if (is_digit(a[i]) != is_digit(b[j])) return is_digit(a[i]) ? 1 : -1;
    if (a[i] != b[j]) return a[i] < b[j] ? -1 : 1;
    ++i;
    ++j;
  }
  return (i < a.size()) - (j < b.size());
}

void find_soname_links(Preflight& preflight, const Plan& plan, const Manifest& manifest,
                       const ImageRoot& image, const std::vector<ImagePath>& directories) {
  std::set<ImagePath> scanned, gone;
  for (const ImagePath& one : directories)
    if (const auto physical = image.resolve(one)) scanned.insert(*physical);
  for (const PlannedRemoval& one : plan.removals) gone.insert(one.path);
  std::set<ImagePath> placed;
  ResolvedDirectories resolved(image);
  for (const PlannedFile& file : plan.files) placed.insert(resolved.at(file.directory) / file.name);
  for (const PlannedLink& link : plan.links) placed.insert(link.path);

  std::multimap<std::string, const ManifestEntry*> earlier;  // injections, by soname
  for (const ManifestEntry& entry : manifest.entries)
    if (entry.kind == ManifestEntry::Kind::file && !entry.soname.empty())
      earlier.emplace(entry.soname, &entry);

  const auto goes = [&](const ImagePath& path) { return placed.count(path) || gone.count(path); };
  std::map<ImagePath, std::vector<std::string>> listings;
  std::map<ImagePath, PlannedLink> links;
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const PlannedFile& file = plan.files[i];
    const auto& facts = preflight.facts[i];
    if (file.role != FileRole::library || !facts || !facts->dynamic || facts->soname.empty() ||
        facts->soname == file.name || facts->soname.find('/') != std::string::npos ||
        !is_library_name(file.name))
      continue;
    const ImagePath& directory = resolved.at(file.directory);
    const ImagePath path = directory / facts->soname;
    if (!scanned.count(directory) || placed.count(path)) continue;

    // Earlier versions that were ours and that nobody changed.
    const auto [from, to] = earlier.equal_range(facts->soname);
    for (auto one = from; one != to; ++one) {
      const ManifestEntry& entry = *one->second;
      if (entry.provider == file.provider && entry.path.parent() == directory && !placed.count(entry.path) &&
          !gone.count(entry.path) && as_we_left_it(entry, image)) {
        gone.insert(entry.path);
        preflight.superseded.push_back(
            {entry.path, entry.replaced, false, file.name + " takes its place", entry.provider});
      }
    }

    const auto known = links.find(path);
    if (known != links.end()) {
      if (compare_library_names(file.name, known->second.target) > 0) known->second.target = file.name;
      continue;
    }
    const auto present = image.lstat(path);
    if (present && !S_ISLNK(present->st_mode) && !S_ISREG(present->st_mode)) {
      // ldconfig makes no link over it, and the loader would stumble upon it.
      preflight.findings.push_back(make_finding(FindingKind::taken, "cannot inject: " + path.text(),
                                                S_ISDIR(present->st_mode)
                                                    ? "the image has a directory of that name"
                                                    : "the image has a special file there"));
      continue;
    }
    if (present && !S_ISLNK(present->st_mode)) {
      log::trace("{}: a file of the image, so no link to {}", path.text(), file.name);
      continue;
    }
    if (present) {
      const std::string target = image.link_target(path);
      const ImagePath there = target.find('/') == std::string::npos ? directory / target : ImagePath(target);
      if (!gone.count(there) && target != file.name && image.stat(path) &&
          compare_library_names(target, file.name) > 0) {
        log::trace("{}: leads to {}, a higher version than {}", path.text(), target, file.name);
        continue;
      }
    }
    links.emplace(path, PlannedLink{path, file.name, "its soname", file.provider, file.set});
    listings.try_emplace(directory, std::vector<std::string>());
  }
  for (auto& [directory, names] : listings)
    if (image.is_directory(directory)) names = image.list(directory);
  for (auto& [path, link] : links) {
    const ImagePath directory = path.parent();
    const std::string other = highest_of(image, directory, listings[directory], std::string(path.name()),
                                         goes, preflight.budget, preflight.elf);
    if (other.empty() || compare_library_names(other, link.target) < 0) continue;
    log::trace("{}: leads to {}, a higher version than {}", path.text(), other, link.target);
    link.target = other;
  }
  for (auto& [path, link] : links)
    if (image.link_target(path) != link.target) preflight.soname_links.push_back(std::move(link));
}

}  // namespace fromhost::core
