// SPDX-License-Identifier: Apache-2.0
// What an image tells of the injections into it: /ch/fromhost/manifest.json, readable by everybody who can
// read the image. It lies in the image, so it is believed no more than the image.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/image/image_root.hpp"
#include "core/paths.hpp"
#include "core/row_index.hpp"
#include "core/shared_text.hpp"
#include "core/text_sink.hpp"

namespace fromhost::core {

inline constexpr const char* kManifest = "/ch/fromhost/manifest.json";
/// Where replaced versions wait for --undo.
inline constexpr const char* kArchive = "/ch/fromhost/replaced";

/// Who wants a line: a provider and the set of Contribution. No provider: an earlier version did not tell.
struct LineOwner {
  SharedText provider;
  SharedText set;
  bool operator==(const LineOwner&) const = default;
};

/// A line that we added to a text.
struct OwnedLine {
  std::string line;               ///< without its newline
  std::vector<LineOwner> owners;  ///< it goes with the last of them
  bool operator==(const OwnedLine&) const = default;
};

/// One name in the image that is ours.
struct ManifestEntry {
  enum class Kind { file, link, text, cache, directory };
  Kind kind = Kind::file;
  ImagePath path;             ///< links of its directory resolved
  SharedText provider;        ///< empty: the core's own, such as soname links, the cache
  SharedText set;             ///< see Contribution
  std::uint64_t size = 0;     ///< as we left it; bytes
  std::int64_t modified = 0;  ///< as we left it; nanoseconds since 1970
  SharedText target;          ///< of a link
  std::string replaced;       ///< name in the archive of what was there before us; empty: nothing
  // Files only.
  std::string source;  ///< path on the host
  std::uint64_t source_size = 0;
  std::int64_t source_modified = 0;
  SharedText build_id;  ///< hexadecimal; empty: none
  SharedText soname;
  // Texts only.
  std::vector<OwnedLine> lines;  ///< ours; empty: an earlier version did not tell
};

/// One injection that succeeded.
struct ManifestRun {
  std::int64_t time = 0;  ///< seconds since 1970
  std::string host;
  std::string user;
  std::string tool;                                            ///< our version
  std::vector<std::pair<std::string, std::string>> providers;  ///< id and version
};

struct Manifest {
  std::vector<ManifestEntry> entries;  ///< in the order of their making
  std::vector<ManifestRun> runs;       ///< the latest last; at most kMostRuns
  unsigned next_kept = 0;              ///< the next free name in the archive
  bool empty() const { return entries.empty(); }
  const ManifestEntry* find(const ImagePath& path) const;
  /// Replaces the entry of this path, whose replaced version is kept, or appends.
  void put(ManifestEntry entry);
  void remove(const std::set<ImagePath>& paths);

 private:
  RowIndex by_path_;
};
inline constexpr std::size_t kMostRuns = 20;
/// Entries of this kind are read as a whole, each of which may be another name of one large file: more than
/// this is no manifest of ours, nor is it ever written.
inline constexpr std::size_t kMostTexts = 1000;

/// The image's manifest; empty where it has none. Throws Error (stage image) for one that is damaged.
Manifest read_manifest(const ImageRoot& image);
std::string to_text(const Manifest& manifest);
/// The same, piece by piece.
void write_json(const Manifest& manifest, const TextSink& sink);
std::optional<Manifest> manifest_from(const std::string& text);

/// As its entry says: same type, size, time and target. The inode does not count: images are copied.
bool as_we_left_it(const ManifestEntry& entry, const ImageRoot& image);

}  // namespace fromhost::core
