// SPDX-License-Identifier: Apache-2.0
// The exit status of a run. Scripts and Charliecloud's own tests rely on 0 and 1.
#pragma once

namespace fromhost::core {

enum class ExitStatus : int {
  success = 0,
  failure = 1,
  outdated = 3,      ///< --status, --verify: the image or the host has changed; inject again
  not_injected = 4,  ///< --status, --verify: the image holds no injection
};

}  // namespace fromhost::core
