// SPDX-License-Identifier: Apache-2.0
// Libfabric as Charliecloud's tool treats it: variables, providers, mount points.
#include "fabric.hpp"

#include <set>
#include <sstream>

namespace fabric {

using fromhost::Failure;
using fromhost::Host;

namespace {

const std::string kThereOnly = "libfabric looks for loadable providers there only";

Failure missing_destination(const std::string& path) {
  return Failure("FI_PROVIDER_PATH set; missing --dest; libfabric will look for providers in " + path +
                 " only: put --dest with that directory first, or unset it");
}

/// What follows `start` in a line that has it; empty otherwise.
std::string value_in(const std::string& line, const std::string& start) {
  return line.compare(0, start.size(), start) == 0 ? line.substr(start.size()) : "";
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

bool needs(Host& host, const std::string& path, const std::string& soname_stem) {
  const auto elf = host.inspect_elf(path);
  if (!elf) return false;
  for (const std::string& soname : elf->needed)
    if (soname.compare(0, soname_stem.size(), soname_stem) == 0) return true;
  return false;
}

std::string path_from(Host& host, const std::string& variable, const std::string& example,
                      const std::vector<std::string>& candidates) {
  std::string way_out =
      "; for example: export " + variable + "=" + (candidates.empty() ? example : candidates.front());
  if (!candidates.empty()) {
    way_out += " (this host has";
    for (const std::string& one : candidates) way_out += " " + one;
    way_out += ")";
  }
  const std::string path = host.environment(variable).value_or("");
  if (path.empty()) throw Failure(variable + " is not set" + way_out);
  const auto info = host.inspect(path);
  if (!info) throw Failure(variable + ": " + path + ": No such file or directory" + way_out);
  if (info->kind != FH_FILE_REGULAR) throw Failure(variable + ": " + path + ": not a regular file" + way_out);
  return path;
}

void check_variables(Host& host, const std::optional<std::string>& destination, bool is_provider) {
  if (const auto provider = host.environment("FI_PROVIDER"); provider && !provider->empty())
    host.warn("FI_PROVIDER=" + *provider + " set; this will be the preferred provider at run time");
  if (const auto path = host.environment("FI_PROVIDER_PATH"); path && !path->empty()) {
    host.warn("FI_PROVIDER_PATH=" + *path + " set; " + kThereOnly + (is_provider ? "; --dest required" : ""));
    if (is_provider && !destination) throw missing_destination(*path);
  }
  std::istringstream lines(host.read_in_image("/ch/environment").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (const std::string path = value_in(line, "FI_PROVIDER_PATH="); !path.empty()) {
      host.warn(line + " in the image's /ch/environment; " + kThereOnly +
                (is_provider ? "; --dest required" : ""));
      if (is_provider && !destination) throw missing_destination(path + ", by the image's /ch/environment,");
    }
    if (!value_in(line, "FI_PROVIDER=").empty())
      host.warn(line + " in the image's /ch/environment; this will be the preferred provider at run time");
  }
}

void contribute_provider(Host& host, const std::string& path, const std::optional<std::string>& destination) {
  if (!host.inspect(path)) throw Failure(path + ": No such file or directory");
  if (!ends_with(path, "-fi.so"))
    throw Failure(path + " is not named *-fi.so: libfabric loads providers of such names only");
  if (!host.inspect_elf(path)) throw Failure(path + " is not an ELF file; it shall be a loadable provider");
  host.contribute(FH_ITEM_LIBFABRIC_PROVIDER, path, destination, "loadable libfabric provider");
  std::set<std::string> directories;
  for (const auto& library : host.linked_libraries(path)) {
    if (!library.path)
      throw Failure(path + " needs " + library.soname +
                    ", which this host does not have; load the modules that it was built with");
    // libfabric itself is the image's.
    if (library.soname.find("libfabric.so") != std::string::npos) continue;
    directories.insert(directory_of(host.resolve(*library.path).value_or(*library.path)));
  }
  for (const std::string& directory : directories)
    host.contribute_ld_so_conf(directory, "libraries that the provider is linked with", kConfFile);
}

void contribute_mount_points(Host& host) {
  // A symbolic link on Shasta, a file on CLE, nothing elsewhere. Source: Charliecloud's ch-fromhost.
  const std::string release = "/etc/opt/cray/release", file = release + "/cle-release";
  if (!host.inspect(file)) return;
  const std::string why = "mount point for ch-run on a Cray";
  host.contribute_directory("/var/lib/hugetlbfs", why);
  const bool is_link = host.resolve(file) != host.resolve(release).value_or(release) + "/cle-release";
  if (!is_link)
    for (const char* path : {"/var/opt/cray/alps/spool", "/opt/cray/wlm_detect", "/etc/opt/cray/wlm_detect",
                             "/opt/cray/udreg", "/opt/cray/xpmem", "/opt/cray/ugni", "/opt/cray/alps"})
      host.contribute_directory(path, why);
  if (host.inspect("/opt/cray/etc/release/cos")) host.contribute_directory("/var/spool/slurmd", why);
}

}  // namespace fabric
