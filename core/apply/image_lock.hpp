// SPDX-License-Identifier: Apache-2.0
// One writer an image.
#pragma once

#include <chrono>

#include "core/image/image_root.hpp"

namespace fromhost::core {

/// Holds the image from construction to destruction, and no longer than its process lives: flock(2) on the
/// image's root directory, which leaves no file. Where the file system has no such lock for directories (NFS,
/// some Lustre mounts), a lock on the file /.ch-fromhost.lock, which is removed at the end.
class ImageLock {
 public:
  /// Waits up to `timeout` for another holder, whom it names in a warning. Throws Error (stage apply).
  ImageLock(const ImageRoot& image, std::chrono::seconds timeout);
  ImageLock(const ImageLock&) = delete;
  ImageLock& operator=(const ImageLock&) = delete;
  ~ImageLock();

 private:
  const ImageRoot& image_;
  UniqueFd fd_;
  bool is_file_ = false;
};

}  // namespace fromhost::core
