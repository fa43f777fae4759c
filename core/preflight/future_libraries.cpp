// SPDX-License-Identifier: Apache-2.0
// Preflight: looking at what will be. Writes nothing, executes nothing.
#include "core/preflight/future_libraries.hpp"

#include <fcntl.h>
#include <fnmatch.h>

#include <algorithm>

#include "core/host/host_libraries.hpp"
#include "core/host/search_path.hpp"

namespace fromhost::core {
namespace {

constexpr int kMostLinks = 40;  // as the kernel
constexpr std::uint64_t kSearchPathLimit = 64u << 10;

ImagePath where_it_leads(const ImagePath& link, const std::string& target) {
  return target.front() == '/' ? ImagePath(target) : link.parent() / target;
}

bool is_usual(const ImagePath& directory) {
  const auto& usual = usual_library_directories();
  return std::find(usual.begin(), usual.end(), directory.text()) != usual.end();
}

bool matches(const std::string& name, const char* pattern) {
  return ::fnmatch(pattern, name.c_str(), 0) == 0;
}

}  // namespace

FutureLibraries::FutureLibraries(const Plan& plan, const Preflight& preflight, const ImageRoot& image,
                                 const std::vector<ImagePath>& directories)
    : preflight_(preflight), image_(image), directories_(directories) {
  for (const PlannedRemoval& one : plan.removals) gone_.insert(one.path);
  for (const PlannedRemoval& one : preflight.superseded) gone_.insert(one.path);
  for (const auto* some : {&plan.links, &preflight.soname_links})
    for (const PlannedLink& one : *some)
      if (!one.target.empty()) links_[physical(one.path.parent()) / one.path.name()] = one.target;
  for (std::size_t i = 0; i < plan.files.size(); ++i)
    planned_[physical(plan.files[i].directory) / plan.files[i].name] = i;
}

ImagePath FutureLibraries::physical(const ImagePath& directory) {
  const auto [at, fresh] = physical_.try_emplace(directory);
  if (fresh) at->second = image_.resolve(directory).value_or(directory);
  return at->second;
}

std::optional<FutureLibrary> FutureLibraries::at(const ImagePath& path) {
  return follow(path, 0);
}

std::optional<FutureLibrary> FutureLibraries::follow(const ImagePath& path, int links) {
  if (links > kMostLinks) return std::nullopt;
  const ImagePath here = physical(path.parent()) / path.name();
  if (const auto one = planned_.find(here); one != planned_.end()) {
    const auto& facts = preflight_.facts[one->second];
    if (!facts) return std::nullopt;
    return FutureLibrary{here, &*facts, one->second};
  }
  if (const auto one = links_.find(here); one != links_.end())
    return follow(where_it_leads(here, one->second), links + 1);
  if (gone_.count(here)) return std::nullopt;
  const auto status = image_.lstat(here);
  if (!status) return std::nullopt;
  if (S_ISLNK(status->st_mode)) {
    const std::string target = image_.link_target(here);
    return target.empty() ? std::nullopt : follow(where_it_leads(here, target), links + 1);
  }
  if (!S_ISREG(status->st_mode)) return std::nullopt;
  const auto [known, fresh] = facts_.try_emplace(here);
  if (fresh) {
    const UniqueFd file = image_.open_at(here, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (file) known->second = read_elf(file.get());
  }
  if (!known->second) return std::nullopt;
  return FutureLibrary{here, &*known->second, std::nullopt};
}

std::optional<FutureLibrary> FutureLibraries::scan(const std::string& name, const ElfFacts& machine) {
  for (const ImagePath& directory : directories_) {
    const auto found = at(directory / name);
    if (!found || !same_machine(*found->facts, machine)) continue;
    // The cache knows a library by its soname. By another name it is found only where the loader looks
    // without the cache.
    if (found->facts->soname.empty() || found->facts->soname == name || is_usual(directory)) return found;
  }
  return std::nullopt;
}

bool FutureLibraries::is_scanned(const ImagePath& directory) {
  const ImagePath ours = physical(directory);
  return std::any_of(directories_.begin(), directories_.end(),
                     [&](const ImagePath& one) { return physical(one) == ours; });
}

std::optional<FutureLibrary> FutureLibraries::find(const std::string& name, const Loader& loader) {
  const auto first_of = [&](const auto& directories) -> std::optional<FutureLibrary> {
    for (const auto& directory : directories)
      if (const auto found = at(ImagePath(directory) / name);
          found && same_machine(*found->facts, *loader.facts))
        return found;
    return std::nullopt;
  };
  if (loader.musl) return first_of(musl_directories());
  if (const auto found = scan(name, *loader.facts)) return found;
  if (directories_.empty()) {
    if (!cache_) cache_ = ImageLibraries::read(image_);
    if (const auto cached = cache_->in_cache(name, loader.facts->machine, loader.facts->elf_class))
      if (const auto found = at(*cached); found && same_machine(*found->facts, *loader.facts)) return found;
  }
  return first_of(usual_library_directories());
}

const std::vector<Loader>& FutureLibraries::loaders() {
  if (loaders_) return *loaders_;
  loaders_.emplace();
  std::set<ImagePath> seen;
  std::vector<std::string> directories = usual_library_directories();
  directories.emplace_back("/libx32");
  for (const std::string& text : directories) {
    const ImagePath directory = physical(ImagePath(text));
    if (!seen.insert(directory).second) continue;
    for (const std::string& name : image_.list(directory)) {
      const bool musl = matches(name, "ld-musl-*.so.*");
      if (!musl && !matches(name, "ld-linux*.so.*") && !matches(name, "ld64.so.*")) continue;
      if (const auto found = at(directory / name))
        loaders_->push_back({directory / name, found->facts, musl});
    }
  }
  return *loaders_;
}

const std::vector<std::string>& FutureLibraries::musl_directories() {
  if (musl_directories_) return *musl_directories_;
  musl_directories_.emplace();
  // Source: musl's ldso/dynlink.c; the file's name has the architecture.
  std::string path = "/lib:/usr/local/lib:/usr/lib";
  for (const std::string& name : image_.list(ImagePath("/etc")))
    if (matches(name, "ld-musl-*.path"))
      path = image_.read_file(ImagePath("/etc") / name, kSearchPathLimit).value_or(path);
  std::replace(path.begin(), path.end(), '\n', ':');
  for (const std::string& one : split_search_path(path)) musl_directories_->push_back(one);
  return *musl_directories_;
}

}  // namespace fromhost::core
