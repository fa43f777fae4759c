// SPDX-License-Identifier: Apache-2.0
// Preflight: looking at what will be. Writes nothing, executes nothing.
#include "core/preflight/future_libraries.hpp"

#include <fcntl.h>
#include <fnmatch.h>

#include <algorithm>
#include <iterator>

#include "core/host/host_libraries.hpp"
#include "core/host/processor.hpp"
#include "core/host/search_path.hpp"

namespace fromhost::core {
namespace {

constexpr int kMostLinks = 40;  // as the kernel
constexpr std::uint64_t kSearchPathLimit = 64u << 10;
constexpr std::uint64_t kLoaderLimit = 4u << 20;  // one has 200 KiB
constexpr std::size_t kMostBuiltIn = 16;
constexpr std::string_view kHwcaps = "glibc-hwcaps";
constexpr std::string_view kLevel = "x86-64-v";

ImagePath where_it_leads(const ImagePath& link, const std::string& target) {
  return target.front() == '/' ? ImagePath(target) : link.parent() / target;
}

bool matches(const std::string& name, const char* pattern) {
  return ::fnmatch(pattern, name.c_str(), 0) == 0;
}

bool is_level(std::string_view name) {
  return name.size() == kLevel.size() + 1 && name.starts_with(kLevel);
}

/// Does this host's processor have the level "x86-64-v3"?
bool is_ours(std::string_view level) {
  return is_level(level) && level.back() - '0' <= x86_64_level();
}

/// The loader's bytes, string by string: its directories are the first that end with a slash, one behind the
/// other; the levels are in one, "x86-64-v4:x86-64-v3:x86-64-v2".
BuiltIn read_built_in(std::string_view bytes) {
  BuiltIn found;
  bool ended = false;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\0', at), bytes.size());
    const std::string_view word = bytes.substr(at, end - at);
    const bool directory = word.size() > 2 && word.size() < 256 && word.front() == '/' && word.back() == '/';
    if (directory && !ended && found.directories.size() < kMostBuiltIn)
      found.directories.emplace_back(word);
    else if (!found.directories.empty())
      ended = true;
    if (found.levels.empty() && word.size() < 256 && word.starts_with(kLevel))
      for (const std::string& one : split_search_path(std::string(word)))
        if (is_level(one)) found.levels.push_back(one);
    at = end + 1;
  }
  return found;
}

}  // namespace

FutureLibraries::FutureLibraries(const Plan& plan, Preflight& preflight, const ImageRoot& image,
                                 const std::vector<ImagePath>& directories)
    : preflight_(preflight), budget_(preflight.budget), image_(image), run_ldconfig_(!directories.empty()) {
  // Some ldconfigs name those for special processors as well; they have rules of their own.
  std::copy_if(directories.begin(), directories.end(), std::back_inserter(directories_),
               [](const ImagePath& one) { return one.parent().name() != kHwcaps; });
  for (const PlannedRemoval& one : plan.removals) gone_.insert(one.path);
  for (const PlannedRemoval& one : preflight.superseded) gone_.insert(one.path);
  for (const std::vector<PlannedLink>* some : {&plan.links, &std::as_const(preflight.soname_links)})
    for (const PlannedLink& one : *some)
      if (!one.target.empty()) links_[physical(one.path.parent()) / one.path.name()] = one.target;
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const ImagePath directory = physical(plan.files[i].directory);
    planned_[directory / plan.files[i].name] = i;
    future_directories_.insert(directory);
  }
}

ImagePath FutureLibraries::physical(const ImagePath& directory) {
  const auto [at, fresh] = physical_.try_emplace(directory);
  if (!fresh) return at->second;
  at->second = directory;
  budget_.spend(Budget::kPath);
  if (!budget_.used_up()) at->second = image_.resolve(directory).value_or(directory);
  return at->second;
}

std::optional<FutureLibraries::Found> FutureLibraries::follow(const ImagePath& path) {
  ImagePath next = path;
  for (int links = 0; links <= kMostLinks; ++links) {
    const ImagePath here = physical(next.parent()) / next.name();
    // A directory with a long name takes longer to find.
    budget_.spend(Budget::kPath + here.text().size() / 256);
    if (budget_.used_up()) return std::nullopt;
    if (const auto one = planned_.find(here); one != planned_.end()) {
      Found found{here, one->second, {}};
      found.status.st_mode = preflight_.sources[one->second].mode;
      return found;
    }
    std::string target;
    if (const auto one = links_.find(here); one != links_.end()) {
      target = one->second;
    } else {
      if (gone_.count(here)) return std::nullopt;
      const auto status = image_.lstat(here);
      if (!status) return std::nullopt;
      if (S_ISREG(status->st_mode)) return Found{here, std::nullopt, *status};
      if (S_ISLNK(status->st_mode)) target = image_.link_target(here);
    }
    if (target.empty()) return std::nullopt;
    next = where_it_leads(here, target);
  }
  return std::nullopt;
}

std::optional<FutureFile> FutureLibraries::file_at(const ImagePath& path) {
  const auto found = follow(path);
  if (!found) return std::nullopt;
  return FutureFile{found->path, found->planned, (found->status.st_mode & 0111) != 0};
}

std::optional<FutureLibrary> FutureLibraries::at(const ImagePath& path) {
  const auto found = follow(path);
  if (!found) return std::nullopt;
  if (found->planned) {
    const auto& facts = preflight_.facts[*found->planned];
    if (!facts) return std::nullopt;
    return FutureLibrary{found->path, &*facts, found->planned};
  }
  const auto [known, fresh] = facts_.try_emplace(found->path);
  if (fresh) {
    known->second = preflight_.elf.of(found->status, [&] {
      return image_.open_at(found->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    });
    budget_.spend(cost_of(known->second.get()));
  }
  if (!known->second) return std::nullopt;
  return FutureLibrary{found->path, &*known->second, std::nullopt};
}

const BuiltIn& FutureLibraries::built_in(const Loader& loader) {
  const auto [at, fresh] = built_in_.try_emplace(loader.path);
  BuiltIn& found = at->second;
  if (!fresh) return found;
  // One that is injected is like the image's, or nobody knows.
  const auto file = follow(loader.path);
  if (file && !file->planned)
    if (const auto bytes = image_.read_file(file->path, kLoaderLimit)) {
      budget_.spend(Budget::kFile + bytes->size() / 1024);
      found = read_built_in(*bytes);
    }
  if (!found.directories.empty()) {
    // "/lib64/" or "/usr/lib/"; of a store that has a directory a package, only the last part says lib.
    std::string_view first = found.directories.front().text();
    first.remove_prefix(first.starts_with("/usr/") ? 5 : 1);
    found.lib = first.starts_with("lib") ? first : "lib";
  } else {
    for (const std::string& one : usual_library_directories()) found.directories.emplace_back(one);
  }
  return found;
}

/// Its glibc-hwcaps; nullopt: it will have none.
std::optional<ImagePath> FutureLibraries::special_directory(const ImagePath& directory) {
  const ImagePath all = physical(directory) / kHwcaps;
  const auto [has, fresh] = has_special_.try_emplace(all);
  if (fresh) {
    budget_.spend(Budget::kPath);
    if (!budget_.used_up())
      has->second =
          image_.is_directory(all) || std::any_of(future_directories_.begin(), future_directories_.end(),
                                                  [&](const ImagePath& one) { return one.parent() == all; });
  }
  return has->second ? std::optional(all) : std::nullopt;
}

std::optional<FutureLibrary> FutureLibraries::in_directory(const ImagePath& directory,
                                                           const std::string& name, const Loader& loader) {
  const auto fitting = [&](const ImagePath& place) -> std::optional<FutureLibrary> {
    const auto found = at(place / name);
    return found && same_machine(*found->facts, *loader.facts) ? found : std::nullopt;
  };
  if (!loader.musl)
    for (const std::string& level : built_in(loader).levels)
      if (is_ours(level))
        if (const auto all = special_directory(directory))
          if (const auto found = fitting(*all / level)) return found;
  return fitting(directory);
}

std::optional<FutureLibrary> FutureLibraries::scan(const std::string& name, const Loader& loader,
                                                   Processors processors) {
  // The cache knows a library by its soname, and by the name of a link for compilers, libfoo.so. By another
  // name it is found only where the loader looks without the cache.
  const auto cached = [&](const ImagePath& place) -> std::optional<FutureLibrary> {
    const auto found = at(place / name);
    if (!found || !same_machine(*found->facts, *loader.facts)) return std::nullopt;
    const std::string& soname = found->facts->soname;
    if (!soname.empty() && soname != name &&
        !(found->path.name() != name && name.ends_with(".so") && soname.starts_with(name)))
      return std::nullopt;
    return found;
  };
  if (!scanned_special_) {
    scanned_special_.emplace();
    for (const ImagePath& directory : directories_) {
      if (budget_.used_up()) return std::nullopt;
      if (const auto all = special_directory(directory)) scanned_special_->push_back(*all);
    }
  }
  // In the cache, a library for special processors comes before the others of all directories.
  if (!scanned_special_->empty())
    for (const std::string& level : built_in(loader).levels)
      if (processors == Processors::others_too || is_ours(level))
        for (const ImagePath& all : *scanned_special_) {
          if (budget_.used_up()) return std::nullopt;
          if (const auto found = cached(all / level)) return found;
        }
  for (const ImagePath& directory : directories_) {
    if (budget_.used_up()) return std::nullopt;
    if (const auto found = cached(directory)) return found;
  }
  return std::nullopt;
}

bool FutureLibraries::is_scanned(const ImagePath& directory) {
  if (!scanned_) {
    scanned_.emplace();
    for (const ImagePath& one : directories_) scanned_->insert(physical(one));
  }
  return scanned_->count(physical(directory)) != 0;
}

bool FutureLibraries::is_built_in(const ImagePath& directory, const Loader& loader) {
  const ImagePath ours = physical(directory);
  if (loader.musl) {
    const auto& all = musl_directories();
    return std::any_of(all.begin(), all.end(),
                       [&](const std::string& one) { return physical(ImagePath(one)) == ours; });
  }
  const auto& all = built_in(loader).directories;
  return std::any_of(all.begin(), all.end(), [&](const ImagePath& one) { return physical(one) == ours; });
}

std::optional<FutureLibrary> FutureLibraries::in_old_cache(const std::string& name, const Loader& loader) {
  if (!old_cache_) {
    old_cache_.emplace();
    const ImageLibraries cache = ImageLibraries::read(image_);
    for (const LdSoCacheEntry& entry : cache.entries()) (*old_cache_)[entry.soname].push_back(entry);
    budget_.spend(cache.entries().size() / 4);
  }
  const auto entries = old_cache_->find(name);
  if (entries == old_cache_->end()) return std::nullopt;
  const auto flags = cache_flags(loader.facts->machine, loader.facts->elf_class);
  const auto& levels = built_in(loader).levels;
  const LdSoCacheEntry* best = nullptr;
  std::size_t rank = levels.size();  // of the best; a lower one is better
  for (const LdSoCacheEntry& entry : entries->second) {
    budget_.spend(1);
    if (flags && entry.flags != *flags) continue;
    if (entry.hwcap == 0) {
      if (!best) best = &entry;
      continue;
    }
    const ImagePath directory = ImagePath(entry.path).parent();
    const auto level = std::find(levels.begin(), levels.end(), directory.name());
    const auto at = static_cast<std::size_t>(level - levels.begin());
    if (at >= rank || directory.parent().name() != kHwcaps || !is_ours(directory.name())) continue;
    best = &entry;
    rank = at;
  }
  if (!best) return std::nullopt;
  const auto found = at(ImagePath(best->path));
  return found && same_machine(*found->facts, *loader.facts) ? found : std::nullopt;
}

std::optional<FutureLibrary> FutureLibraries::find(const std::string& name, const Loader& loader) {
  auto& known = found_[loader.path];
  budget_.spend(1);
  if (const auto one = known.find(name); one != known.end()) return one->second;
  const auto found = look_up(name, loader);
  known.emplace(name, found);
  return found;
}

std::optional<FutureLibrary> FutureLibraries::look_up(const std::string& name, const Loader& loader) {
  if (loader.musl) {
    for (const std::string& directory : musl_directories()) {
      if (budget_.used_up()) return std::nullopt;
      if (const auto found = in_directory(ImagePath(directory), name, loader)) return found;
    }
    return std::nullopt;
  }
  const auto cached = !run_ldconfig_ ? in_old_cache(name, loader) : scan(name, loader, Processors::this_one);
  if (cached) return cached;
  for (const ImagePath& directory : built_in(loader).directories)
    if (const auto found = in_directory(directory, name, loader)) return found;
  return std::nullopt;
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
      const auto found = at(directory / name);
      if (!found || std::any_of(loaders_->begin(), loaders_->end(), [&](const Loader& one) {
            return one.musl == musl && same_machine(*one.facts, *found->facts);
          }))
        continue;
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
    if (matches(name, "ld-musl-*.path")) {
      budget_.spend(Budget::kFile);
      if (budget_.used_up()) break;
      path = image_.read_file(ImagePath("/etc") / name, kSearchPathLimit).value_or(path);
    }
  std::replace(path.begin(), path.end(), '\n', ':');
  for (const std::string& one : split_search_path(path)) musl_directories_->push_back(one);
  return *musl_directories_;
}

}  // namespace fromhost::core
