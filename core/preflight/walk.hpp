// SPDX-License-Identifier: Apache-2.0
// Following DT_NEEDED in the image as its loader will.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/preflight/budget.hpp"
#include "core/preflight/future_libraries.hpp"

namespace fromhost::core {

struct Loaded {
  FutureLibrary library;
  const Loaded* loader;  ///< what needed it; null for the file itself
  /// Of its RPATH, which those that it loads inherit, and of its RUNPATH.
  std::vector<ImagePath> rpath, runpath;
};

/// What one file makes its loader load.
struct Walk {
  std::deque<Loaded> loaded;  ///< stable addresses: Loaded::loader points into it
  std::map<std::string, std::optional<FutureLibrary>> by_name;
  std::vector<std::pair<std::string, FutureLibrary>> missing;  ///< what, and who needs it
  Loader loader;
};

/// What `loader` will load for `file`. Where the budget ends, the walk does, too, and counts for nothing.
Walk walk_of(const FutureLibrary& file, const Loader& loader, FutureLibraries& libraries, Budget& budget);

}  // namespace fromhost::core
