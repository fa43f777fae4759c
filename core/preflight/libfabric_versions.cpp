// SPDX-License-Identifier: Apache-2.0
// Preflight: libfabric's symbol versions. Reads the image, executes nothing of it.
#include "core/preflight/libfabric_versions.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "core/host/resolve_in_root.hpp"
#include "core/image/image_libraries.hpp"
#include "core/preflight/budget.hpp"

namespace fromhost::core {
namespace {

bool may_be_linked(const std::string& name, bool program) {
  return program || name.find(".so") != std::string::npos;
}

/// A directory of the image and what is known of it.
struct Place {
  int directory;
  const ImagePath& path;
  /// Its programs are read, and forgotten: nothing asks for them again.
  ElfMemory& memory;
};

void check_file(const Place& place, const std::string& name, const std::string& source,
                const ElfFacts& libfabric, Budget& budget, std::vector<Finding>& findings) {
  // A name from a listing has no slash, and is not followed: there is no way out of the directory.
  const UniqueFd file(
      ::openat(place.directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status;
  ElfMemory::Facts facts;
  if (file && ::fstat(file.get(), &status) == 0) facts = place.memory.read(file.get(), status);
  budget.spend(cost_of(facts.get()));
  if (!facts) return;
  for (const VersionNeed& need : facts->version_needs) {
    if (need.weak || need.library.compare(0, 13, "libfabric.so.") != 0) continue;
    if (std::find(libfabric.versions.begin(), libfabric.versions.end(), need.version) !=
        libfabric.versions.end())
      continue;
    findings.push_back(
        make_finding(FindingKind::libfabric_too_old,
                     (place.path / name).text() + " needs " + need.version + " of " + need.library,
                     source + " does not define it; its newest is " +
                         (libfabric.versions.empty() ? "none" : libfabric.versions.back()),
                     "use a newer libfabric of the host, or build the image's MPI with an older one"));
  }
}

}  // namespace

std::vector<Finding> check_libfabric_versions(const std::string& source, const ElfFacts& libfabric,
                                              const ImageRoot& image, ElfMemory& memory) {
  Budget budget;  // of its own: the image's programs are many
  std::set<ImagePath> libraries, programs;
  const ImageLibraries cached = ImageLibraries::read(image);
  for (const LdSoCacheEntry& entry : cached.entries()) libraries.insert(ImagePath(entry.path).parent());
  for (const char* usual : {"/usr/local/lib", "/usr/lib", "/usr/lib64"}) libraries.insert(ImagePath(usual));
  for (const char* usual : {"/usr/local/bin", "/usr/bin"}) programs.insert(ImagePath(usual));
  std::vector<Finding> findings;
  ElfMemory nothing(0);
  std::set<ImagePath> seen;  // /lib and /usr/lib are often the same
  for (const bool program : {false, true})
    for (const ImagePath& directory : program ? programs : libraries) {
      budget.spend(Budget::kPath);
      const auto resolved = image.resolve(directory);
      if (!resolved || !seen.insert(*resolved).second) continue;
      const UniqueFd opened = image.open_at(*resolved, O_RDONLY | O_DIRECTORY);
      if (!opened) continue;
      const Place place{opened.get(), *resolved, program ? nothing : memory};
      for (const ListedName& one : list_kinds(opened.get())) {
        if (!may_be_linked(one.name, program) || budget.used_up()) continue;
        budget.spend(Budget::kPath);
        if (one.regular) check_file(place, one.name, source, libfabric, budget, findings);
      }
    }
  if (budget.used_up())
    findings.push_back(make_finding(FindingKind::unchecked, "not all programs of the image were looked at",
                                    "it has too many to see which need a newer libfabric than " + source));
  return findings;
}

}  // namespace fromhost::core
