// SPDX-License-Identifier: Apache-2.0
// Which error a call ends with.
#pragma once

#include <gtest/gtest.h>

#include <system_error>

namespace fromhost::test {

/// The error number that a call throws; 0: none.
int error_of(const auto& call) {
  try {
    call();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().category(), std::generic_category());
    return error.code().value();
  }
  return 0;
}

}  // namespace fromhost::test
