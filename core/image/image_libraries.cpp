// SPDX-License-Identifier: Apache-2.0
// Image: library lookups, as its loader does them.
#include "core/image/image_libraries.hpp"

namespace fromhost::core {
namespace {

constexpr std::uint64_t kCacheLimit = 64u << 20;  // one of a full distribution has 200 KiB

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

std::optional<ImagePath> find_libfabric(const ImageRoot& image, const std::vector<ImagePath>& directories) {
  if (const auto cached = ImageLibraries::read(image).in_cache("libfabric.so.1");
      cached && image.stat(*cached))
    return cached;
  std::vector<ImagePath> places = directories;
  for (const char* usual : {"/usr/local/lib", "/usr/local/lib64", "/usr/lib64", "/usr/lib"})
    places.emplace_back(usual);
  for (const ImagePath& place : places)
    for (const char* name : {"libfabric.so.1", "libfabric.so"})
      if (image.stat(place / name)) return place / name;
  return std::nullopt;
}

}  // namespace fromhost::core
