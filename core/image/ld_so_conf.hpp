// SPDX-License-Identifier: Apache-2.0
// The image's loader configuration, read as ldconfig reads it, so that ldconfig need not run to say which
// directories it would scan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/image/image_root.hpp"
#include "core/paths.hpp"

namespace fromhost::core {

/// A line of ld.so.conf that says something.
struct LdSoConfLine {
  enum class Kind { directory, include, hwcap };
  Kind kind = Kind::directory;
  /// directory: one word, without the blanks and slashes at its end, maybe empty; include: the patterns.
  std::vector<std::string> words;
};

/// The lines of one file; comments and blank lines are left out.
std::vector<LdSoConfLine> parse_ld_so_conf(std::string_view text);

/// What must be known of an ldconfig beside the configuration.
struct LdconfigKind {
  std::vector<std::string> builtin;  ///< the directories that it scans after the configured ones
  bool has_glibc_hwcaps = false;     ///< since glibc 2.33 it scans …/glibc-hwcaps/*
  /// These, where there is one, make its answer uncertain for us.
  std::vector<std::string> doubtful = {};
};

/// The kind of an ldconfig program, by the directories written in it; nullopt for one that we do not know.
std::optional<LdconfigKind> ldconfig_kind(std::string_view program, std::uint16_t machine);
/// The same of an open file.
std::optional<LdconfigKind> ldconfig_kind(int program, std::uint16_t machine);

/// What an ldconfig of that kind would scan.
struct LdconfigDirectories {
  std::vector<ImagePath> directories;
  std::string doubt;  ///< why ldconfig must be asked instead; empty: this is its answer
};

/// Throws Error "empty path from ldconfig" if ldconfig would wait for a file of the configuration or should
/// not touch it (a FIFO, a device), or would not come to their end.
LdconfigDirectories read_ld_so_conf(const ImageRoot& image, const LdconfigKind& kind);

}  // namespace fromhost::core
