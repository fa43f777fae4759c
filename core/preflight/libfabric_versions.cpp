// SPDX-License-Identifier: Apache-2.0
// Preflight: libfabric's symbol versions. Reads the image, executes nothing of it.
#include "core/preflight/libfabric_versions.hpp"

#include <fcntl.h>

#include <algorithm>
#include <set>

#include "core/image/image_libraries.hpp"

namespace fromhost::core {
namespace {

constexpr std::size_t kMostFiles = 100'000;

bool may_be_linked(const std::string& name, bool program) {
  return program || name.find(".so") != std::string::npos;
}

void check_file(const ImagePath& path, const std::string& source, const ElfFacts& libfabric,
                const ImageRoot& image, std::vector<Finding>& findings) {
  const auto status = image.lstat(path);
  if (!status || !S_ISREG(status->st_mode)) return;
  const auto facts = read_elf(image.open_at(path, O_RDONLY | O_NONBLOCK | O_NOCTTY).get());
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
  std::set<ImagePath> libraries, programs;
  const ImageLibraries cached = ImageLibraries::read(image);
  for (const LdSoCacheEntry& entry : cached.entries()) libraries.insert(ImagePath(entry.path).parent());
  for (const char* usual : {"/usr/local/lib", "/usr/lib", "/usr/lib64"}) libraries.insert(ImagePath(usual));
  for (const char* usual : {"/usr/local/bin", "/usr/bin"}) programs.insert(ImagePath(usual));
  std::vector<Finding> findings;
  std::size_t files = 0;
  std::set<ImagePath> seen;  // /lib and /usr/lib are often the same
  for (const bool program : {false, true})
    for (const ImagePath& directory : program ? programs : libraries) {
      const auto resolved = image.resolve(directory);
      if (!resolved || !seen.insert(*resolved).second) continue;
      for (const std::string& name : image.list(*resolved))
        if (may_be_linked(name, program) && ++files <= kMostFiles)
          check_file(*resolved / name, source, libfabric, image, findings);
    }
  return findings;
}

}  // namespace fromhost::core
