// SPDX-License-Identifier: Apache-2.0
// The image's libraries as they will be after the injection: what is there, what the plan brings, without
// what goes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/host/elf_file.hpp"
#include "core/image/image_libraries.hpp"
#include "core/image/image_root.hpp"
#include "core/plan/plan.hpp"
#include "core/preflight/preflight.hpp"

namespace fromhost::core {

/// A file that a loader could load.
struct FutureLibrary {
  ImagePath path;                      ///< links resolved
  const ElfFacts* facts = nullptr;     ///< never null; FutureLibraries owns it, or Preflight
  std::optional<std::size_t> planned;  ///< which file of the plan it will be; nullopt: the image's own
};

/// A dynamic loader of the image.
struct Loader {
  ImagePath path;
  const ElfFacts* facts = nullptr;  ///< never null
  bool musl = false;
};

class FutureLibraries {
 public:
  /// `directories`: those that ldconfig will scan, in its order; empty where it does not run, and the cache
  /// stays as it is. All of them must outlive it.
  FutureLibraries(const Plan& plan, const Preflight& preflight, const ImageRoot& image,
                  const std::vector<ImagePath>& directories);

  /// What the path will lead to, links followed; nullopt: nothing, or no ELF file.
  std::optional<FutureLibrary> at(const ImagePath& path);
  /// What `loader` will find for a name without a slash, beside RPATH and RUNPATH.
  std::optional<FutureLibrary> find(const std::string& name, const Loader& loader);
  /// The first of ldconfig's directories that will have a library of this name for this machine.
  std::optional<FutureLibrary> scan(const std::string& name, const ElfFacts& machine);
  /// Will ldconfig look into this directory?
  bool is_scanned(const ImagePath& directory);
  /// Every dynamic loader, for whatever machine.
  const std::vector<Loader>& loaders();

  /// Where a directory is, links resolved; as it is named where it will be made.
  ImagePath physical(const ImagePath& directory);

 private:
  std::optional<FutureLibrary> follow(const ImagePath& path, int links);
  const std::vector<std::string>& musl_directories();

  const Preflight& preflight_;
  const ImageRoot& image_;
  const std::vector<ImagePath>& directories_;
  std::map<ImagePath, std::size_t> planned_;
  std::map<ImagePath, std::string> links_;
  std::set<ImagePath> gone_;
  std::map<ImagePath, ImagePath> physical_;
  std::map<ImagePath, std::optional<ElfFacts>> facts_;
  std::optional<ImageLibraries> cache_;
  std::optional<std::vector<Loader>> loaders_;
  std::optional<std::vector<std::string>> musl_directories_;
};

/// For the same machine and class?
inline bool same_machine(const ElfFacts& a, const ElfFacts& b) {
  return a.machine == b.machine && a.elf_class == b.elf_class && a.data == b.data;
}

}  // namespace fromhost::core
