// SPDX-License-Identifier: Apache-2.0
// What the libfabric plugins have in common. Compiled into each of them: plugins share sources, never
// objects.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fromhost/provider_plugin.hpp"

namespace fabric {

/// The file below etc/ld.so.conf.d that Charliecloud's tool has always used.
inline constexpr const char* kConfFile = "ch-ofi.conf";

/// Does the ELF file name a needed library that starts with this, such as "libcxi.so"?
bool needs(fromhost::Host& host, const std::string& path, const std::string& soname_stem);

/// The path that an environment variable names. Throws Failure, with an example and `candidates`, where it is
/// unset, or names no file.
std::string path_from(fromhost::Host& host, const std::string& variable, const std::string& example,
                      const std::vector<std::string>& candidates);

/// Warns of FI_PROVIDER and FI_PROVIDER_PATH, in our environment and in the image's. Throws Failure where
/// FI_PROVIDER_PATH makes --dest necessary for a provider.
void check_variables(fromhost::Host& host, const std::optional<std::string>& destination, bool is_provider);

/// A loadable provider: the file, and the directories of its linked libraries for the image's loader, which
/// ch-run binds when a job runs. Throws Failure where one is not found.
void contribute_provider(fromhost::Host& host, const std::string& path,
                         const std::optional<std::string>& destination);

/// The mount points that ch-run wants in an image on a Cray; none elsewhere.
void contribute_mount_points(fromhost::Host& host);

std::string directory_of(const std::string& path);

}  // namespace fabric
