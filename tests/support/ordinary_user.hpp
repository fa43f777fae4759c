// SPDX-License-Identifier: Apache-2.0
// Running a part of a test as an ordinary user, whoever runs the tests: modes mean nothing to root.
#pragma once

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>

namespace fromhost::test {

constexpr uid_t kNobody = 65534;

/// Runs `body`, in a child that has become nobody where we are root; its EXPECTs count. False: there is no
/// way to do so here (no right to change the user, or nobody may not write below $TMPDIR).
inline bool as_ordinary_user(const std::function<void()>& body) {
  if (::geteuid() != 0) {
    body();
    return true;
  }
  constexpr int kImpossible = 77;
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
        ::setresuid(kNobody, kNobody, kNobody) != 0)
      ::_exit(kImpossible);
    // /proc/self would be root's otherwise.
    ::prctl(PR_SET_DUMPABLE, 1);
    if (::access(std::filesystem::temp_directory_path().c_str(), W_OK | X_OK) != 0) ::_exit(kImpossible);
    try {
      body();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "threw: " << error.what();
    }
    std::fflush(nullptr);
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kImpossible) return false;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
      << "as an ordinary user; its failures are above; wait status " << status;
  return true;
}

}  // namespace fromhost::test
