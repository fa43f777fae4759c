// SPDX-License-Identifier: Apache-2.0
// The seam to the hardware targets: a provider describes what the image shall get. It never writes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/request/request.hpp"
#include "core/shared_text.hpp"

namespace fromhost::core {

/// The kinds of fh_item_kind (sdk/include/fromhost/provider_abi.h), which has their meaning.
enum class ItemKind {
  file,
  program,
  library,
  data,
  libfabric_provider,
  libfabric,
  directory,
  ld_so_conf,
  link
};

/// One thing that a provider wants in the image.
struct Contribution {
  ItemKind kind = ItemKind::file;
  std::string source;
  std::optional<std::string> destination;
  SharedText reason;
  SharedText provider;
  /// The switch without an argument that asked for it (--nvidia): such a switch stands for all that its
  /// provider then injects, so that the next use replaces the whole set. Empty: one thing among others.
  SharedText set = {};
};
using Contributions = std::vector<Contribution>;

/// What came of a request.
struct Collected {
  bool here = true;  ///< false: this host has no such hardware
  std::string why;   ///< the provider's words for that
};

class Provider {
 public:
  virtual ~Provider() = default;
  /// Is this path, which a person listed, the provider's to contribute?
  virtual bool claims(const std::string& path) = 0;
  /// Appends to `into`. Throws Error (stage provider) where the provider fails.
  virtual Collected collect(const Request& request, Contributions& into) = 0;
};

}  // namespace fromhost::core
