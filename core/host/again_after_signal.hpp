// SPDX-License-Identifier: Apache-2.0
// A system call that a signal interrupted is made again.
#pragma once

#include <cerrno>

namespace fromhost::core {

template <typename Call>
auto again_after_signal(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}
}  // namespace fromhost::core
