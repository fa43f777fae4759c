// SPDX-License-Identifier: Apache-2.0
// What standard error is, if it is a terminal, and what that may be sent besides text.
#pragma once

#include <cstddef>

namespace fromhost::core {

/// A terminal that obeys escape sequences: $TERM is set, and not to "dumb".
bool stderr_obeys();
/// The same, and the person has not asked for text without colours by a $NO_COLOR that is not empty
/// (no-color.org).
bool stderr_has_colours();
/// As wide as it is now; 80 where nobody knows.
std::size_t stderr_columns();
/// False: another job has the terminal, as after "ch-fromhost … &".
bool stderr_is_ours();

}  // namespace fromhost::core
