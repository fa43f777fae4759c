// SPDX-License-Identifier: Apache-2.0
// The checks of a plugin, in order, by name.
#pragma once

#include <string>
#include <vector>

#include "sdk/validate/child.hpp"
#include "sdk/validate/exercise.hpp"

namespace fromhost::validate {

struct Check {
  const char* name;
  const char* promise;  ///< what a plugin that passes does
  bool gate;            ///< those behind it make no sense where it does not pass
  /// In the child.
  Verdict (*inside)(const Subject& subject);
  /// In the parent: what the child cannot see of itself; null: nothing.
  Verdict (*outside)(const Ended& ended) = nullptr;
  bool watch_writes = false;
};

const std::vector<Check>& checks();

}  // namespace fromhost::validate
