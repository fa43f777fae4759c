// SPDX-License-Identifier: Apache-2.0
// One writer an image: held, waited for, and let go by the dead.
#include "core/apply/image_lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "core/error.hpp"
#include "tests/support/log_capture.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using namespace std::chrono_literals;
using test::TempImage;
using testing::HasSubstr;

/// Another process that holds the image until it is killed.
class Holder {
 public:
  explicit Holder(const TempImage& image) {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      const ImageRoot root = image.open();
      const ImageLock lock(root, 0s);
      if (::write(ready[1], "x", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(ready[1]);
    char byte;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1) << "it has no lock";
    ::close(ready[0]);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() { kill(); }
  pid_t pid() const { return pid_; }
  void kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_;
};

TEST(ImageLockTest, ASecondHolderWaitsAndThenNamesTheFirst) {
  const TempImage image;
  const Holder holder(image);
  const ImageRoot root = image.open();
  const test::LogCapture log;
  try {
    const ImageLock lock(root, 0s);
    FAIL() << "two holders";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("apply: cannot lock the image: " + image.root()));
    EXPECT_THAT(error.what(),
                HasSubstr("held by process " + std::to_string(holder.pid()) + " on this host since "));
  }
  EXPECT_EQ(log.text(), "") << "nothing to wait for in no time";
}

TEST(ImageLockTest, TheDeadLetGo) {
  const TempImage image;
  const ImageRoot root = image.open();
  const std::string before = image.tree({true, true});
  Holder holder(image);
  EXPECT_THROW(ImageLock(root, 0s), Error);
  holder.kill();
  { const ImageLock lock(root, 0s); }
  EXPECT_EQ(image.tree({true, true}), before) << "leaves nothing";
}

TEST(ImageLockTest, WhoWaitsIsToldOfItOnceAndThenGoesOn) {
  const TempImage image;
  const ImageRoot root = image.open();
  Holder holder(image);
  const pid_t killer = ::fork();
  if (killer == 0) {
    ::usleep(400'000);
    ::kill(holder.pid(), SIGKILL);
    ::_exit(0);
  }
  const test::LogCapture log;
  { const ImageLock lock(root, 60s); }
  EXPECT_EQ(::waitpid(killer, nullptr, 0), killer);
  EXPECT_THAT(log.text(), HasSubstr("warning: waiting for the image, which is held by process " +
                                    std::to_string(holder.pid()) + " on this host"));
  const std::string said = log.text();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
}

TEST(ImageLockTest, AnotherImageIsFree) {
  const TempImage one, other;
  const Holder holder(one);
  const ImageRoot root = other.open();
  EXPECT_NO_THROW(ImageLock(root, 0s));
}

}  // namespace
}  // namespace fromhost::core
