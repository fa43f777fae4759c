// SPDX-License-Identifier: Apache-2.0
// Preflight: from the plan to findings; all of them, then one stop. Writes nothing.
#include "core/preflight/preflight.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/error.hpp"
#include "core/file_times.hpp"
#include "core/host/processes.hpp"
#include "core/preflight/already_there.hpp"
#include "core/preflight/libfabric_versions.hpp"

namespace fromhost::core {
namespace {

constexpr std::uint64_t kMargin = 1u << 20;  // for the cache, links and directories

/// What is needed is rounded up, and what there is down: "2 MB needed, 2 MB free" would be no reason.
std::string megabytes_needed(std::uint64_t bytes) {
  return std::to_string((bytes + 999'999) / 1'000'000) + " MB needed";
}
std::string megabytes_free(std::uint64_t bytes) {
  return std::to_string(bytes / 1'000'000) + " MB free";
}

class SourceCheck {
 public:
  SourceCheck(const Plan& plan, const ImageRoot& image, const HostSystem& host)
      : plan_(plan), image_(image), host_(host) {
    result_.budget = Budget(plan.files.size());
  }

  Preflight run() {
    result_.facts.reserve(plan_.files.size());
    result_.sources.reserve(plan_.files.size());
    for (const PlannedFile& file : plan_.files) source(file);
    for (std::size_t i = 0; i < plan_.files.size(); ++i)
      if (plan_.files[i].replaces_libfabric && result_.facts[i])
        for (Finding& one :
             check_libfabric_versions(plan_.files[i].source.text(), *result_.facts[i], image_, result_.elf))
          result_.findings.push_back(std::move(one));
    return std::move(result_);
  }

 private:
  void found(FindingKind kind, const std::string& what, const std::string& cause = "",
             const std::string& way_out = "") {
    result_.findings.push_back(make_finding(kind, what, cause, way_out));
  }

  void source(const PlannedFile& file) {
    std::optional<ElfFacts> facts;
    struct stat status = {};
    try {
      const UniqueFd fd = host_.open_file(file.source);
      if (::fstat(fd.get(), &status) != 0) throw_errno("stat");
      result_.bytes += static_cast<std::uint64_t>(status.st_size);
      if (file.role != FileRole::data) facts = read_elf(fd.get());
      const bool executable = (status.st_mode & 0111) != 0;
      const bool is_script = file.role != FileRole::data && !facts && script(fd.get(), executable);
      // Other text below a "bin" may be meant as what it is where --dest says its place.
      if (file.role == FileRole::program && !executable && (facts || (is_script && !file.by_path_alone)))
        found(FindingKind::not_executable,
              (file.directory / file.name).text() + " will not run: " + file.source.text() +
                  " has no right to be executed",
              "", "chmod a+x " + file.source.text());
      if (file.by_path_alone && !facts && !executable)
        found(FindingKind::placed_by_path,
              file.source.text() + " goes to " + file.directory.text() + " because its " +
                  std::string(path_rule(file.source.text())->text) + ", but it is neither ELF nor executable",
              "", "--dest places it elsewhere");
    } catch (const std::system_error& error) {
      const int code = error.code().value();
      const std::string below = code == ENOENT ? looked_up_below(host_, file.source.text()) : "";
      found(FindingKind::unreadable, "cannot inject: " + file.source.text(), cause_of(error) + below,
            code == EISDIR   ? kListFiles
            : code == ENOENT ? listed_by(file.reason)
                             : "");
    }
    result_.facts.emplace_back(std::move(facts));
    result_.sources.push_back(
        {static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim), status.st_mode});
  }

  /// Is it a script? The first line of one that can be run is kept for later.
  bool script(int fd, bool executable) {
    char first[256];  // BINPRM_BUF_SIZE; 128 before Linux 5.1
    const ssize_t got = ::pread(fd, first, sizeof first, 0);
    if (got <= 2 || first[0] != '#' || first[1] != '!') return false;
    if (executable)
      result_.scripts.emplace(result_.facts.size(), std::string(first, static_cast<std::size_t>(got)));
    return true;
  }

  const Plan& plan_;
  const ImageRoot& image_;
  const HostSystem& host_;
  Preflight result_;
};

}  // namespace

Preflight check(const Plan& plan, const ImageRoot& image, const HostSystem& host) {
  return SourceCheck(plan, image, host).run();
}

void check_space(Preflight& preflight, const Plan& plan, const ImageRoot& image) {
  struct statvfs facts;
  if (::fstatvfs(image.fd(), &facts) != 0) return;
  const auto too_little = [&](const std::string& cause) {
    preflight.findings.push_back(make_finding(FindingKind::no_space,
                                              "not enough space for the image: " + image.path(), cause,
                                              "free some, or unpack the image where there is more"));
  };
  const std::uint64_t free = std::uint64_t{facts.f_bavail} * facts.f_frsize;
  if (preflight.bytes + kMargin > free)
    too_little(megabytes_needed(preflight.bytes + kMargin) + ", " + megabytes_free(free));
  const std::size_t unchanged = count_unchanged(preflight);
  const std::uint64_t entries =
      plan.files.size() - unchanged + plan.links.size() + plan.directories.size() + 8;
  // Some file systems (btrfs) have no fixed number of inodes and report none.
  if (facts.f_files != 0 && facts.f_favail < entries)
    too_little(std::to_string(entries) + " inodes needed, " + std::to_string(facts.f_favail) + " free");
}

void check_use(Preflight& preflight, const ImageRoot& image) {
  struct stat root;
  if (::fstat(image.fd(), &root) != 0) return;
  if (const auto process = process_with_root(root))
    preflight.findings.push_back(
        make_finding(FindingKind::in_use, "the image is in use",
                     "process " + std::to_string(process->pid) + " (" + process->name + ") runs in it",
                     "what it has opened stays as it was"));
}

}  // namespace fromhost::core
