// SPDX-License-Identifier: Apache-2.0
// The image's libraries as they will be after the injection: what is there, what the plan brings, without
// what goes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/host/elf_file.hpp"
#include "core/host/search_path.hpp"
#include "core/image/image_libraries.hpp"
#include "core/image/image_root.hpp"
#include "core/plan/plan.hpp"
#include "core/preflight/preflight.hpp"

namespace fromhost::core {

/// A file that a loader could load.
struct FutureLibrary {
  ImagePath path;                      ///< links resolved
  const ElfFacts* facts = nullptr;     ///< never null; FutureLibraries keeps it, or Preflight
  std::optional<std::size_t> planned;  ///< which file of the plan it will be; nullopt: the image's own
};

/// A dynamic loader of the image.
struct Loader {
  ImagePath path;
  const ElfFacts* facts = nullptr;  ///< never null
  bool musl = false;
};

/// What a loader of glibc knows from its build. Source: its own bytes, where each is a string.
struct BuiltIn {
  std::vector<ImagePath> directories;  ///< where it looks by itself, after the cache
  std::string lib;                     ///< what $LIB stands for; empty: unknown
  /// Below glibc-hwcaps of each directory, the best first; empty before glibc 2.33.
  std::vector<std::string> levels;
};

/// For whose processor a library of a glibc-hwcaps directory is looked for.
enum class Processors {
  this_one,   ///< what this host's loads: the node that runs the image is likely to be the same
  others_too  ///< also what only a newer one would load
};

/// A file that need not be ELF.
struct FutureFile {
  ImagePath path;                      ///< links resolved
  std::optional<std::size_t> planned;  ///< which file of the plan it will be
  bool executable = false;             ///< for anybody
};

class FutureLibraries {
 public:
  /// `directories`: those that ldconfig will scan, in its order; empty where it does not run, and the cache
  /// stays as it is. The other three must outlive it. Where the budget is used up, nothing is found any more.
  FutureLibraries(const Plan& plan, Preflight& preflight, const ImageRoot& image,
                  const std::vector<ImagePath>& directories);

  /// What the path will lead to, links followed; nullopt: nothing, or no ELF file.
  std::optional<FutureLibrary> at(const ImagePath& path);
  /// The same of any regular file.
  std::optional<FutureFile> file_at(const ImagePath& path);
  /// What a loader will find in this directory: with glibc, below its glibc-hwcaps first.
  std::optional<FutureLibrary> in_directory(const ImagePath& directory, const std::string& name,
                                            const Loader& loader);
  /// What `loader` will find for a name without a slash, beside RPATH and RUNPATH.
  std::optional<FutureLibrary> find(const std::string& name, const Loader& loader);
  /// What will be in the cache that ldconfig makes; loaders for the same machine as `loader` read it.
  std::optional<FutureLibrary> scan(const std::string& name, const Loader& loader, Processors processors);
  /// Will ldconfig look into this directory?
  bool is_scanned(const ImagePath& directory);
  /// Will this loader by itself?
  bool is_built_in(const ImagePath& directory, const Loader& loader);
  /// One dynamic loader of each kind, for whatever machine.
  const std::vector<Loader>& loaders();
  const BuiltIn& built_in(const Loader& loader);

  /// Where a directory is, links resolved; as it is named where it will be made.
  ImagePath physical(const ImagePath& directory);

 private:
  struct Found {
    ImagePath path;
    std::optional<std::size_t> planned;
    struct stat status;  ///< of the image's own; of a planned one, st_mode alone
  };

  std::optional<Found> follow(const ImagePath& path);
  std::optional<FutureLibrary> look_up(const std::string& name, const Loader& loader);
  std::optional<FutureLibrary> in_old_cache(const std::string& name, const Loader& loader);
  std::optional<ImagePath> special_directory(const ImagePath& directory);
  const std::vector<std::string>& musl_directories();

  Preflight& preflight_;
  Budget& budget_;
  const ImageRoot& image_;
  const bool run_ldconfig_;
  std::vector<ImagePath> directories_;
  std::map<ImagePath, std::size_t> planned_;
  std::map<ImagePath, std::string> links_;
  std::set<ImagePath> gone_;
  std::set<ImagePath> future_directories_;  // of the plan's files
  std::map<ImagePath, ImagePath> physical_;
  std::map<ImagePath, ElfMemory::Facts> facts_;
  std::map<ImagePath, bool> has_special_;
  std::optional<std::vector<ImagePath>> scanned_special_;
  std::optional<std::set<ImagePath>> scanned_;
  std::map<ImagePath, BuiltIn> built_in_;
  std::map<ImagePath, std::unordered_map<std::string, std::optional<FutureLibrary>>> found_;  // by loader
  std::optional<std::unordered_map<std::string, std::vector<LdSoCacheEntry>>> old_cache_;
  std::optional<std::vector<Loader>> loaders_;
  std::optional<std::vector<std::string>> musl_directories_;
};

/// For the same machine and class?
inline bool same_machine(const ElfFacts& a, const ElfFacts& b) {
  return a.machine == b.machine && a.elf_class == b.elf_class && a.data == b.data;
}

}  // namespace fromhost::core
