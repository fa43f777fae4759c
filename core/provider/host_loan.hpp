// SPDX-License-Identifier: Apache-2.0
// The host, lent to a plugin for one call: fh_host over HostSystem.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/cli/switches.hpp"
#include "core/host/host_libraries.hpp"
#include "core/host/host_system.hpp"
#include "core/image/image_libraries.hpp"
#include "core/image/image_root.hpp"
#include "core/manifest/manifest.hpp"
#include "core/provider/provider.hpp"
#include "core/provider/recipe_files.hpp"
#include "fromhost/provider_abi.h"

namespace fromhost::core {

/// What a plugin says of itself when plugins are looked for.
struct Discovery {
  std::vector<Switch> options;        ///< that it declared
  std::vector<std::string> warnings;  ///< that it logged
  /// Who has this option already, in words; empty: nobody.
  std::function<std::string(const Switch&)> taken = {};
};

/// What is lent beside the host; what is null, the plugin does not get.
struct Beside {
  const RecipeFiles* recipes = nullptr;
  const std::vector<Request>* requests = nullptr;  ///< all of the command line's
  Discovery* discovery = nullptr;                  ///< the call is declare()
  HostLibraries* libraries = nullptr;              ///< what other calls have read already; null: nothing
};

/// What the plugin is given lives as long as this. No function of it throws into the plugin.
class HostLoan {
 public:
  /// `into` null: contribute() is refused. `image` null: the image services find nothing.
  HostLoan(const std::string& provider, HostSystem& host, const ImageRoot* image, Contributions* into,
           const Beside& beside = {});
  HostLoan(const HostLoan&) = delete;
  HostLoan& operator=(const HostLoan&) = delete;

  const fh_host* abi() const { return &abi_; }
  /// The plugin's last fail() message.
  const std::string& failure() const { return failure_; }
  /// Why the last item (or option) that was malformed, or came at the wrong time, was refused; empty: none
  /// was.
  const std::string& refused_item() const { return refused_item_; }
  /// Why the last service call failed.
  const std::string& last_error() const { return last_error_; }

 private:
  friend struct HostServices;
  fh_host abi_;
  std::string provider_;
  HostSystem& host_;
  const ImageRoot* image_;
  std::optional<Manifest> manifest_;               // the image's, once it was wanted
  std::optional<ImageLibraries> image_libraries_;  // likewise
  std::optional<HostLibraries> own_libraries_;     // where none are lent to us
  HostLibraries& libraries_;
  Contributions* into_;  // null: contribute() is refused (claims, create, declare)
  Beside beside_;
  std::string failure_;
  std::string refused_item_;
  std::string last_error_;
  std::deque<std::string> lent_;
  std::deque<std::vector<const char*>> lent_lists_;
};

}  // namespace fromhost::core
