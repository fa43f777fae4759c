// SPDX-License-Identifier: Apache-2.0
// Paths of the host by patterns: globs, the library directories behind ${LIB}, and which of two is newer.
#pragma once

#include <string>
#include <vector>

#include "fromhost/provider_plugin.hpp"

namespace recipe {

/// A glob on one name: * ? [a-z] [!a-z], and \ before a character that means itself.
bool matches(const std::string& pattern, const std::string& name);

/// The text with \ before what a glob would take for more than itself.
std::string quoted(const std::string& text);

/// What of the host an absolute pattern matches, sorted. Wildcards do not match a leading dot, nor a slash.
/// Throws Failure where a directory on the way cannot be read, or beyond some thousand matches.
std::vector<std::string> matching_paths(fromhost::Host& host, const std::string& pattern);

/// The directories that ${LIB} stands for on this host, in order.
std::vector<std::string> library_directories(fromhost::Host& host);

/// The numbers in two paths compared as numbers, all else as text: rocm-5.10 is newer than rocm-5.9.
bool is_newer(const std::string& one, const std::string& other);

}  // namespace recipe
