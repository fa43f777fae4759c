// SPDX-License-Identifier: Apache-2.0
// One thing that preflight has found out about a plan, and how much it matters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace fromhost::core {

/// All that can be found. Each has a name for scripts and a row in docs/troubleshooting.md.
enum class FindingKind {
  unreadable,           ///< a source is not there, no regular file, or not ours to read
  unwritable,           ///< a destination is not ours to write, or another file system
  taken,                ///< a destination is something that cannot be replaced
  no_space,             ///< bytes or inodes
  no_ldconfig,          ///< nothing tells where the image's loader looks
  placed_by_path,       ///< text goes where programs and libraries are, because of its path alone
  other_machine,        ///< a file is for another machine or class than the image's loaders
  no_loader,            ///< the image has none that loads it: musl for glibc, or none at all
  version_missing,      ///< a library does not define a symbol version that is needed of it
  library_missing,      ///< a needed library will not be there
  hidden,               ///< the loader will find another library of its soname
  in_use,               ///< a process has the image as its root directory
  interpreter_missing,  ///< a script's, or the program that its first line has env look for
  not_executable,       ///< a program that nobody may run
  unchecked,            ///< the image makes looking so long that it was given up
  libfabric_too_old     ///< the image's programs want more of libfabric than the host's defines
};

enum class Severity { warning, error };

struct Finding {
  FindingKind kind = FindingKind::unreadable;
  Severity severity = Severity::error;
  Problem problem;
  std::string library = {};  ///< that is missing, hidden or lacks a version; may be empty
  std::vector<std::string> files =
      {};  ///< of the plan, or of the image, that have this trouble; may be empty
};

/// "no-space", as in JSON.
std::string_view to_string(FindingKind kind);
std::string_view to_string(Severity severity);

/// A finding of the severity that its kind has by itself.
Finding make_finding(FindingKind kind, std::string what, std::string cause = "", std::string way_out = "");

/// With `force`, errors about compatibility count as warnings: whether a program would run, never whether it
/// can be written. With `strict`, such warnings count as errors.
void weigh(std::vector<Finding>& findings, bool force, bool strict);

/// Throws Error with every finding that is an error; returns if there is none.
void stop_at_errors(const std::vector<Finding>& findings);

}  // namespace fromhost::core
