// SPDX-License-Identifier: Apache-2.0
// The image's ldconfig: which one runs, and how it is confined, is known here and nowhere else.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/host/host_system.hpp"
#include "core/image/image_root.hpp"

namespace fromhost::core {

/// Whose ldconfig runs. automatic: the host's; an ordinary user gets the image's where the host has none that
/// could run alone.
enum class LdconfigChoice { automatic, host, image };

/// An empty directory of ours in the image.
struct Scratch {
  ImagePath path;
  UniqueFd directory;  ///< itself; the path may be somebody else's by now
};

class Ldconfig {
 public:
  /// Runs confined to the image, which it sees as "/" and cannot change. `host` and `image` must outlive it.
  Ldconfig(HostSystem& host, const ImageRoot& image, LdconfigChoice choice = LdconfigChoice::automatic)
      : host_(host), image_(image), choice_(choice) {}
  virtual ~Ldconfig() = default;

  /// The directories that it reports, in order; the first is where libraries go. Read from the image's
  /// configuration where that is sure to be its answer, else asked, once. Throws Error "empty path from
  /// ldconfig". Writes nothing.
  const std::vector<ImagePath>& directories();
  /// The bytes of a cache for the image as it is now. ldconfig may write in `scratch` and nowhere else; makes
  /// no links. Throws Error where it cannot be run or fails, or where what it wrote is no cache.
  virtual std::string make_cache(const Scratch& scratch);
  /// Gets it ready to run, beside what we do until make_cache() with the same `scratch`. Throws Error where
  /// it cannot be run.
  virtual void prepare_cache(const Scratch& scratch);

 protected:
  virtual std::vector<ImagePath> ask();

 private:
  void choose();
  Command command_for_cache(const Scratch& scratch);
  Command command(const std::vector<std::string>& arguments, const Scratch* scratch);
  /// What came of it, after what it said was told.
  CommandResult run(PreparedCommand& prepared, const Command& command);
  HostSystem& host_;
  const ImageRoot& image_;
  LdconfigChoice choice_;
  std::optional<std::string> program_;
  bool foreign_ = false;
  std::vector<ImagePath> directories_;
  std::unique_ptr<PreparedCommand> cache_;  // makes one, when it is prepared
};

/// The directories in the output of "ldconfig -v": lines that start with a slash, up to the colon.
std::vector<ImagePath> directories_in(const std::string& output);

/// The lines of ldconfig's stderr that a person should see: without "Can't stat", "Cannot stat", "given more
/// than once", "is the dynamic linker, ignoring" and the lines that continue them. Upstream issue 732 has the
/// story.
std::vector<std::string> without_noise(const std::string& errors);

}  // namespace fromhost::core
