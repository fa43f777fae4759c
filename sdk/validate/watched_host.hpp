// SPDX-License-Identifier: Apache-2.0
// A host that stands between the plugin and another one, notes what the plugin does, and tells who is at
// work.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "fromhost/testing/fake_host.hpp"

namespace fromhost::validate {

/// Whose code runs. In memory that this process shares with its parent, which asks when the kernel reports a
/// write.
enum class AtWork : int { us, plugin, service };
std::atomic<AtWork>& at_work();

/// Sets who is at work, and back.
class Shift {
 public:
  explicit Shift(AtWork now) : before_(at_work().exchange(now)) {}
  Shift(const Shift&) = delete;
  Shift& operator=(const Shift&) = delete;
  ~Shift() { at_work() = before_; }

 private:
  AtWork before_;
};

/// What the plugin did during one call.
struct Notes {
  std::vector<fake::Item> items;
  std::string message;                        ///< its last fail()
  std::string refused;                        ///< why the host refused an item of its
  std::set<std::string> unset;                ///< variables that it asked for and that are not set
  std::string not_declared;                   ///< why the host did not take the last option that it refused
  std::vector<fake::DeclaredOption> options;  ///< that it wanted to declare
  bool other_thread = false;                  ///< it called the host from another thread
};

/// `inner`, lent for one call. Only one may live at a time: C functions have no other way to find it.
class WatchedHost {
 public:
  explicit WatchedHost(const fh_host* inner);
  WatchedHost(const WatchedHost&) = delete;
  WatchedHost& operator=(const WatchedHost&) = delete;
  ~WatchedHost();
  const fh_host* abi() const { return &abi_; }
  const Notes& notes() const { return notes_; }

 private:
  friend struct Services;
  const fh_host* inner_;
  pid_t origin_;
  Notes notes_;
  fh_host abi_{};
  // The inner tables, as far as the plugin has asked for them, and ours in front.
  const fh_files* inner_files_ = nullptr;
  const fh_commands* inner_commands_ = nullptr;
  const fh_libraries* inner_libraries_ = nullptr;
  const fh_image* inner_image_ = nullptr;
  const fh_recipes* inner_recipes_ = nullptr;
  const fh_requests* inner_requests_ = nullptr;
  const fh_discovery* inner_discovery_ = nullptr;
  fh_libraries libraries_{};
};

}  // namespace fromhost::validate
