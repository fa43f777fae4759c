// SPDX-License-Identifier: Apache-2.0
// The image's ldconfig: which one runs, and how it is confined, is known here and nowhere else.
#pragma once

#include <string>
#include <vector>

#include "core/host/host_system.hpp"
#include "core/image/image_root.hpp"

namespace fromhost::core {

class Ldconfig {
 public:
  /// /sbin/ldconfig of the image, run by ch-run (beside our executable, else in PATH), or where there is none
  /// by util-linux's unshare (user namespace, chroot). `host` and `image` must outlive it.
  Ldconfig(HostSystem& host, const ImageRoot& image) : host_(host), image_(image) {}
  virtual ~Ldconfig() = default;

  /// The directories that it reports, in order; the first is where libraries go. Asked once, then remembered.
  /// Throws Error "empty path from ldconfig". Writes nothing.
  const std::vector<ImagePath>& directories();
  /// Forgets the answer, since the configuration has changed.
  void ask_again() { directories_.clear(); }
  /// Makes soname links and the cache. Throws Error where it cannot be run or fails.
  virtual void update();

 protected:
  virtual std::vector<ImagePath> ask();

 private:
  CommandResult run(const std::vector<std::string>& arguments, bool writable, Command& command);
  HostSystem& host_;
  const ImageRoot& image_;
  std::vector<ImagePath> directories_;
};

/// The directories in the output of "ldconfig -v": lines that start with a slash, up to the colon.
std::vector<ImagePath> directories_in(const std::string& output);

/// The lines of ldconfig's stderr that a person should see: without "Can't stat", "given more than once", "is
/// the dynamic linker, ignoring" and the lines that continue them. Upstream issue 732 has the story.
std::vector<std::string> without_noise(const std::string& errors);

}  // namespace fromhost::core
