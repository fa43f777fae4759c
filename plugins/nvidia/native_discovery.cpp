// SPDX-License-Identifier: Apache-2.0
// Finding the driver without nvidia-container-cli.
#include <algorithm>
#include <set>

#include "driver.hpp"
#include "driver_files.hpp"

namespace nvidia {
namespace {

using fromhost::Failure;
using fromhost::Host;

/// Directories that may hold the driver, those that the loader's cache names for it first.
std::vector<std::string> library_directories(Host& host) {
  std::vector<std::string> directories;
  const auto add = [&](const std::string& directory) {
    if (std::find(directories.begin(), directories.end(), directory) == directories.end())
      directories.push_back(directory);
  };
  for (const char* pattern : {"libcuda.so.*", "libnvidia-ml.so.*", "lib*nvidia*.so.*"})
    for (const auto& cached : host.cached_libraries(pattern)) add(directory_of(cached.path));
  for (const std::string directory : kLibraryDirectories) {
    for (const char* below : kLibrarySubdirectories) add(directory + below);
    for (const std::string& name : names_in(host, directory + "/nvidia"))
      if (const auto info = look(host, directory + "/nvidia/" + name);
          info && info->kind == FH_FILE_DIRECTORY)
        add(directory + "/nvidia/" + name);
  }
  return directories;
}

struct Candidate {
  std::string path;
  std::string stem;
  std::string version;  ///< of the file name
  bool own_version;     ///< it has a version of its own, not the driver's
};

std::vector<Candidate> candidates_in(Host& host, const std::vector<std::string>& directories) {
  const std::set<std::string> with_own(std::begin(kOwnVersionLibraries), std::end(kOwnVersionLibraries));
  std::vector<Candidate> candidates;
  for (const std::string& directory : directories)
    for (const std::string& name : names_in(host, directory)) {
      const std::string version = version_in(name);
      if (version.empty()) continue;
      const std::string stem = stem_of(name);
      const bool own = with_own.count(stem) > 0;
      if (own || carries_driver_version(name))
        candidates.push_back({directory + "/" + name, stem, version, own});
    }
  return candidates;
}

/// Those that 64-bit programs of this host load, or would if they were not empty.
std::set<std::string> versions_of(Host& host, const std::vector<Candidate>& candidates,
                                  const std::string& stem) {
  std::set<std::string> versions;
  for (const Candidate& one : candidates) {
    if (one.stem != stem) continue;
    const auto elf = host.inspect_elf(one.path);
    const auto info = look(host, one.path);
    const bool counts = elf ? elf->elf_class == 2 && runs_here(host, *elf) : info && info->bytes == 0;
    if (counts) versions.insert(one.version);
  }
  return versions;
}

/// The kernel module's word, checked against the libraries; without a kernel module, the newest libcuda.
std::string settle_version(Host& host, const std::vector<Candidate>& candidates,
                           std::vector<std::string>& tried) {
  std::set<std::string> present = versions_of(host, candidates, "libcuda");
  if (present.empty()) present = versions_of(host, candidates, "libnvidia-ml");
  const auto kernel = kernel_module_version(host);
  if (present.empty()) {
    tried.push_back("libcuda.so.*.* in the loader's cache and the usual directories");
    if (!candidates.empty())
      tried.push_back(candidates.front().path + " and the like are not for this machine");
    tried.push_back(kernel ? "the kernel module is " + *kernel + ", but has no libraries here"
                           : "/sys/module/nvidia/version and /proc/driver/nvidia/version");
    return "";
  }
  const std::string newest = *std::max_element(present.begin(), present.end(), older);
  if (!kernel) {
    host.info("no NVIDIA kernel module is loaded here; the libraries are of driver " + newest);
    if (present.size() > 1)
      host.warn("libraries of several drivers are installed; " + newest + " is injected");
    return newest;
  }
  if (present.count(*kernel)) return *kernel;
  throw Failure("the driver's kernel module is " + *kernel + ", its libraries are " + newest +
                ": they do not work together; reboot after a driver upgrade, or install the libraries of " +
                *kernel);
}

/// Appends the candidates of the driver's version that programs of this host can load.
void add_libraries(Host& host, const std::vector<Candidate>& candidates, const std::string& reason,
                   Driver& driver) {
  std::set<std::pair<int, std::string>> seen;  // the first directory wins, for each class
  for (const Candidate& one : candidates) {
    if (!one.own_version && one.version != driver.version) {
      host.debug(one.path + ": not of driver " + driver.version);
      continue;
    }
    const auto info = look(host, one.path);
    if (!info || info->kind != FH_FILE_REGULAR) {
      host.debug(one.path + ": leads to no file");
      continue;
    }
    if (info->bytes == 0) throw Failure(one.path + " is empty; reinstall the driver");
    const auto elf = host.inspect_elf(one.path);
    if (!elf)
      host.warn(one.path + " is not an ELF file; it is left out");
    else if (!runs_here(host, *elf))
      host.debug(one.path + ": not for this machine");
    else if (seen.emplace(elf->elf_class, file_name(one.path)).second)
      driver.libraries.push_back({one.path, elf->elf_class, reason});
  }
}

}  // namespace

void add_programs(Host& host, Driver& driver) {
  std::vector<std::string> directories(std::begin(kProgramDirectories), std::end(kProgramDirectories));
  const std::string path = host.environment("PATH").value_or("");
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    if (path[begin] == '/') directories.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  for (const char* name : kPrograms) {
    const bool known = std::any_of(driver.programs.begin(), driver.programs.end(),
                                   [&](const Program& one) { return file_name(one.path) == name; });
    for (const std::string& directory : directories) {
      if (known) break;
      const auto info = look(host, directory + "/" + name);
      if (!info || info->kind != FH_FILE_REGULAR) continue;
      driver.programs.push_back({directory + "/" + name, "program of the driver in " + directory});
      break;
    }
  }
}

std::optional<Driver> discover_natively(Host& host, std::vector<std::string>& tried) {
  const auto candidates = candidates_in(host, library_directories(host));
  Driver driver;
  driver.version = settle_version(host, candidates, tried);
  if (driver.version.empty()) return std::nullopt;

  add_libraries(host, candidates, "library of driver " + driver.version, driver);
  if (driver.libraries.empty()) {
    tried.push_back("the libraries of driver " + driver.version + " are no ELF files of this machine");
    return std::nullopt;
  }
  add_programs(host, driver);
  return driver;
}

void add_unlisted_libraries(Host& host, Driver& driver) {
  std::set<std::string> unlisted(std::begin(kUnlistedLibraries), std::end(kUnlistedLibraries));
  unlisted.insert(std::begin(kOwnVersionLibraries), std::end(kOwnVersionLibraries));
  for (const Library& listed : driver.libraries) unlisted.erase(stem_of(file_name(listed.path)));
  std::vector<Candidate> candidates = candidates_in(host, library_directories(host));
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                  [&](const Candidate& one) { return unlisted.count(one.stem) == 0; }),
                   candidates.end());
  add_libraries(host, candidates, "of the driver, but not listed by nvidia-container-cli", driver);
}

}  // namespace nvidia
