// SPDX-License-Identifier: Apache-2.0
// What the image's loader finds: its ld.so.cache and its files, read here, executed never.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/host/elf_file.hpp"
#include "core/host/ld_so_cache.hpp"
#include "core/image/image_root.hpp"

namespace fromhost::core {

class ImageLibraries {
 public:
  /// Reads the cache as it is now. One that is missing or malformed counts as empty, as it does for the
  /// loader.
  static ImageLibraries read(const ImageRoot& image);

  /// The path that the loader takes from the cache for this soname, for programs of that machine and class;
  /// entries for special processors (glibc-hwcaps) do not count. nullopt: not in the cache.
  std::optional<ImagePath> in_cache(const std::string& soname, std::uint16_t machine,
                                    std::uint8_t elf_class) const;
  /// The first path of this soname for any machine.
  std::optional<ImagePath> in_cache(const std::string& soname) const;

  const std::vector<LdSoCacheEntry>& entries() const { return entries_; }

 private:
  std::vector<LdSoCacheEntry> entries_;
};

/// The image's libfabric.
struct ImageLibfabric {
  ImagePath path;                 ///< as the loader says it: …/libfabric.so.1
  ImagePath file;                 ///< the file itself, links resolved
  std::vector<ImagePath> others;  ///< other files of that name, which the loader does not load
};

/// The libfabric that the image's loader would load for libfabric.so.1: from the cache, else from the first
/// of `directories` (ldconfig's) that has one, else from one walk of the image. nullopt: it has none.
std::optional<ImageLibfabric> find_libfabric(const ImageRoot& image,
                                             const std::vector<ImagePath>& directories);

}  // namespace fromhost::core
