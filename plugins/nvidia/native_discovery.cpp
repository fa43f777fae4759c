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
  for (const char* directory : kLibraryDirectories)
    for (const char* below : kLibrarySubdirectories) add(std::string(directory) + below);
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
    for (const std::string& name : host.list(directory)) {
      const std::string version = version_in(name);
      if (version.empty()) continue;
      const std::string stem = stem_of(name);
      const bool own = with_own.count(stem) > 0;
      if (own || carries_driver_version(name))
        candidates.push_back({directory + "/" + name, stem, version, own});
    }
  return candidates;
}

std::set<std::string> versions_of(const std::vector<Candidate>& candidates, const std::string& stem) {
  std::set<std::string> versions;
  for (const Candidate& one : candidates)
    if (one.stem == stem) versions.insert(one.version);
  return versions;
}

/// The kernel module's word, checked against the libraries; without a kernel module, the newest libcuda.
std::string settle_version(Host& host, const std::vector<Candidate>& candidates,
                           std::vector<std::string>& tried) {
  std::set<std::string> present = versions_of(candidates, "libcuda");
  if (present.empty()) present = versions_of(candidates, "libnvidia-ml");
  const auto kernel = kernel_module_version(host);
  if (present.empty()) {
    tried.push_back("libcuda.so.*.* in the loader's cache and the usual directories");
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

void check_not_empty(Host& host, const std::string& path) {
  const auto info = host.inspect(path);
  if (info && info->bytes == 0) throw Failure(path + " is empty; reinstall the driver");
}

/// The e_machine of 32-bit programs that run here: i386 on x86-64, Arm on AArch64.
std::uint16_t machine_of_32_bit(std::uint16_t machine) {
  if (machine == 62) return 3;
  if (machine == 183) return 40;
  return machine;
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
      const auto info = host.inspect(directory + "/" + name);
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

  const std::uint16_t machine = host.machine(), machine_32 = machine_of_32_bit(machine);
  std::set<std::pair<int, std::string>> seen;  // the first directory wins, for each class
  for (const Candidate& one : candidates) {
    if (!one.own_version && one.version != driver.version) {
      host.debug(one.path + ": not of driver " + driver.version);
      continue;
    }
    check_not_empty(host, one.path);
    const auto elf = host.inspect_elf(one.path);
    const bool fits = elf && ((elf->elf_class == 2 && elf->machine == machine) ||
                              (elf->elf_class == 1 && elf->machine == machine_32));
    if (!fits) {
      host.debug(one.path + ": not for this machine");
      continue;
    }
    const std::string name = file_name(one.path);
    if (seen.emplace(elf->elf_class, name).second)
      driver.libraries.push_back({one.path, elf->elf_class, "library of driver " + driver.version});
  }
  add_programs(host, driver);
  return driver;
}

}  // namespace nvidia
