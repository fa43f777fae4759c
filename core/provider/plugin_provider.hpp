// SPDX-License-Identifier: Apache-2.0
// A Provider behind the C interface: what crosses the plugin boundary, in both directions.
#pragma once

#include <memory>

#include "core/host/host_system.hpp"
#include "core/image/image_root.hpp"
#include "core/provider/host_loan.hpp"
#include "core/provider/plugin_call.hpp"
#include "core/provider/plugin_library.hpp"
#include "core/provider/provider.hpp"
#include "fromhost/provider_abi.h"

namespace fromhost::core {

/// Asks a plugin that has declare() for its further options, on this machine. Throws PluginRefused where it
/// fails.
void declare_options(const PluginLibrary& library, HostSystem& machine, const RecipeFiles& recipes,
                     const PluginCallRules& rules, Discovery& into);

class PluginProvider : public Provider {
 public:
  /// `entry`, `host`, `image` and what is beside must outlive it; without image, the image services find
  /// nothing. Throws Error where create() fails, returns NULL or throws.
  static std::unique_ptr<PluginProvider> create(const fh_entry& entry, HostSystem& host,
                                                const ImageRoot* image = nullptr, const Beside& beside = {},
                                                const PluginCallRules& rules = {});
  ~PluginProvider() override;
  bool claims(const std::string& path) override;
  Collected collect(const Request& request, Contributions& into) override;

 private:
  PluginProvider(const fh_entry& entry, HostSystem& host, const ImageRoot* image, const Beside& beside,
                 const PluginCallRules& rules);
  const fh_entry& entry_;
  HostSystem& host_;
  const ImageRoot* image_;
  HostLibraries libraries_;  // of all its calls: no file of the host is read twice
  const Beside beside_;
  const PluginCallWords in_claims_, in_collect_, in_destroy_;
  fh_provider* provider_ = nullptr;
};

}  // namespace fromhost::core
