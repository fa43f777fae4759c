// SPDX-License-Identifier: Apache-2.0
// "did you mean": the nearest of some names.
#pragma once

#include <string>
#include <vector>

namespace recipe {

/// The name with the fewest letters to change, at most a third of them; empty: none is near.
std::string nearest(const std::string& typed, const std::vector<std::string>& names);

}  // namespace recipe
