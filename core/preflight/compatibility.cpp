// SPDX-License-Identifier: Apache-2.0
// Preflight: following DT_NEEDED in the image as its loader will.
#include "core/preflight/compatibility.hpp"

#include <elf.h>
#include <fcntl.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "core/host/host_libraries.hpp"
#include "core/host/same_bytes.hpp"
#include "core/host/search_path.hpp"
#include "core/image/distribution.hpp"
#include "core/preflight/future_libraries.hpp"
#include "core/preflight/soname_links.hpp"

namespace fromhost::core {
namespace {

// Of one file; more is no program. A hostile image could keep us looking for ever.
constexpr std::size_t kMostLibraries = 4096;
constexpr std::size_t kMostLookups = 200'000;  // of all files together

bool starts_with(const std::string& text, std::string_view beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

/// The names that musl's loader answers to itself. Source: musl's ldso/dynlink.c.
bool is_musl_itself(const std::string& name) {
  if (starts_with(name, "libc.musl-") || starts_with(name, "ld-musl-")) return true;
  for (const char* reserved : {"c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet."})
    if (starts_with(name, std::string("lib") + reserved)) return true;
  return false;
}

/// The newest version of the same kind ("GLIBC_") that a library defines; empty: none.
std::string newest_like(const std::string& version, const std::vector<std::string>& defined) {
  const std::string kind = version.substr(0, version.rfind('_') + 1);
  std::string newest;
  for (const std::string& one : defined)
    if (starts_with(one, kind) && one.size() > kind.size() && one[kind.size()] >= '0' &&
        one[kind.size()] <= '9' && (newest.empty() || compare_library_names(one, newest) > 0))
      newest = one;
  return newest;
}

struct Loaded {
  FutureLibrary library;
  const Loaded* loader;  // what needed it; null for the file itself
};

/// What one file makes its loader load.
struct Walk {
  std::deque<Loaded> loaded;  // stable addresses: Loaded::loader points into it
  std::map<std::string, std::optional<FutureLibrary>> by_name;
  std::vector<std::pair<std::string, FutureLibrary>> missing;  // what, and who needs it
  bool versions_count = true;                                  // not for musl
};

class Check {
 public:
  Check(Preflight& preflight, const Plan& plan, const ImageRoot& image,
        const std::vector<ImagePath>& directories, const HostSystem& host)
      : preflight_(preflight),
        plan_(plan),
        image_(image),
        libraries_(plan, preflight, image, directories),
        host_(host),
        host_libraries_(host) {}

  void run() {
    for (std::size_t i = 0; i < plan_.files.size(); ++i)
      if (preflight_.facts[i]) check(i, *preflight_.facts[i]);
    report_walks();
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
    if (!fits(index, facts)) return;
    if (!facts.interpreter.empty() || !facts.needed.empty()) {
      const std::optional<Loader> loader = loader_for(index, facts);
      const auto itself = libraries_.at(file.directory / file.name);
      if (!loader || !itself || itself->planned != index) return;
      walks_.emplace(index, load(*itself, *loader));
    }
    if (file.role == FileRole::library && facts.dynamic) check_hidden(index, facts);
  }

  /// A library that another file of the plan loads is looked at as that one finds it: by its RPATH, say. The
  /// others are looked at by themselves, and where libraries load each other in a circle, the first of them.
  void report_walks() {
    std::set<std::size_t> reached;
    for (const auto& [index, walk] : walks_) {
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

  /// `what` lacks the file's name: files with the same trouble share a finding, which names the first.
  void trouble(const std::string& file, FindingKind kind, const std::string& what, const std::string& cause,
               const std::string& way_out, const std::string& library = "") {
    const auto known = std::find_if(troubles_.begin(), troubles_.end(), [&](const Finding& one) {
      return one.kind == kind && one.problem.what == what && one.problem.cause == cause &&
             one.problem.way_out == way_out;
    });
    if (known == troubles_.end()) {
      troubles_.push_back(make_finding(kind, what, cause, way_out));
      troubles_.back().library = library;
      troubles_.back().files = {file};
    } else if (std::find(known->files.begin(), known->files.end(), file) == known->files.end()) {
      known->files.push_back(file);
    }
  }

  /// Is there a loader for this machine, or none at all? If not, that is a finding.
  bool fits(std::size_t index, const ElfFacts& facts) {
    std::set<std::string> machines;
    for (const Loader& one : libraries_.loaders()) {
      if (same_machine(*one.facts, facts)) return true;
      machines.insert(words_for(*one.facts));
    }
    if (machines.empty()) return true;
    std::string has;
    for (const std::string& one : machines) has += (has.empty() ? "" : " and ") + one;
    preflight_.not_found.insert(index);
    trouble(plan_.files[index].name, FindingKind::other_machine, " is made for " + words_for(facts),
            the_image() + " is made for " + has, "take the one for " + has + ", or another image");
    return false;
  }

  /// The loader that will have to load it; nullopt, with a finding, if there is none.
  std::optional<Loader> loader_for(std::size_t index, const ElfFacts& facts) {
    if (!facts.interpreter.empty()) {
      const auto found = libraries_.at(ImagePath(facts.interpreter));
      const bool musl = starts_with(std::string(last_component(facts.interpreter)), "ld-musl-");
      if (found && same_machine(*found->facts, facts))
        return Loader{ImagePath(facts.interpreter), found->facts, musl};
      no_loader(index, " needs the loader " + facts.interpreter, facts);
      return std::nullopt;
    }
    const auto needs = [&](const auto& is) {
      return std::any_of(facts.needed.begin(), facts.needed.end(), is);
    };
    const bool wants_musl =
        needs([](const std::string& one) { return one == "libc.so" || starts_with(one, "libc.musl-"); });
    const bool wants_glibc =
        needs([](const std::string& one) { return one == "libc.so.6" || starts_with(one, "ld-linux"); });
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
    const std::string& name = plan_.files[index].name;
    preflight_.not_found.insert(index);
    for (const Loader& one : libraries_.loaders())
      if (same_machine(*one.facts, facts))
        return trouble(name, FindingKind::no_loader, what, the_image() + " has only " + one.path.text(),
                       one.musl ? "take an image with glibc, such as Debian's or Red Hat's"
                                : "take a build for that loader");
    trouble(name, FindingKind::no_loader, what, the_image() + " has no loader at all",
            "only static programs run in it; take an image with a C library");
  }

  std::string shown(const FutureLibrary& library) const {
    return library.planned ? plan_.files[*library.planned].name : library.path.text();
  }

  std::optional<FutureLibrary> find(const std::string& name, const Loaded& by, const Loader& loader) {
    if (name.find('/') != std::string::npos) return libraries_.at(ImagePath(name));
    std::vector<std::string> directories;
    const auto add = [&](const Loaded& of, const std::string& path) {
      const auto more = search_directories(path, of.library.path.parent().text(), *of.library.facts);
      directories.insert(directories.end(), more.begin(), more.end());
    };
    // RUNPATH switches off the RPATHs of the object itself, and of those that loaded it.
    if (by.library.facts->runpath.empty())
      for (const Loaded* one = &by; one; one = one->loader)
        if (one->library.facts->runpath.empty()) add(*one, one->library.facts->rpath);
    add(by, by.library.facts->runpath);
    lookups_ += directories.size() + 1;
    for (const std::string& directory : directories)
      if (const auto found = libraries_.at(ImagePath(directory) / name);
          found && same_machine(*found->facts, *by.library.facts))
        return found;
    return libraries_.find(name, loader);
  }

  Walk load(const FutureLibrary& file, const Loader& loader) {
    Walk walk;
    std::deque<Loaded>& loaded = walk.loaded;
    auto& by_name = walk.by_name;
    loaded.push_back({file, nullptr});
    const FutureLibrary itself = {loader.path, loader.facts, std::nullopt};
    by_name[loader.facts->soname] = itself;
    by_name[std::string(loader.path.name())] = itself;
    by_name[file.facts->soname] = file;
    for (std::size_t i = 0; i < loaded.size(); ++i)
      for (const std::string& name : loaded[i].library.facts->needed) {
        if (by_name.size() > kMostLibraries || lookups_ > kMostLookups) return walk;
        const auto [known, fresh] = by_name.try_emplace(name, std::nullopt);
        if (!fresh) continue;
        if (loader.musl && is_musl_itself(name)) {
          known->second = itself;
          continue;
        }
        const auto found = find(name, loaded[i], loader);
        if (!found) {
          walk.missing.emplace_back(name, loaded[i].library);
          continue;
        }
        loaded.push_back({*found, &loaded[i]});
        known->second = found;
        // Once loaded, it also answers to the name that it gives itself.
        by_name.try_emplace(found->facts->soname, found);
      }
    walk.versions_count = !loader.musl;
    return walk;
  }

  void report(const Walk& walk) {
    for (const auto& [name, by] : walk.missing) missing(name, by);
    if (!walk.versions_count) return;
    for (const Loaded& one : walk.loaded) check_versions(one.library, walk);
  }

  /// ch-run binds this host's directories of ld.so.conf.d at run time, with what is in them (cray-gni).
  bool comes_at_run_time(const std::string& name, const FutureLibrary& by) {
    return std::any_of(plan_.loader_directories.begin(), plan_.loader_directories.end(),
                       [&](const ImagePath& directory) {
                         const auto& facts = host_libraries_.facts(HostPath((directory / name).text()));
                         return facts && same_machine(*facts, *by.facts);
                       });
  }

  void missing(const std::string& name, const FutureLibrary& by) {
    if (comes_at_run_time(name, by)) return;
    const auto misplaced = std::find_if(plan_.files.begin(), plan_.files.end(), [&](const PlannedFile& one) {
      const auto& facts = preflight_.facts[static_cast<std::size_t>(&one - plan_.files.data())];
      return facts && same_machine(*facts, *by.facts) && (one.name == name || facts->soname == name);
    });
    if (misplaced != plan_.files.end()) {
      const std::string directory = misplaced->directory.text();
      return trouble(shown(by), FindingKind::library_missing, " needs " + name,
                     "the image's loader does not look in " + directory + ", where it is injected",
                     "set LD_LIBRARY_PATH=" + directory + " in the container, or leave --dest out", name);
    }
    const auto of_host = host_libraries_.find(name, by.facts->machine, by.facts->elf_class);
    trouble(shown(by), FindingKind::library_missing, " needs " + name,
            the_image() + " does not have it, nor is it injected",
            of_host ? "--path " + of_host->text() + " brings this host's" : "install it in the image", name);
  }

  void check_versions(const FutureLibrary& file, const Walk& walk) {
    // Of several versions that one library lacks, the highest tells all.
    std::map<std::string, std::string> lacking;
    for (const VersionNeed& need : file.facts->version_needs) {
      const auto library = walk.by_name.find(need.library);
      if (need.weak || library == walk.by_name.end() || !library->second) continue;
      // One without any versions is taken as it is.
      const std::vector<std::string>& defined = library->second->facts->versions;
      if (defined.empty() || std::find(defined.begin(), defined.end(), need.version) != defined.end())
        continue;
      std::string& highest = lacking[need.library];
      if (highest.empty() || compare_library_names(need.version, highest) > 0) highest = need.version;
    }
    for (const auto& [name, version] : lacking) {
      const FutureLibrary& library = *walk.by_name.find(name)->second;
      const std::string newest = newest_like(version, library.facts->versions);
      const bool glibc = starts_with(version, "GLIBC_");
      trouble(shown(file), FindingKind::version_missing, " needs " + version + " of " + name,
              (library.planned ? plan_.files[*library.planned].source.text() + ", which is injected,"
                               : the_image()) +
                  (newest.empty() ? " has none such" : " has " + newest),
              glibc ? "inject on a host whose C library is no newer than that, or take a newer image"
                    : "take an image with a newer " + name,
              name);
    }
  }

  bool same_contents(const PlannedFile& file, const ImagePath& other) const {
    const UniqueFd theirs = image_.open_at(other, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    const UniqueFd ours = host_.open_file(file.source);
    return theirs && ours && same_bytes(theirs.get(), ours.get());
  }

  /// Will ldconfig's cache lead to another file?
  void check_hidden(std::size_t index, const ElfFacts& facts) {
    const PlannedFile& file = plan_.files[index];
    if (!is_library_name(file.name) || !libraries_.is_scanned(file.directory)) return;
    const std::string soname = facts.soname.empty() ? file.name : facts.soname;
    const auto winner = libraries_.scan(soname, facts);
    if (!winner || winner->planned || same_contents(file, winner->path)) return;
    preflight_.not_found.insert(index);
    const ImagePath theirs = winner->path.parent();
    Finding finding = make_finding(
        FindingKind::hidden,
        "the image's loader does not find " + soname + " from " + (file.directory / file.name).text(),
        "it finds " + winner->path.text(),
        "remove that one from the image" +
            (libraries_.physical(file.directory) == theirs
                 ? ""
                 : ", or put --dest " + theirs.text() + " before " + file.source.text()));
    finding.library = soname;
    finding.files = {file.name};
    preflight_.findings.push_back(std::move(finding));
  }

  Preflight& preflight_;
  const Plan& plan_;
  const ImageRoot& image_;
  FutureLibraries libraries_;
  const HostSystem& host_;
  HostLibraries host_libraries_;
  std::size_t lookups_ = 0;
  std::optional<std::string> distribution_;
  std::map<std::size_t, Walk> walks_;  // by file of the plan
  std::vector<Finding> troubles_;
};

}  // namespace

void check_compatibility(Preflight& preflight, const Plan& plan, const ImageRoot& image,
                         const std::vector<ImagePath>& directories, const HostSystem& host) {
  Check(preflight, plan, image, directories, host).run();
}

}  // namespace fromhost::core
