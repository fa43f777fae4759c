// SPDX-License-Identifier: Apache-2.0
// The program that a script's first line names.
#pragma once

#include <optional>
#include <string>

#include "core/image/image_root.hpp"
#include "core/preflight/future_libraries.hpp"

namespace fromhost::core {

/// What the first line of a script says. Source: fs/binfmt_script.c of Linux.
struct Shebang {
  std::string interpreter;  ///< a path
  std::string argument;     ///< the rest of the line, which is one argument; may be empty
};

/// `beginning` is the first 256 bytes of a file, or all of it. nullopt: the kernel does not take it for a
/// script, so that at most a shell runs it, by itself.
std::optional<Shebang> read_shebang(const std::string& beginning);

struct MissingInterpreter {
  std::string name;
  std::string cause;  ///< empty: it is not there
  std::string way_out;
};

/// What the image will lack to run a script that begins so; nullopt: nothing, or nobody can tell. A program
/// that env is to find is looked for in the usual PATH, and in that of the image's /ch/environment.
std::optional<MissingInterpreter> missing_interpreter(const std::string& beginning, FutureLibraries& files,
                                                      const ImageRoot& image);

}  // namespace fromhost::core
