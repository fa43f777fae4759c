// SPDX-License-Identifier: Apache-2.0
// Times of files as one number.
#pragma once

#include <cstdint>
#include <ctime>

namespace fromhost::core {

/// Nanoseconds since 1970 and back.
std::int64_t nanoseconds(const struct timespec& time);
struct timespec from_nanoseconds(std::int64_t time);

}  // namespace fromhost::core
