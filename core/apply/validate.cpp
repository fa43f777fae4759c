// SPDX-License-Identifier: Apache-2.0
// Apply: the last look before the commit. Reads the image, writes nothing.
#include "core/apply/validate.hpp"

#include <fcntl.h>
#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/host/same_bytes.hpp"
#include "core/image/image_libraries.hpp"
#include "core/log.hpp"

namespace fromhost::core {
namespace {

bool scanned(const ImagePath& directory, const std::vector<ImagePath>& directories, const ImageRoot& image) {
  const auto ours = image.stat(directory);
  return ours && std::any_of(directories.begin(), directories.end(), [&](const ImagePath& one) {
           const auto theirs = image.stat(one);
           return theirs && same_file(*ours, *theirs);
         });
}

bool same_contents(const ImageRoot& image, const ImagePath& a, const ImagePath& b) {
  const UniqueFd first = image.open_at(a, O_RDONLY | O_NONBLOCK),
                 second = image.open_at(b, O_RDONLY | O_NONBLOCK);
  return first && second && same_bytes(first.get(), second.get());
}

using Identity = std::pair<dev_t, ino_t>;

std::set<Identity> injected_files(const ImageRoot& image, const Plan& plan) {
  std::set<Identity> files;
  for (const PlannedFile& file : plan.files)
    if (const auto ours = image.stat(file.directory / file.name)) files.emplace(ours->st_dev, ours->st_ino);
  return files;
}

}  // namespace

std::size_t validate(const Plan& plan, const Preflight& preflight, const ImageRoot& image,
                     const std::vector<ImagePath>& directories) {
  const ImageLibraries libraries = ImageLibraries::read(image);
  std::vector<Problem> problems;
  std::size_t looked_up = 0;
  std::map<ImagePath, bool> is_scanned;          // of the plan's directories
  std::optional<std::set<Identity>> identities;  // looked at only where one is hidden
  const auto injected_too = [&](const struct stat& found) {
    if (!identities) identities = injected_files(image, plan);
    return identities->count({found.st_dev, found.st_ino}) != 0;
  };
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const PlannedFile& file = plan.files[i];
    const auto& facts = preflight.facts[i];
    if (file.role != FileRole::library || !facts || !facts->dynamic) continue;
    if (preflight.not_found.count(i)) continue;  // known, and wanted all the same (--force)
    const ImagePath injected = file.directory / file.name;
    const auto [known, fresh] = is_scanned.try_emplace(file.directory);
    if (fresh) known->second = scanned(file.directory, directories, image);
    if (::fnmatch("lib*.so*", file.name.c_str(), 0) != 0 || !known->second) {
      log::trace("{}: not looked up by ldconfig there or by that name; not checked", injected.text());
      continue;
    }
    // ldconfig takes the file's name where there is no soname.
    ++looked_up;
    const std::string soname = facts->soname.empty() ? file.name : facts->soname;
    const auto found = libraries.in_cache(soname, facts->machine, facts->elf_class);
    if (!found) {
      problems.push_back({Stage::validate,
                          "the image's loader does not find " + soname + " from " + injected.text(),
                          "it is not in the image's ld.so.cache after ldconfig", ""});
      continue;
    }
    const auto theirs = image.stat(*found), ours = image.stat(injected);
    if (theirs && ours && same_file(*theirs, *ours)) {
      log::trace("{} is what the image's loader finds for {}", injected.text(), soname);
      continue;
    }
    // One library by two names (libfoo.so and libfoo.so.1.0), in one run or in two: ldconfig prefers one of
    // them.
    if (theirs && (injected_too(*theirs) || same_contents(image, *found, injected))) {
      log::trace("{}: the image's loader finds the same as {}", injected.text(), found->text());
      continue;
    }
    const ImagePath resolved = image.resolve(*found).value_or(*found);
    std::string way_out = "remove that one from the image";
    if (!scanned(file.directory, {resolved.parent()}, image))
      way_out += ", or put --dest " + resolved.parent().text() + " before " + file.source.text();
    problems.push_back({Stage::validate,
                        "the image's loader does not find " + soname + " from " + injected.text(),
                        "it finds " + resolved.text(), way_out});
  }
  if (!problems.empty()) throw Error(std::move(problems));
  return looked_up;
}

}  // namespace fromhost::core
