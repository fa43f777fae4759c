// SPDX-License-Identifier: Apache-2.0
// Image: library lookups, as its loader does them.
#include "core/image/image_libraries.hpp"

#include <algorithm>

namespace fromhost::core {
namespace {

constexpr std::uint64_t kCacheLimit = 64u << 20;  // one of a full distribution has 200 KiB
constexpr std::size_t kMostWalked = 4'000'000;    // entries; an image that large is no image

/// Calls `visit` for each entry that is no directory, links not followed; stops when `budget` is used up.
template <typename Visit>
void walk(const ImageRoot& image, const ImagePath& directory, std::size_t& budget, const Visit& visit) {
  for (const std::string& name : image.list(directory)) {
    if (budget == 0) return;
    --budget;
    const ImagePath path = directory / name;
    const auto status = image.lstat(path);
    if (!status) continue;
    if (S_ISDIR(status->st_mode))
      walk(image, path, budget, visit);
    else
      visit(path);
  }
}

}  // namespace

ImageLibraries ImageLibraries::read(const ImageRoot& image) {
  ImageLibraries libraries;
  if (const auto bytes = image.read_file(ImagePath("/etc/ld.so.cache"), kCacheLimit))
    if (auto entries = read_ld_so_cache(*bytes)) libraries.entries_ = std::move(*entries);
  return libraries;
}

std::optional<ImagePath> ImageLibraries::in_cache(const std::string& soname, std::uint16_t machine,
                                                  std::uint8_t elf_class) const {
  const auto flags = cache_flags(machine, elf_class);
  for (const LdSoCacheEntry& entry : entries_)
    if (entry.soname == soname && entry.hwcap == 0 && (!flags || entry.flags == *flags))
      return ImagePath(entry.path);
  return std::nullopt;
}

std::optional<ImagePath> ImageLibraries::in_cache(const std::string& soname) const {
  for (const LdSoCacheEntry& entry : entries_)
    if (entry.soname == soname) return ImagePath(entry.path);
  return std::nullopt;
}

std::optional<ImageLibfabric> find_libfabric(const ImageRoot& image,
                                             const std::vector<ImagePath>& directories) {
  std::vector<ImagePath> names;  // in the order of preference
  const ImageLibraries cached = ImageLibraries::read(image);
  for (const LdSoCacheEntry& entry : cached.entries())
    if (entry.soname == "libfabric.so.1") names.emplace_back(entry.path);
  std::vector<ImagePath> places = directories;
  for (const char* usual : {"/usr/local/lib", "/usr/local/lib64", "/usr/lib64", "/usr/lib"})
    places.emplace_back(usual);
  for (const ImagePath& place : places)
    for (const char* name : {"libfabric.so.1", "libfabric.so"}) names.push_back(place / name);

  std::optional<ImageLibfabric> found;
  const auto consider = [&](const ImagePath& name) {
    const auto status = image.stat(name);
    if (!status || !S_ISREG(status->st_mode)) return;
    const auto file = image.resolve(name);
    if (!file) return;
    if (!found)
      found = ImageLibfabric{name, *file, {}};
    else if (*file != found->file &&
             std::find(found->others.begin(), found->others.end(), *file) == found->others.end())
      found->others.push_back(*file);
  };
  for (const ImagePath& name : names) consider(name);
  if (!found) {
    std::size_t budget = kMostWalked;
    walk(image, ImagePath("/"), budget, [&](const ImagePath& path) {
      if (path.name() == "libfabric.so.1" || path.name() == "libfabric.so") consider(path);
    });
  }
  return found;
}

}  // namespace fromhost::core
