// SPDX-License-Identifier: Apache-2.0
// Preflight: what is wrong with the files of the plan in this image, and the words for it.
#include "core/preflight/compatibility.hpp"

#include <elf.h>
#include <fcntl.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "core/host/host_libraries.hpp"
#include "core/host/processor.hpp"
#include "core/host/same_bytes.hpp"
#include "core/image/distribution.hpp"
#include "core/preflight/future_libraries.hpp"
#include "core/preflight/interpreter.hpp"
#include "core/preflight/soname_links.hpp"
#include "core/preflight/walk.hpp"

namespace fromhost::core {
namespace {

constexpr std::uint64_t kHostLookup = 50;  // steps: this host's cache, and a dozen directories

/// The newest version of the same kind ("GLIBC_") that a library defines; empty: none.
std::string newest_like(const std::string& version, const std::vector<std::string>& defined) {
  const std::string kind = version.substr(0, version.rfind('_') + 1);
  std::string newest;
  for (const std::string& one : defined)
    if (one.starts_with(kind) && one.size() > kind.size() && one[kind.size()] >= '0' &&
        one[kind.size()] <= '9' && (newest.empty() || compare_library_names(one, newest) > 0))
      newest = one;
  return newest;
}

class CompatibilityCheck {
 public:
  CompatibilityCheck(Preflight& preflight, const Plan& plan, const ImageRoot& image,
                     const std::vector<ImagePath>& directories, const HostSystem& host)
      : preflight_(preflight),
        budget_(preflight.budget),
        plan_(plan),
        image_(image),
        libraries_(plan, preflight, image, directories),
        run_ldconfig_(!directories.empty()),
        host_(host),
        host_libraries_(host) {}

  void run() {
    for (std::size_t i = 0; i < plan_.files.size(); ++i)
      if (preflight_.facts[i]) {
        check(i, *preflight_.facts[i]);
        if (budget_.used_up()) unchecked(i);
      }
    report_walks();
    check_scripts();
    for (Finding& one : troubles_) {
      const std::size_t more = one.files.size() - 1;
      if (more > 0)
        one.problem.what = ", like " + std::to_string(more) + (more == 1 ? " more file," : " more files,") +
                           one.problem.what;
      one.problem.what = one.files.front() + one.problem.what;
      preflight_.findings.push_back(std::move(one));
    }
  }

 private:
  void check(std::size_t index, const ElfFacts& facts) {
    const PlannedFile& file = plan_.files[index];
    if (facts.type != ET_DYN && facts.type != ET_EXEC) return;  // object files, core dumps
    // What the budget ended says nothing.
    if (file.role != FileRole::library && is_static_program(facts)) return check_static(index, facts);
    if (facts.interpreter.empty() && !fits(index, facts)) return;
    std::optional<Loader> loader;
    if (!facts.interpreter.empty() || !facts.needed.empty()) {
      loader = loader_for(index, facts);
      const auto itself = libraries_.at(file.directory / file.name);
      if (!loader || !itself || itself->planned != index) return;
      Walk walk = walk_of(*itself, *loader, libraries_, budget_);
      if (budget_.used_up()) return;
      walks_.emplace(index, std::move(walk));
    }
    if (file.role == FileRole::library && facts.dynamic) check_hidden(index, facts, loader);
  }

  /// Looking was given up before all was known of this file.
  void unchecked(std::size_t index) {
    trouble(index, FindingKind::unchecked, " was not looked at to the end",
            "the image makes looking too long", "see what its /etc/ld.so.conf and its libraries list");
  }

  /// A library that another file of the plan loads is looked at as that one finds it: by its RPATH, say. The
  /// others are looked at by themselves, and where libraries load each other in a circle, the first of them.
  void report_walks() {
    std::set<std::size_t> reached;
    for (const auto& [index, walk] : walks_) {
      budget_.spend(walk.loaded.size() / 4);
      const std::set<std::size_t> by_it = planned_in(walk, index);
      reached.insert(by_it.begin(), by_it.end());
    }
    std::set<std::size_t> seen;
    for (const bool circles : {false, true})
      for (const auto& [index, walk] : walks_) {
        if (circles ? seen.count(index) : reached.count(index)) continue;
        seen.insert(index);
        seen.merge(planned_in(walk, index));
        report(walk);
        if (budget_.used_up()) unchecked(index);
      }
  }

  static std::set<std::size_t> planned_in(const Walk& walk, std::size_t except) {
    std::set<std::size_t> planned;
    for (const Loaded& one : walk.loaded)
      if (one.library.planned && *one.library.planned != except) planned.insert(*one.library.planned);
    return planned;
  }

  std::string the_image() {
    if (!distribution_) distribution_ = distribution(image_);
    return distribution_->empty() ? "the image" : "the image (" + *distribution_ + ")";
  }

  void trouble(std::size_t planned, FindingKind kind, const std::string& what, const std::string& cause,
               const std::string& way_out, const std::string& library = "",
               std::optional<Severity> severity = std::nullopt) {
    trouble(plan_.files[planned].name, kind, what, cause, way_out, library, severity);
  }

  /// `what` lacks the file's name: files with the same trouble share a finding, which names the first.
  void trouble(const std::string& file, FindingKind kind, const std::string& what, const std::string& cause,
               const std::string& way_out, const std::string& library = "",
               std::optional<Severity> severity = std::nullopt) {
    const auto [known, fresh] =
        known_troubles_.try_emplace(std::tuple(kind, what, cause, way_out), troubles_.size());
    if (fresh) {
      troubles_.push_back(make_finding(kind, what, cause, way_out));
      troubles_.back().library = library;
      if (severity) troubles_.back().severity = *severity;
    }
    if (files_with_trouble_.emplace(known->second, file).second)
      troubles_[known->second].files.push_back(file);
  }

  /// Is there a loader for this machine, or none at all? If not, that is a finding.
  bool fits(std::size_t index, const ElfFacts& facts) {
    if (libraries_.loaders().empty()) return true;
    for (const Loader& one : libraries_.loaders())
      if (same_machine(*one.facts, facts)) return true;
    other_machine(index, facts);
    return false;
  }

  void other_machine(std::size_t index, const ElfFacts& facts) {
    std::set<std::string> machines;
    for (const Loader& one : libraries_.loaders()) machines.insert(words_for(*one.facts));
    if (machines.empty()) machines.insert(machine_name(own_machine()));
    std::string has;
    for (const std::string& one : machines) has += (has.empty() ? "" : " and ") + one;
    preflight_.not_found.insert(index);
    trouble(index, FindingKind::other_machine, " is made for " + words_for(facts),
            the_image() + " is made for " + has, "take the one for " + has + ", or another image");
  }

  /// No loader is asked: the kernel runs it, or does not. That is the kernel which runs the image, and as
  /// likely as not one like this host's.
  void check_static(std::size_t index, const ElfFacts& facts) {
    std::set<std::uint16_t> kernels;
    for (const Loader& one : libraries_.loaders()) kernels.insert(one.facts->machine);
    // Without loaders, the image's shell tells whose it is.
    if (kernels.empty())
      if (const auto shell = libraries_.at(ImagePath("/bin/sh"))) kernels.insert(shell->facts->machine);
    if (kernels.empty() || std::any_of(kernels.begin(), kernels.end(),
                                       [](std::uint16_t one) { return runs_also(own_machine(), one); }))
      kernels.insert(own_machine());
    for (const std::uint16_t kernel : kernels)
      if (runs_also(kernel, facts.machine)) return;
    other_machine(index, facts);
  }

  /// The loader that will have to load it; nullopt, with a finding, if there is none.
  std::optional<Loader> loader_for(std::size_t index, const ElfFacts& facts) {
    if (!facts.interpreter.empty()) {
      const auto found = libraries_.at(ImagePath(facts.interpreter));
      const bool musl = last_component(facts.interpreter).starts_with("ld-musl-");
      if (found && same_machine(*found->facts, facts))
        return Loader{ImagePath(facts.interpreter), found->facts, musl};
      if (fits(index, facts)) no_loader(index, " needs the loader " + facts.interpreter, facts);
      return std::nullopt;
    }
    const auto needs = [&](const auto& is) {
      return std::any_of(facts.needed.begin(), facts.needed.end(), is);
    };
    const bool wants_musl =
        needs([](const std::string& one) { return one == "libc.so" || one.starts_with("libc.musl-"); });
    const bool wants_glibc =
        needs([](const std::string& one) { return one == "libc.so.6" || one.starts_with("ld-linux"); });
    for (const Loader& one : libraries_.loaders())
      if (same_machine(*one.facts, facts) && (one.musl ? !wants_glibc : !wants_musl)) return one;
    no_loader(index, wants_musl ? " needs musl's loader" : " needs glibc's loader", facts);
    return std::nullopt;
  }

  static std::string words_for(const ElfFacts& facts) {
    return machine_name(facts.machine) +
           (facts.machine == EM_X86_64 && facts.elf_class == ELFCLASS32 ? " (x32)" : "");
  }

  void no_loader(std::size_t index, const std::string& what, const ElfFacts& facts) {
    preflight_.not_found.insert(index);
    for (const Loader& one : libraries_.loaders())
      if (same_machine(*one.facts, facts))
        return trouble(index, FindingKind::no_loader, what, the_image() + " has only " + one.path.text(),
                       one.musl ? "take an image with glibc, such as Debian's or Red Hat's"
                                : "take a build for that loader");
    trouble(index, FindingKind::no_loader, what, the_image() + " has no loader at all",
            "only static programs run in it; take an image with a C library");
  }

  std::string shown(const FutureLibrary& library) const {
    return library.planned ? plan_.files[*library.planned].name : library.path.text();
  }

  void report(const Walk& walk) {
    for (const auto& [name, by] : walk.missing) missing(name, by, walk.loader);
    if (walk.loader.musl) return;  // musl knows no versions
    for (const Loaded& one : walk.loaded) {
      if (budget_.used_up()) return;
      check_versions(one.library, walk);
    }
  }

  /// ch-run binds this host's directories of ld.so.conf.d at run time, with what is in them (cray-gni).
  bool comes_at_run_time(const std::string& name, const FutureLibrary& by) {
    return std::any_of(plan_.loader_directories.begin(), plan_.loader_directories.end(),
                       [&](const ImagePath& directory) {
                         const auto& facts = host_libraries_.facts(HostPath((directory / name).text()));
                         return facts && same_machine(*facts, *by.facts);
                       });
  }

  /// The files of the plan that have this name, or give it to themselves.
  const std::vector<std::size_t>& planned_named(const std::string& name) {
    if (by_any_name_.empty())
      for (std::size_t i = 0; i < plan_.files.size(); ++i)
        if (const auto& facts = preflight_.facts[i]) {
          by_any_name_[plan_.files[i].name].push_back(i);
          if (facts->soname != plan_.files[i].name) by_any_name_[facts->soname].push_back(i);
        }
    static const std::vector<std::size_t> kNone;
    const auto known = by_any_name_.find(name);
    return known == by_any_name_.end() ? kNone : known->second;
  }

  void missing(const std::string& name, const FutureLibrary& by, const Loader& loader) {
    if (comes_at_run_time(name, by)) return;
    for (const std::size_t index : planned_named(name))
      if (same_machine(*preflight_.facts[index], *by.facts)) return not_by_this_name(name, by, loader, index);
    const auto [host, fresh] =
        of_host_.try_emplace({name, by.facts->machine, by.facts->elf_class}, std::nullopt);
    if (fresh) {
      budget_.spend(kHostLookup);
      if (name.find('/') == std::string::npos)
        host->second = host_libraries_.find(name, by.facts->machine, by.facts->elf_class);
    }
    trouble(
        shown(by), FindingKind::library_missing, " needs " + name,
        the_image() + " does not have it, nor is it injected",
        host->second ? "--path " + host->second->text() + " brings this host's" : "install it in the image",
        name);
  }

  /// The plan brings what is needed, and yet the loader does not find it: why?
  void not_by_this_name(const std::string& name, const FutureLibrary& by, const Loader& loader,
                        std::size_t index) {
    const PlannedFile& file = plan_.files[index];
    const std::string directory = file.directory.text();
    const bool looks = libraries_.is_built_in(file.directory, loader);
    const bool scanned = libraries_.is_scanned(file.directory);
    std::string cause = "the image's loader does not look in " + directory + ", where it is injected";
    std::string way_out = "set LD_LIBRARY_PATH=" + directory + " in the container, or leave --dest out";
    if (name.find('/') != std::string::npos) {
      cause = "it is injected, but into " + directory;
      way_out = "--dest " + ImagePath(name).parent().text() + " places it there";
    } else if ((looks || scanned) && file.name != name) {
      const std::string how = "it is injected as " + (file.directory / file.name).text();
      const std::string same_name = "inject a file or link of the host that is named " + name;
      if (loader.musl) {
        cause = how + ", and musl's loader looks for the name alone";
        way_out = same_name;
      } else if (!run_ldconfig_) {
        cause = how + ", and without ldconfig nobody makes the link " + name;
        way_out = "leave --no-ldconfig out, or " + same_name;
      } else {
        cause = how + ", a name that ldconfig passes over";
        way_out = same_name;
      }
    } else if (scanned) {
      cause = "it is injected, but calls itself " + preflight_.facts[index]->soname +
              ", and by that name alone the loader finds it in " + directory;
      way_out = "set LD_LIBRARY_PATH=" + directory + " in the container";
    } else if (!run_ldconfig_ && !loader.musl) {
      cause = "it is injected into " + directory +
              ", where the image's loader finds only what is in its cache, which ldconfig makes";
      way_out = "leave --no-ldconfig out, or set LD_LIBRARY_PATH=" + directory + " in the container";
    }
    trouble(shown(by), FindingKind::library_missing, " needs " + name, cause, way_out, name);
  }

  /// The versions that a file wants, by library; those that a library defines.
  using Wanted = std::map<std::string, std::set<std::string>>;
  const Wanted& wanted_by(const ElfFacts& facts) {
    const auto [at, fresh] = wanted_.try_emplace(&facts);
    if (fresh) {
      budget_.spend(facts.version_needs.size());
      for (const VersionNeed& need : facts.version_needs)
        if (!need.weak) at->second[need.library].insert(need.version);
    }
    return at->second;
  }
  const std::set<std::string>& defined_by(const ElfFacts& facts) {
    const auto [at, fresh] = defined_.try_emplace(&facts);
    if (fresh) {
      budget_.spend(facts.versions.size());
      at->second.insert(facts.versions.begin(), facts.versions.end());
    }
    return at->second;
  }

  void check_versions(const FutureLibrary& file, const Walk& walk) {
    for (const auto& [name, versions] : wanted_by(*file.facts)) {
      budget_.spend(1);
      const auto found = walk.by_name.find(name);
      if (found == walk.by_name.end() || !found->second) continue;
      const FutureLibrary& library = *found->second;
      // What loads the two may differ, but not what they have to do with each other.
      if (!compared_.emplace(file.facts, library.facts, name).second) continue;
      // One without any versions is taken as it is.
      const std::set<std::string>& defined = defined_by(*library.facts);
      if (defined.empty()) continue;
      budget_.spend(versions.size());
      // Of several versions that one library lacks, the highest tells all.
      std::string highest;
      for (const std::string& version : versions)
        if (!defined.count(version) && (highest.empty() || compare_library_names(version, highest) > 0))
          highest = version;
      if (!highest.empty()) version_missing(file, library, name, highest);
    }
  }

  void version_missing(const FutureLibrary& file, const FutureLibrary& library, const std::string& name,
                       const std::string& version) {
    const std::string newest = newest_like(version, library.facts->versions);
    budget_.spend(library.facts->versions.size());
    const bool glibc = version.starts_with("GLIBC_");
    trouble(shown(file), FindingKind::version_missing, " needs " + version + " of " + name,
            (library.planned ? plan_.files[*library.planned].source.text() + ", which is injected,"
                             : the_image()) +
                (newest.empty() ? " has none such" : " has " + newest),
            glibc ? "inject on a host whose C library is no newer than that, or take a newer image"
                  : "take an image with a newer " + name,
            name);
  }

  bool same_contents(const PlannedFile& file, const ImagePath& other) const {
    const UniqueFd theirs = image_.open_at(other, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    const UniqueFd ours = host_.open_file(file.source);
    return theirs && ours && same_bytes(theirs.get(), ours.get());
  }

  /// Will ldconfig's cache lead to another file?
  void check_hidden(std::size_t index, const ElfFacts& facts, std::optional<Loader> loader) {
    const PlannedFile& file = plan_.files[index];
    if (!is_library_name(file.name) || !libraries_.is_scanned(file.directory)) return;
    if (!loader)
      for (const Loader& one : libraries_.loaders())
        if (same_machine(*one.facts, facts) && !one.musl) loader = one;
    if (!loader) loader = Loader{ImagePath(), &facts, false};
    const std::string soname = facts.soname.empty() ? file.name : facts.soname;
    const auto hides = [&](const std::optional<FutureLibrary>& winner) {
      return winner && !winner->planned && !same_contents(file, winner->path);
    };
    auto winner = libraries_.scan(soname, *loader, Processors::this_one);
    const bool here = hides(winner);
    if (!here) winner = libraries_.scan(soname, *loader, Processors::others_too);
    if (budget_.used_up() || !hides(winner)) return;
    const ImagePath theirs = winner->path.parent();
    const bool special = theirs.parent().name() == "glibc-hwcaps";
    // ldconfig does put it into the cache, for processors like any other.
    if (here && !special) preflight_.not_found.insert(index);
    Finding finding = make_finding(
        FindingKind::hidden,
        "the image's loader does not find " + soname + " from " + (file.directory / file.name).text(),
        "it finds " + winner->path.text() +
            (special ? " on processors of level " + std::string(theirs.name()) : ""),
        "remove that one from the image" +
            (special || libraries_.physical(file.directory) == theirs
                 ? ""
                 : ", or put --dest " + theirs.text() + " before " + file.source.text()));
    // As this host's processor goes, the running one will.
    if (!here) finding.severity = Severity::warning;
    finding.library = soname;
    finding.files = {file.name};
    preflight_.findings.push_back(std::move(finding));
  }

  void check_scripts() {
    for (const auto& [index, text] : preflight_.scripts) {
      const PlannedFile& file = plan_.files[index];
      const auto missing = missing_interpreter(text, libraries_, image_);
      if (budget_.used_up())
        unchecked(index);
      else if (missing)
        trouble(
            file.name, FindingKind::interpreter_missing, " needs the interpreter " + missing->name,
            missing->cause.empty() ? the_image() + " does not have it, nor is it injected" : missing->cause,
            missing->way_out);
    }
  }

  Preflight& preflight_;
  Budget& budget_;
  const Plan& plan_;
  const ImageRoot& image_;
  FutureLibraries libraries_;
  const bool run_ldconfig_;
  const HostSystem& host_;
  HostLibraries host_libraries_;
  std::map<std::tuple<std::string, std::uint16_t, std::uint8_t>, std::optional<HostPath>> of_host_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_any_name_;
  std::unordered_map<const ElfFacts*, Wanted> wanted_;
  std::unordered_map<const ElfFacts*, std::set<std::string>> defined_;
  std::set<std::tuple<const ElfFacts*, const ElfFacts*, std::string>> compared_;
  std::optional<std::string> distribution_;
  std::map<std::size_t, Walk> walks_;  // by file of the plan
  std::vector<Finding> troubles_;
  std::map<std::tuple<FindingKind, std::string, std::string, std::string>, std::size_t> known_troubles_;
  std::set<std::pair<std::size_t, std::string>> files_with_trouble_;
};

}  // namespace

void check_compatibility(Preflight& preflight, const Plan& plan, const ImageRoot& image,
                         const std::vector<ImagePath>& directories, const HostSystem& host) {
  CompatibilityCheck(preflight, plan, image, directories, host).run();
}

}  // namespace fromhost::core
