// SPDX-License-Identifier: Apache-2.0
// Host: following DT_NEEDED as the loader would.
#include "core/host/library_closure.hpp"

#include <deque>
#include <filesystem>
#include <set>

#include "core/host/search_path.hpp"

namespace fromhost::core {
namespace {

constexpr std::size_t kMostLibraries = 4096;

struct Loaded {
  HostPath path;
  ElfFacts facts;
  const Loaded* loader;  // what needed it; null for the file itself
};

std::vector<std::string> expanded(const std::string& search_path, const Loaded& of) {
  const std::string origin = std::filesystem::path(of.path.text()).parent_path().string();
  return search_directories(search_path, origin, of.facts);
}

class Search {
 public:
  Search(const HostSystem& host, HostLibraries& libraries) : libraries_(libraries) {
    from_environment_ = split_search_path(host.environment("LD_LIBRARY_PATH").value_or(""));
  }

  std::optional<HostPath> find(const std::string& name, const Loaded& by) {
    const auto fits = [&](const HostPath& path) {
      const auto& known = libraries_.facts(path);
      return known && known->machine == by.facts.machine && known->elf_class == by.facts.elf_class;
    };
    if (name.find('/') != std::string::npos)
      return fits(HostPath(name)) ? std::optional(HostPath(name)) : std::nullopt;
    std::vector<std::string> directories;
    const auto add = [&](const std::vector<std::string>& more) {
      directories.insert(directories.end(), more.begin(), more.end());
    };
    // RUNPATH switches off the RPATHs of the object itself, and of those that loaded it.
    if (by.facts.runpath.empty())
      for (const Loaded* one = &by; one; one = one->loader)
        if (one->facts.runpath.empty()) add(expanded(one->facts.rpath, *one));
    add(from_environment_);
    add(expanded(by.facts.runpath, by));
    for (const std::string& directory : directories)
      if (const HostPath path(directory + "/" + name); fits(path)) return path;
    return libraries_.find(name, by.facts.machine, by.facts.elf_class);
  }

 private:
  HostLibraries& libraries_;
  std::vector<std::string> from_environment_;
};

}  // namespace

std::vector<LinkedLibrary> linked_libraries(const HostPath& file, const HostSystem& host,
                                            HostLibraries& libraries) {
  std::vector<LinkedLibrary> found;
  const auto& facts = libraries.facts(file);
  if (!facts) return found;
  Search search(host, libraries);
  std::deque<Loaded> loaded = {{file, *facts, nullptr}};  // stable addresses: Loaded::loader points into it
  std::set<std::string> seen = {facts->soname};
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    for (const std::string& name : loaded[i].facts.needed) {
      if (!seen.insert(name).second || found.size() == kMostLibraries) continue;
      const auto path = search.find(name, loaded[i]);
      found.push_back({name, path.value_or(HostPath()), loaded[i].path.text()});
      if (!path) continue;
      loaded.push_back({*path, *libraries.facts(*path), &loaded[i]});
      // Once loaded, it also answers to the name that it gives itself.
      seen.insert(loaded.back().facts.soname);
    }
  }
  return found;
}

}  // namespace fromhost::core
