// SPDX-License-Identifier: Apache-2.0
// Where the answers and the talk go: what standard error and standard output are, and what they may be sent
// besides text.
#pragma once

#include <cstddef>

namespace fromhost::core {

/// To be called before a file is opened. Where the caller has closed standard input, output or error, the
/// first file that we open would get that number: --cmd would read the image's directory, and what is said go
/// into a file that we write. So the number is taken, by what can be neither read nor written in its place:
/// that these are closed stays an error.
void take_closed_descriptors();

/// A terminal that obeys escape sequences: $TERM is set, and not to "dumb".
bool stderr_obeys();
/// The same, and the person has not asked for text without colours by a $NO_COLOR that is not empty
/// (no-color.org).
bool stderr_has_colours();
/// As wide as it is now; 80 where nobody knows.
std::size_t stderr_columns();
/// False: another job has the terminal, as after "ch-fromhost … &".
bool stderr_is_ours();

/// Standard output is a terminal.
bool stdout_is_terminal();
/// Both go to the same terminal, file or pipe: what is sent to both is read twice.
bool stdout_is_stderr();

}  // namespace fromhost::core
