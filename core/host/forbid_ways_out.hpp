// SPDX-License-Identifier: Apache-2.0
// What a confined program may not ask the kernel for.
#pragma once

namespace fromhost::core {

/// Takes system calls away from this process, and from all that it becomes and starts: those by which a
/// stranger's program, confined as it is, gets at what is outside. To be called after PR_SET_NO_NEW_PRIVS.
/// Async-signal-safe. False and errno where that cannot be had; the program must not run then.
bool forbid_ways_out();

}  // namespace fromhost::core
