// SPDX-License-Identifier: Apache-2.0
// Where directories of the image are, each asked for once: many files go to few directories.
#pragma once

#include <map>

#include "core/image/image_root.hpp"

namespace fromhost::core {

class ResolvedDirectories {
 public:
  /// `image` must outlive it, and is taken to stay as it is.
  explicit ResolvedDirectories(const ImageRoot& image) : image_(image) {}

  /// Links resolved; as it is named where it leads nowhere.
  const ImagePath& at(const ImagePath& directory) {
    const auto [known, fresh] = known_.try_emplace(directory, directory);
    if (fresh) known->second = image_.resolve(directory).value_or(directory);
    return known->second;
  }

 private:
  const ImageRoot& image_;
  std::map<ImagePath, ImagePath> known_;
};

}  // namespace fromhost::core
