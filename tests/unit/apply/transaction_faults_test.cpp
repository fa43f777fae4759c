// SPDX-License-Identifier: Apache-2.0
// The invariant above all: whatever fails, and whenever, the image is afterwards the old one or the new one;
// and whenever the process dies, the next run makes it so.
#include <gtest/gtest.h>

#include <map>
#include <span>
#include <tuple>

#include "core/apply/recovery.hpp"
#include "tests/support/transaction_scene.hpp"

namespace fromhost::core {
namespace {

// A sanitized process takes ten times as long to fork and die: there, each third death is tried.
#ifdef __has_feature  // clang's
constexpr int kDeathStep = __has_feature(address_sanitizer) ? 3 : 1;
#else
constexpr int kDeathStep = 1;
#endif

using test::attempt;
using test::comparable;
using test::End;
using test::Failure;
using test::image_for;
using test::Job;
using test::kAllTimes;
using test::kVariants;
using test::TempImage;
using test::Variant;

using TransactionInvariant = test::Everybody;

constexpr int kErrors[] = {EIO, ENOSPC, EACCES, EPERM};
static_assert(std::size(kVariants) == std::size(kErrors), "or some error is never tried at some call");

struct Case {
  Job job;
  const Variant& variant;
};
const Case kCases[] = {{Job::first_injection, kVariants[0]}, {Job::first_injection, kVariants[1]},
                       {Job::first_injection, kVariants[2]}, {Job::first_injection, kVariants[3]},
                       {Job::next_injection, kVariants[2]},  {Job::undo, kVariants[2]}};
const Case kFewerCases[] = {
    {Job::first_injection, kVariants[3]}, {Job::next_injection, kVariants[0]}, {Job::undo, kVariants[2]}};

/// Does `body` to each case and call number until it returns false or a check fails; says how many it did.
void for_each_call(const char* what, std::span<const Case> cases,
                   const std::function<bool(const Case&, int n)>& body, int step = 1) {
  int tried = 0;
  for (const Case& one : cases) {
    SCOPED_TRACE(std::string(test::name_of(one.job)) + ", " + one.variant.name);
    for (int n = 1;; n += step, ++tried) {
      SCOPED_TRACE("call " + std::to_string(n));
      const bool more = body(one, n);
      if (testing::Test::HasFailure()) return;
      if (!more) break;
    }
  }
  std::printf("%s: %d of %d end in the old image or the new one\n", what, tried, tried);
  EXPECT_GT(tried, 150) << "or this proves little";
}

/// What the image looks like after the job.
const std::string& image_after(const Case& one) {
  static std::map<std::tuple<uid_t, Job, const Variant*>, std::string> known;
  std::string& text = known[{::geteuid(), one.job, &one.variant}];
  if (text.empty()) {
    const TempImage image = image_for(one.job, one.variant);
    EXPECT_EQ(attempt(one.job, image).said, "");
    text = comparable(image);
  }
  return text;
}

/// Each call meets each error in one of the variants.
int error_for(const Variant& variant, int n) {
  return kErrors[static_cast<std::size_t>((n + (&variant - kVariants)) % std::ssize(kErrors))];
}

TEST_F(TransactionInvariant, WithoutACommitTheImageIsTheOldOne) {
  as_everybody([this] {
    for (const Case& one : kCases) {
      SCOPED_TRACE(std::string(test::name_of(one.job)) + ", " + one.variant.name);
      const TempImage image = image_for(one.job, one.variant);
      const std::string before = image.tree(kAllTimes), outside = image.outside();
      EXPECT_EQ(attempt(one.job, image, {}, End::none).said, "");
      EXPECT_EQ(image.tree(kAllTimes), before);
      EXPECT_EQ(image.outside(), outside);
    }
    EXPECT_EQ(log_.text(), "") << "giving back the old image is nothing to talk about";
  });
}

/// One call fails, once: false if there is no such call.
bool fail_one_call(const Case& one, int n, End end) {
  const int error = error_for(one.variant, n);
  const TempImage image = image_for(one.job, one.variant);
  const std::string before = image.tree(kAllTimes), outside = image.outside();
  const auto result = attempt(one.job, image, {n, error, false}, end);
  if (!result.failure_was_met) return false;
  SCOPED_TRACE(errno_text(error) + " at " + result.calls.at(static_cast<std::size_t>(n) - 1));
  if (result.succeeded) {
    // What could not be tidied up at once, the next run does.
    FileOperations files;
    recover(image.open(), files);
    EXPECT_EQ(comparable(image), image_after(one)) << "said that it succeeded";
  } else {
    EXPECT_EQ(image.tree(kAllTimes), before) << "failed with: " << result.said;
  }
  EXPECT_EQ(image.outside(), outside);
  return true;
}

TEST_F(TransactionInvariant, WhicheverCallFailsTheImageIsTheOldOrTheNewOne) {
  as_everybody([] {
    for_each_call("failing calls", kCases,
                  [](const Case& one, int n) { return fail_one_call(one, n, End::commit); });
  });
}

TEST_F(TransactionInvariant, WhicheverCallFailsOnTheWayBackTheImageIsTheOldOne) {
  as_everybody([] {
    for_each_call("failing calls on the way back", kFewerCases,
                  [](const Case& one, int n) { return fail_one_call(one, n, End::none); });
  });
}

/// The image after the next run is the one of `before` or of image_after(). Who could not give the root its
/// mode and times back at the very end, or died then, has left nobody a word of them.
void expect_old_or_new(const TempImage& image, const Case& one, const std::string& before, bool may_be_old,
                       bool may_be_new) {
  const bool left = needs_recovery(image.open());
  FileOperations files;
  recover(image.open(), files);
  const auto looked_at = [&](const std::string& tree) { return left ? tree : test::below_root(tree); };
  if (may_be_new && looked_at(comparable(image)) == looked_at(image_after(one))) return;
  EXPECT_TRUE(may_be_old) << "said that it succeeded";
  EXPECT_EQ(looked_at(image.tree(kAllTimes)), looked_at(before));
}

TEST_F(TransactionInvariant, WhenEverythingFailsFromSomeCallOnTheNextRunPutsItRight) {
  as_everybody([] {
    for_each_call("calls from which on all fail", kFewerCases, [](const Case& one, int n) {
      const TempImage image = image_for(one.job, one.variant);
      const std::string before = image.tree(kAllTimes), outside = image.outside();
      const int error = error_for(one.variant, n);
      const auto result = attempt(one.job, image, {n, error, true});
      if (!result.failure_was_met) return false;
      SCOPED_TRACE(errno_text(error) + " from " + result.calls.at(static_cast<std::size_t>(n) - 1));
      expect_old_or_new(image, one, before, !result.succeeded, result.succeeded);
      EXPECT_EQ(image.outside(), outside);
      return true;
    });
  });
}

TEST_F(TransactionInvariant, WheneverTheProcessDiesTheNextRunMakesItTheOldOrTheNewImage) {
  as_everybody([] {
    for_each_call(
        "deaths", kCases,
        [](const Case& one, int n) {
          const TempImage image = image_for(one.job, one.variant);
          const std::string before = image.tree(kAllTimes), outside = image.outside();
          if (!test::dies([&] { attempt(one.job, image, {n, Failure::kDies, false}); })) return false;
          expect_old_or_new(image, one, before, true, true);
          EXPECT_EQ(image.outside(), outside);
          return true;
        },
        kDeathStep);
  });
}

TEST_F(TransactionInvariant, WheneverTheRepairDiesAsWellTheNextOneMakesIt) {
  as_everybody([] {
    int repairs = 0;
    for_each_call("deaths with a repair that dies", kFewerCases, [&](const Case& one, int n) {
      // Each third call of the repair after each seventh call of the run; the offsets let all of them meet.
      if (n % 7 != 0) return n < 400;
      for (int m = 1 + n % 3;; m += 3 * kDeathStep) {
        SCOPED_TRACE("then call " + std::to_string(m) + " of the repair");
        const TempImage image = image_for(one.job, one.variant);
        const std::string before = image.tree(kAllTimes);
        if (!test::dies([&] { attempt(one.job, image, {n, Failure::kDies, false}); })) return false;
        const bool died = test::dies([&] {
          test::FailingFileOperations files({m, Failure::kDies, false});
          recover(image.open(), files);
        });
        if (!died) return true;
        ++repairs;
        expect_old_or_new(image, one, before, true, true);
        if (HasFailure()) return true;
      }
    });
    std::printf("deaths of a repair: %d of %d end in the old image or the new one\n", repairs, repairs);
    EXPECT_GT(repairs, 100);
  });
}

TEST_F(TransactionInvariant, TheOldAndTheNewImageAreBothMet) {
  // Or the tests above would not tell.
  for (const Case& one : kCases) EXPECT_NE(image_after(one), comparable(image_for(one.job, one.variant)));
}

}  // namespace
}  // namespace fromhost::core
