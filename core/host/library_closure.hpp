// SPDX-License-Identifier: Apache-2.0
// The libraries that a program or library of this machine loads by being linked with them, directly and by
// way of others; what ldd prints, without running anything.
#pragma once

#include <string>
#include <vector>

#include "core/host/host_libraries.hpp"

namespace fromhost::core {

struct LinkedLibrary {
  std::string soname;
  HostPath path;          ///< empty text: not found
  std::string needed_by;  ///< the file that names it first
};

/// Breadth first, as the loader does; each soname once; the file itself is not in it. Search order: RPATH of
/// the file and of what loaded it (where it has no RUNPATH), LD_LIBRARY_PATH, RUNPATH, the cache, the usual
/// directories. $ORIGIN, $LIB and $PLATFORM are expanded. Source: ld.so(8). At most 4096 libraries.
std::vector<LinkedLibrary> linked_libraries(const HostPath& file, const HostSystem& host,
                                            HostLibraries& libraries);

}  // namespace fromhost::core
