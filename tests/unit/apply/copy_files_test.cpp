// SPDX-License-Identifier: Apache-2.0
// Several files at once: each arrives, one failure or signal ends all, and no thread is left. Built once more
// with ThreadSanitizer, as copy_threads_tests.
#include "core/apply/copy_files.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "core/error.hpp"
#include "core/host/interruption.hpp"
#include "tests/support/log_capture.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using testing::HasSubstr;

/// Only opens; unlike FakeHost it may be asked by several threads.
class RealFiles : public HostSystem {
 public:
  UniqueFd open_file(const HostPath& path) const override {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) throw std::system_error(errno, std::generic_category(), path.text());
    return fd;
  }
  std::optional<std::string> environment(const std::string&) const override { unused(); }
  CommandResult run(const Command&) override { unused(); }
  std::string read_file(const HostPath&, std::uint64_t) const override { unused(); }
  std::string read_standard_input(std::uint64_t) override { unused(); }
  HostFile inspect(const HostPath&) const override { unused(); }
  std::vector<std::string> list(const HostPath&) const override { unused(); }
  std::optional<HostPath> find_program(const std::string&) const override { unused(); }
  HostPath own_directory() const override { unused(); }

 private:
  [[noreturn]] static void unused() { throw std::logic_error("not faked"); }
};

/// Counts copies from 1, fails some of them, and knows who made them.
class Watched : public FileOperations {
 public:
  void copy(int from, int to, const PieceCopied& copied) override {
    const int number = ++copies;
    {
      const std::lock_guard lock(mutex_);
      threads.insert(std::this_thread::get_id());
    }
    if (before_copy) before_copy(number);
    FileOperations::copy(from, to, copied);
  }
  std::function<void(int number)> before_copy;
  std::atomic<int> copies = 0;
  std::set<std::thread::id> threads;

 private:
  std::mutex mutex_;
};

std::ptrdiff_t threads_now() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

#ifdef __SANITIZE_THREAD__
constexpr std::ptrdiff_t kThreads = 2;  // its own
#else
constexpr std::ptrdiff_t kThreads = 1;
#endif

/// One that has been joined is listed for a moment more.
void expect_no_thread_left() {
  for (int i = 0; threads_now() > kThreads && i < 10'000; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_LE(threads_now(), kThreads);
}

class CopyFiles : public testing::Test {
 protected:
  static constexpr int kFiles = 20;
  // On any machine: its processors are what it has, but one byte is enough for a thread.
  static constexpr CopyThreads kMany{4, 1};

  CopyFiles() {
    std::filesystem::create_directory(to());
    directory_.reset(::open(to().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int i = 0; i < kFiles; ++i) {
      const std::string bytes = content(i),
                        path = (temporary_.path() / ("from" + std::to_string(i))).string();
      std::ofstream(path) << bytes;
      sources_.emplace_back(path);
      wanted_.push_back({&sources_.back(), "n" + std::to_string(i), bytes.size()});
    }
  }
  static std::string content(int i) {
    return std::string(static_cast<std::size_t>(1 + i % 5) * 100'000, static_cast<char>('a' + i));
  }
  std::string to() const { return (temporary_.path() / "to").string(); }
  std::string copied(int i) const {
    std::ostringstream text;
    text << std::ifstream(to() + "/n" + std::to_string(i)).rdbuf();
    return text.str();
  }
  std::vector<CopiedFile> copy(const CopyThreads& threads, const CopyObserver& observer = {}) {
    return copy_files(files_, host_, directory_.get(), wanted_, false, observer, threads);
  }

  test::TempDirectory temporary_;
  UniqueFd directory_;
  std::deque<HostPath> sources_;
  std::vector<FileToCopy> wanted_;
  RealFiles host_;
  Watched files_;
};

TEST_F(CopyFiles, AllArriveAndAreToldOfInTheOrderOfTheList) {
  ::chmod(sources_[7].c_str(), 04755);
  const auto found = copy(kMany);
  ASSERT_EQ(found.size(), wanted_.size());
  for (int i = 0; i < kFiles; ++i) {
    EXPECT_TRUE(copied(i) == content(i)) << i;
    const auto& one = found[static_cast<std::size_t>(i)];
    EXPECT_EQ(one.source.size, content(i).size());
    EXPECT_EQ(one.dropped.size(), i == 7 ? 1u : 0u);
  }
}

TEST_F(CopyFiles, FewBytesOrOneFileStartNoThread) {
  struct Row {
    const char* name;
    std::size_t files;
    CopyThreads limits;
  };
  const Row rows[] = {
      {"few bytes", kFiles, {}}, {"one file", 1, {4, 1}}, {"one thread allowed", kFiles, {1, 1}}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    std::vector<FileToCopy> some(wanted_.begin(), wanted_.begin() + static_cast<std::ptrdiff_t>(row.files));
    for (FileToCopy& one : some) one.name += row.name;
    copy_files(files_, host_, directory_.get(), some, false, {}, row.limits);
  }
  EXPECT_EQ(files_.threads, std::set{std::this_thread::get_id()});
}

TEST_F(CopyFiles, ManyBytesAreCopiedByAtMostSoManyThreads) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "one processor: no second thread";
  // The first copy ends only after another has begun.
  std::atomic<bool> second = false;
  files_.before_copy = [&](int number) {
    if (number == 2) second = true;
    for (int i = 0; number == 1 && !second && i < 10'000; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  copy({2, 1});
  EXPECT_TRUE(second);
  EXPECT_EQ(files_.threads.size(), 2u);
  expect_no_thread_left();
}

TEST_F(CopyFiles, TheLargestComeFirst) {
  std::vector<std::string> order;
  copy(kMany, [&](const HostPath& source, std::uint64_t bytes) {
    if (bytes == 0) order.push_back(std::string(source.name()));
  });
  ASSERT_EQ(order.size(), wanted_.size());
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "one processor: the order is the list's";
  // Whoever has taken a file may be held up before he tells of it: each of the other threads one. All other
  // larger ones have been told of.
  std::multiset<std::size_t> untold;
  for (int i = 0; i < kFiles; ++i) untold.insert(content(i).size());
  for (const std::string& name : order) {
    const std::size_t size = content(std::stoi(name.substr(4))).size();
    untold.erase(untold.find(size));
    EXPECT_LT(static_cast<unsigned>(std::distance(untold.upper_bound(size), untold.end())), kMany.most)
        << name;
  }
}

TEST_F(CopyFiles, TheObserverIsToldOfEveryByteByOneThreadAtATime) {
  std::uint64_t bytes = 0, expected = 0;  // no lock: ThreadSanitizer says if one were needed
  for (int i = 0; i < kFiles; ++i) expected += content(i).size();
  copy(kMany, [&](const HostPath&, std::uint64_t piece) { bytes += piece; });
  EXPECT_EQ(bytes, expected);
}

TEST_F(CopyFiles, WhicheverCopyFailsAllEndAndOneErrorIsTold) {
  for (int n = 1; n <= kFiles; ++n) {
    SCOPED_TRACE(n);
    Watched files;
    files.before_copy = [&](int number) {
      if (number == n) throw std::system_error(ENOSPC, std::generic_category(), "copy");
    };
    std::filesystem::remove_all(to());
    std::filesystem::create_directory(to());
    directory_.reset(::open(to().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    try {
      copy_files(files, host_, directory_.get(), wanted_, false, {}, kMany);
      FAIL() << "said that it succeeded";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("apply: cannot inject: "));
      EXPECT_THAT(error.what(), HasSubstr("No space left on device; the image is as it was"));
      EXPECT_EQ(error.problems().size(), 1u);
    }
    expect_no_thread_left();
  }
}

TEST_F(CopyFiles, OfSeveralFailuresTheEarliestFilesIsTold) {
  // All that begin fail; the first two together, whoever is first.
  std::atomic<int> begun = 0;
  const bool two = std::thread::hardware_concurrency() >= 2;
  files_.before_copy = [&](int) {
    ++begun;
    for (int i = 0; two && begun < 2 && i < 10'000; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    throw std::system_error(EIO, std::generic_category(), "copy");
  };
  // With threads the largest begin: the files 4, 9, 14 and 19 of the list.
  try {
    copy({2, 1});
    FAIL() << "said that it succeeded";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(two ? "from4: " : "from0: "));
  }
}

TEST_F(CopyFiles, WhatTheObserverThrowsEndsAllAndIsThrown) {
  EXPECT_THROW(copy(kMany,
                    [](const HostPath&, std::uint64_t bytes) {
                      if (bytes > 0) throw std::out_of_range("enough");
                    }),
               std::out_of_range);
  expect_no_thread_left();
}

TEST_F(CopyFiles, ASignalThatIsHeldEndsAll) {
  for (const CopyThreads& threads : {CopyThreads{}, kMany}) {
    SCOPED_TRACE(threads.bytes_a_thread);
    Watched files;
    const test::LogCapture log;
    const HeldSignals held;
    // To the process, as from a terminal; not to this thread.
    files.before_copy = [&](int number) {
      if (number == 3) ::kill(::getpid(), SIGTERM);
    };
    std::vector<FileToCopy> wanted = wanted_;
    for (FileToCopy& one : wanted) one.name += std::to_string(threads.bytes_a_thread);
    std::string said;
    try {
      copy_files(files, host_, directory_.get(), wanted, false, {}, threads);
    } catch (const Error& error) {
      said = error.what();
    }
    sigset_t waiting;
    sigemptyset(&waiting);
    sigaddset(&waiting, SIGTERM);
    const struct timespec now = {0, 0};
    EXPECT_EQ(::sigtimedwait(&waiting, nullptr, &now), SIGTERM);
    EXPECT_THAT(said, HasSubstr("apply: interrupted"));
    EXPECT_EQ(log.text(), "error: apply: interrupted (Terminated); the image gets back what it was\n");
    expect_no_thread_left();
  }
}

TEST_F(CopyFiles, AThreadLeavesSignalsToTheProcess) {
  std::atomic<int> open = 0;
  const auto main = std::this_thread::get_id();
  files_.before_copy = [&](int) {
    if (std::this_thread::get_id() == main) return;
    sigset_t blocked;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGUSR1, SIGWINCH})
      if (::sigismember(&blocked, signal) != 1) ++open;
  };
  sigset_t before, after;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &before);
  copy(kMany);
  ::pthread_sigmask(SIG_BLOCK, nullptr, &after);
  EXPECT_EQ(open, 0);
  for (int signal = 1; signal < 32; ++signal)
    EXPECT_EQ(::sigismember(&before, signal), ::sigismember(&after, signal)) << signal;
}

}  // namespace
}  // namespace fromhost::core
