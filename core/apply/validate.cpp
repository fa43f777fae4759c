// SPDX-License-Identifier: Apache-2.0
// Apply: the last look before the commit. Reads the image, writes nothing.
#include "core/apply/validate.hpp"

#include <fnmatch.h>

#include <algorithm>

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

}  // namespace

void validate(const Plan& plan, const Preflight& preflight, const ImageRoot& image,
              const std::vector<ImagePath>& directories) {
  const ImageLibraries libraries = ImageLibraries::read(image);
  std::vector<Problem> problems;
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const PlannedFile& file = plan.files[i];
    const auto& facts = preflight.facts[i];
    if (file.role != FileRole::library || !facts || !facts->dynamic) continue;
    const ImagePath injected = file.directory / file.name;
    if (::fnmatch("lib*.so*", file.name.c_str(), 0) != 0 || !scanned(file.directory, directories, image)) {
      spdlog::trace("{}: not looked up by ldconfig there or by that name; not checked", injected.text());
      continue;
    }
    // ldconfig takes the file's name where there is no soname.
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
      spdlog::trace("{} is what the image's loader finds for {}", injected.text(), soname);
      continue;
    }
    problems.push_back({Stage::validate,
                        "the image's loader does not find " + soname + " from " + injected.text(),
                        "it finds " + image.resolve(*found).value_or(*found).text(),
                        "remove that one from the image, or put --dest " + found->parent().text() +
                            " before " + file.source.text()});
  }
  if (!problems.empty()) throw Error(std::move(problems));
}

}  // namespace fromhost::core
