// SPDX-License-Identifier: Apache-2.0
#include "core/file_times.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace fromhost::core {
namespace {

TEST(FileTimes, ComeBackAlsoFromBefore1970) {
  for (const std::int64_t time :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{-1'000'000'001},
        std::int64_t{1'700'000'000'123'456'789}, std::numeric_limits<std::int64_t>::max()}) {
    const struct timespec split = from_nanoseconds(time);
    EXPECT_GE(split.tv_nsec, 0);
    EXPECT_LT(split.tv_nsec, 1'000'000'000);
    EXPECT_EQ(nanoseconds(split), time);
  }
}

}  // namespace
}  // namespace fromhost::core
