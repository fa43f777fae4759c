// SPDX-License-Identifier: Apache-2.0
// Everything that can be known to go wrong, found before anything is written.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/host/elf_memory.hpp"
#include "core/host/host_system.hpp"
#include "core/image/image_root.hpp"
#include "core/plan/plan.hpp"
#include "core/preflight/budget.hpp"
#include "core/preflight/finding.hpp"
#include "core/seldom.hpp"

namespace fromhost::core {

/// A file to be copied, as it is now.
struct PlannedSource {
  std::uint64_t size = 0;
  std::int64_t modification = 0;  ///< nanoseconds since 1970
  mode_t mode = 0;                ///< 0: it cannot be read
  bool unchanged = false;         ///< an earlier run left it in the image as it would be now
};

struct Preflight {
  std::uint64_t bytes = 0;  ///< of all files that are to be copied
  /// Of each file of the plan, in its order; none: not ELF, or data.
  std::vector<Seldom<ElfFacts>> facts;
  std::vector<PlannedSource> sources;      ///< of each file of the plan, in its order
  std::vector<PlannedLink> soname_links;   ///< that ldconfig would make for the plan's libraries
  std::vector<PlannedRemoval> superseded;  ///< earlier injections of such a library, which would win over it
  /// Libraries of the plan that no loader of the image will find, as findings say.
  std::set<std::size_t> not_found;
  /// Of each file of the plan that begins with "#!" and may be run: as much as the kernel reads of it.
  std::map<std::size_t, std::string> scripts;
  std::vector<Finding> findings;
  Budget budget = Budget();  ///< for all that looks into the image
  ElfMemory elf;             ///< the image's ELF files that have been read
};

/// Opens every source. Writes nothing. The names that will be written are for Destinations to look at.
Preflight check(const Plan& plan, const ImageRoot& image, const HostSystem& host);
/// Is there room for what is to be copied? To be asked when it is known which files are unchanged.
void check_space(Preflight& preflight, const Plan& plan, const ImageRoot& image);
/// Does a process run in the image? To be asked only where something will be written: it reads all of /proc.
void check_use(Preflight& preflight, const ImageRoot& image);

}  // namespace fromhost::core
