// SPDX-License-Identifier: Apache-2.0
// A recipe, followed on a host: from what it says to what the image shall get.
#pragma once

#include "fromhost/provider_plugin.hpp"
#include "recipe.hpp"

namespace recipe {

/// Contributes all that the recipe says, or nothing: not_here, with explain(), where its conditions do not
/// hold, or it has none and nothing of it is on this host. Throws Failure where something is missing.
fromhost::Answer follow(const Recipe& recipe, fromhost::Host& host);

}  // namespace recipe
