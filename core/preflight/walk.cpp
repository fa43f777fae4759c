// SPDX-License-Identifier: Apache-2.0
// Preflight: what a loader loads, in its order, by its rules.
#include "core/preflight/walk.hpp"

#include "core/host/search_path.hpp"

namespace fromhost::core {
namespace {

constexpr std::size_t kMostLibraries = 4096;  // of one file; more is no program

/// The names that musl's loader answers to itself. Source: musl's ldso/dynlink.c.
bool is_musl_itself(const std::string& name) {
  if (name.starts_with("libc.musl-") || name.starts_with("ld-musl-")) return true;
  for (const char* reserved : {"c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet."})
    if (name.starts_with(std::string("lib") + reserved)) return true;
  return false;
}

class Walker {
 public:
  Walker(const Loader& loader, FutureLibraries& libraries, Budget& budget)
      : loader_(loader), libraries_(libraries), budget_(budget) {}

  Walk run(const FutureLibrary& file) {
    Walk walk;
    walk.loader = loader_;
    std::deque<Loaded>& loaded = walk.loaded;
    auto& by_name = walk.by_name;
    loaded.push_back(loaded_by(file, nullptr));
    const FutureLibrary itself = {loader_.path, loader_.facts, std::nullopt};
    by_name[loader_.facts->soname] = itself;
    by_name[std::string(loader_.path.name())] = itself;
    by_name[file.facts->soname] = file;
    for (std::size_t i = 0; i < loaded.size(); ++i)
      for (const std::string& needed : loaded[i].library.facts->needed) {
        budget_.spend(1 + needed.size() / 256);
        if (by_name.size() > kMostLibraries || budget_.used_up()) return walk;
        const std::string name = needed_name(needed, loaded[i]);
        const auto [known, fresh] = by_name.try_emplace(name, std::nullopt);
        if (!fresh) continue;
        if (loader_.musl && is_musl_itself(name)) {
          known->second = itself;
          continue;
        }
        const auto found = find(name, loaded[i]);
        if (!found) {
          walk.missing.emplace_back(name, loaded[i].library);
          continue;
        }
        loaded.push_back(loaded_by(*found, &loaded[i]));
        known->second = found;
        // Once loaded, it also answers to the name that it gives itself.
        by_name.try_emplace(found->facts->soname, found);
      }
    return walk;
  }

 private:
  Loaded loaded_by(const FutureLibrary& library, const Loaded* by) {
    const ElfFacts& facts = *library.facts;
    Loaded loaded = {library, by, {}, {}};
    const auto directories = [&](const std::string& path) {
      std::vector<ImagePath> all;
      if (path.empty()) return all;
      const std::string lib = loader_.musl ? "lib" : libraries_.built_in(loader_).lib;
      std::size_t bytes = path.size();
      for (const std::string& one : search_directories(path, library.path.parent().text(), facts, lib)) {
        all.emplace_back(one);
        bytes += one.size();
      }
      budget_.spend(all.size() + bytes / 64);
      return all;
    };
    loaded.runpath = directories(facts.runpath);
    // RUNPATH switches off the RPATH of the same object. For musl they are one, and inherited.
    if (facts.runpath.empty()) loaded.rpath = directories(facts.rpath);
    if (loader_.musl && !facts.runpath.empty()) loaded.rpath = std::move(loaded.runpath);
    return loaded;
  }

  std::optional<FutureLibrary> find(const std::string& name, const Loaded& by) {
    if (name.find('/') != std::string::npos) return libraries_.at(ImagePath(name));
    const auto in = [&](const std::vector<ImagePath>& directories) -> std::optional<FutureLibrary> {
      for (const ImagePath& directory : directories) {
        if (budget_.used_up()) return std::nullopt;
        if (const auto found = libraries_.in_directory(directory, name, loader_)) return found;
      }
      return std::nullopt;
    };
    // RUNPATH also switches off the RPATHs of those that loaded the object.
    if (loader_.musl || by.library.facts->runpath.empty())
      for (const Loaded* one = &by; one; one = one->loader) {
        budget_.spend(1);
        if (const auto found = in(one->rpath)) return found;
      }
    if (const auto found = in(by.runpath)) return found;
    return libraries_.find(name, loader_);
  }

  /// DT_NEEDED, with $ORIGIN and its kin replaced: glibc does that here as well.
  std::string needed_name(const std::string& name, const Loaded& by) {
    if (loader_.musl || !has_tokens(name)) return name;
    return expand_tokens(name, by.library.path.parent().text(), *by.library.facts,
                         libraries_.built_in(loader_).lib)
        .front();
  }

  const Loader& loader_;
  FutureLibraries& libraries_;
  Budget& budget_;
};

}  // namespace

Walk walk_of(const FutureLibrary& file, const Loader& loader, FutureLibraries& libraries, Budget& budget) {
  return Walker(loader, libraries, budget).run(file);
}

}  // namespace fromhost::core
