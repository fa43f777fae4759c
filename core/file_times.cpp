// SPDX-License-Identifier: Apache-2.0
#include "core/file_times.hpp"

namespace fromhost::core {
namespace {

constexpr std::int64_t kBillion = 1'000'000'000;

}  // namespace

std::int64_t nanoseconds(const struct timespec& time) {
  return std::int64_t{time.tv_sec} * kBillion + time.tv_nsec;
}

struct timespec from_nanoseconds(std::int64_t time) {
  struct timespec result {};
  result.tv_sec = time / kBillion;
  result.tv_nsec = time % kBillion;
  if (result.tv_nsec < 0) {
    result.tv_nsec += kBillion;
    --result.tv_sec;
  }
  return result;
}

}  // namespace fromhost::core
