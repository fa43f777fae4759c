// SPDX-License-Identifier: Apache-2.0
// The exit status of a run. Scripts and Charliecloud's own tests rely on 0 and 1.
#pragma once

namespace fromhost::core {

enum class ExitStatus : int { success = 0, failure = 1 };

}  // namespace fromhost::core
