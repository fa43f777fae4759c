// SPDX-License-Identifier: Apache-2.0
// Preflight: libfabric's symbol versions. Reads the image, executes nothing of it.
#include "core/preflight/libfabric_versions.hpp"

#include <fcntl.h>

#include <algorithm>
#include <set>

#include "core/image/image_libraries.hpp"
#include "core/preflight/budget.hpp"

namespace fromhost::core {
namespace {

bool may_be_linked(const std::string& name, bool program) {
  return program || name.find(".so") != std::string::npos;
}

void check_file(const ImagePath& path, const std::string& source, const ElfFacts& libfabric,
                const ImageRoot& image, Budget& budget, std::vector<Finding>& findings) {
  budget.spend(Budget::kPath);
  const auto status = image.lstat(path);
  if (!status || !S_ISREG(status->st_mode)) return;
  const auto facts = read_elf(image.open_at(path, O_RDONLY | O_NONBLOCK | O_NOCTTY).get());
  budget.spend(cost_of(facts));
  if (!facts) return;
  for (const VersionNeed& need : facts->version_needs) {
    if (need.weak || need.library.compare(0, 13, "libfabric.so.") != 0) continue;
    if (std::find(libfabric.versions.begin(), libfabric.versions.end(), need.version) !=
        libfabric.versions.end())
      continue;
    findings.push_back(make_finding(
        FindingKind::libfabric_too_old, path.text() + " needs " + need.version + " of " + need.library,
        source + " does not define it; its newest is " +
            (libfabric.versions.empty() ? "none" : libfabric.versions.back()),
        "use a newer libfabric of the host, or build the image's MPI with an older one"));
  }
}

}  // namespace

std::vector<Finding> check_libfabric_versions(const std::string& source, const ElfFacts& libfabric,
                                              const ImageRoot& image) {
  Budget budget;  // of its own: the image's programs are many
  std::set<ImagePath> libraries, programs;
  const ImageLibraries cached = ImageLibraries::read(image);
  for (const LdSoCacheEntry& entry : cached.entries()) libraries.insert(ImagePath(entry.path).parent());
  for (const char* usual : {"/usr/local/lib", "/usr/lib", "/usr/lib64"}) libraries.insert(ImagePath(usual));
  for (const char* usual : {"/usr/local/bin", "/usr/bin"}) programs.insert(ImagePath(usual));
  std::vector<Finding> findings;
  std::set<ImagePath> seen;  // /lib and /usr/lib are often the same
  for (const bool program : {false, true})
    for (const ImagePath& directory : program ? programs : libraries) {
      budget.spend(Budget::kPath);
      const auto resolved = image.resolve(directory);
      if (!resolved || !seen.insert(*resolved).second) continue;
      for (const std::string& name : image.list(*resolved))
        if (may_be_linked(name, program) && !budget.used_up())
          check_file(*resolved / name, source, libfabric, image, budget, findings);
    }
  if (budget.used_up())
    findings.push_back(make_finding(FindingKind::unchecked, "not all programs of the image were looked at",
                                    "it has too many to see which need a newer libfabric than " + source));
  return findings;
}

}  // namespace fromhost::core
