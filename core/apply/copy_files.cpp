// SPDX-License-Identifier: Apache-2.0
// Apply: a list of files, and those who take the next one from it.
#include "core/apply/copy_files.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <mutex>
#include <numeric>
#include <optional>
#include <system_error>
#include <thread>

#include "core/apply/apply_error.hpp"
#include "core/error.hpp"
#include "core/host/interruption.hpp"

namespace fromhost::core {
namespace {

/// Ends a copy because of something that is told elsewhere.
struct Stopped {};

unsigned processors() {
  cpu_set_t ours;
  // More of them than fit: many.
  return ::sched_getaffinity(0, sizeof ours, &ours) == 0 ? static_cast<unsigned>(CPU_COUNT(&ours)) : 1024;
}

std::size_t threads_for(const std::vector<FileToCopy>& wanted, const CopyThreads& limits) {
  std::uint64_t bytes = 0;
  for (const FileToCopy& one : wanted) bytes += one.bytes;
  std::uint64_t threads = std::min<std::uint64_t>(bytes / limits.bytes_a_thread, wanted.size());
  if (threads < 2) return 1;
  return std::min<std::uint64_t>(threads, std::min(limits.most, processors()));
}

class Copying {
 public:
  Copying(FileOperations& files, const HostSystem& host, int directory, const std::vector<FileToCopy>& wanted,
          bool sync, const CopyObserver& observer)
      : files_(files),
        host_(host),
        directory_(directory),
        wanted_(wanted),
        sync_(sync),
        observer_(observer),
        copied_(wanted.size()),
        order_(wanted.size()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
  }

  std::vector<CopiedFile> run(std::size_t threads) {
    if (threads > 1) {
      // A large one that begins last would keep all waiting.
      std::stable_sort(order_.begin(), order_.end(),
                       [&](std::size_t a, std::size_t b) { return wanted_[a].bytes > wanted_[b].bytes; });
      work_with(threads - 1);
    } else {
      work();
    }
    if (failure_) std::rethrow_exception(failure_);
    throw_if_interrupted();
    return std::move(copied_);
  }

 private:
  void work_with(std::size_t others) {
    std::vector<std::jthread> threads;
    threads.reserve(others);
    // A signal is for the one who started us all.
    sigset_t all, before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      while (threads.size() < others) threads.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      // No more threads for us (a limit on processes): those that there are do it.
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    work();
  }

  void work() noexcept {
    while (const auto file = next()) try {
        copy(*file);
      } catch (const Stopped&) {
        return;
      } catch (...) {
        failed(*file, std::current_exception());
      }
  }

  std::optional<std::size_t> next() {
    const std::lock_guard lock(mutex_);
    if (stop_ || is_interrupted() || taken_ == order_.size()) return std::nullopt;
    return order_[taken_++];
  }

  void failed(std::size_t file, std::exception_ptr why) {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    if (failure_ && first_failed_ < file) return;
    first_failed_ = file;
    failure_ = std::move(why);
  }

  void copy(std::size_t number) {
    const FileToCopy& file = wanted_[number];
    guarded("cannot inject: " + file.source->text(), [&] {
      const UniqueFd from = host_.open_file(*file.source);
      tell(*file.source, 0);
      struct stat facts;
      if (::fstat(from.get(), &facts) != 0) throw_errno("stat");
      copied_[number].source = FileStamp(facts);
      copied_[number].dropped = copy_file(files_, from.get(), directory_, file.name, sync_,
                                          [&](std::uint64_t bytes) { tell(*file.source, bytes); });
    });
  }

  /// A large file does not put off the end of all.
  void tell(const HostPath& source, std::uint64_t bytes) {
    if (stop_ || is_interrupted()) throw Stopped();
    if (!observer_) return;
    const std::lock_guard lock(mutex_);
    observer_(source, bytes);
  }

  FileOperations& files_;
  const HostSystem& host_;
  const int directory_;
  const std::vector<FileToCopy>& wanted_;
  const bool sync_;
  const CopyObserver& observer_;
  std::vector<CopiedFile> copied_;  // each element is its copier's
  std::vector<std::size_t> order_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;  // of all below, and of the observer
  std::size_t taken_ = 0;
  std::size_t first_failed_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

std::vector<CopiedFile> copy_files(FileOperations& files, const HostSystem& host, int directory,
                                   const std::vector<FileToCopy>& wanted, bool sync,
                                   const CopyObserver& observer, const CopyThreads& threads) {
  return Copying(files, host, directory, wanted, sync, observer).run(threads_for(wanted, threads));
}

}  // namespace fromhost::core
