// SPDX-License-Identifier: Apache-2.0
// One run of ch-fromhost, whoever calls it.
#pragma once

#include "core/cli/options.hpp"
#include "core/exit_status.hpp"
#include "core/host/host_system.hpp"
#include "core/provider/plugin_catalog.hpp"
#include "core/report/report.hpp"

namespace fromhost::core {

/// Does what `options` ask for. Throws Error where it cannot; the image is then as it was.
ExitStatus run(const Options& options, const PluginCatalog& catalog, HostSystem& host, Report& report);

}  // namespace fromhost::core
