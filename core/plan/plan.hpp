// SPDX-License-Identifier: Apache-2.0
// What will be done to the image, in order; it does not change any more once made.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/image/image_root.hpp"
#include "core/manifest/manifest.hpp"
#include "core/paths.hpp"
#include "core/plan/destination.hpp"
#include "core/provider/provider.hpp"
#include "core/shared_text.hpp"

namespace fromhost::core {

/// A file to be copied. Links in `source` are followed; the name is the one that was given.
struct PlannedFile {
  HostPath source;
  ImagePath directory;
  std::string name;
  FileRole role = FileRole::data;
  bool by_path_alone = false;       ///< nobody said that it is a program or library; its path looks so
  bool replaces_libfabric = false;  ///< whatever in the image is linked with libfabric will load it
  bool make_directory = false;      ///< the directory and its parents are made if missing
  SharedText rule;                  ///< why there: "path contains /bin"
  SharedText reason;                ///< why at all: the provider's words
  SharedText provider;
  SharedText set;  ///< of Contribution
};

/// The way out where a directory is named.
inline constexpr const char* kListFiles = "list the files themselves";

/// Of a file that is missing: the list that names it, "--file list names it". "" where the command line does.
std::string listed_by(const SharedText& reason);

/// A directory that shall exist.
struct PlannedDirectory {
  ImagePath path;
  SharedText reason;
  SharedText provider;
};

/// A symbolic link; an existing file or link of that name is replaced.
struct PlannedLink {
  ImagePath path;
  std::string target;
  SharedText reason;
  SharedText provider;
  SharedText set = {};  ///< of Contribution
};

/// A small file with new contents: an old one's bytes, and what is added and taken out.
struct PlannedText {
  ImagePath path;
  std::string content;
  std::string reason;
};

/// A line of ld.so.conf that somebody wants, whether or not the image has it.
struct PlannedLine {
  ImagePath path;
  std::string line;
  LineOwner owner;
};

/// Something injected earlier that goes.
struct PlannedRemoval {
  ImagePath path;          ///< links resolved
  std::string kept;        ///< name in the archive of what was there before us and comes back; empty: nothing
  bool directory = false;  ///< removed only if empty
  SharedText reason;
  SharedText provider;
};

struct Plan {
  std::vector<PlannedDirectory> directories;
  std::vector<PlannedFile> files;
  std::vector<PlannedLink> links;
  std::vector<PlannedText> texts;
  std::vector<PlannedRemoval> removals;
  std::vector<PlannedLine> lines;
  /// Of the texts whose lines change, or change their owners: our lines then, in the manifest's order. By
  /// paths whose links are resolved; none: the text is not ours any more.
  std::map<ImagePath, std::vector<OwnedLine>> line_owners;
  std::vector<ImagePath> loader_directories;  ///< named in new lines of ld.so.conf.d
  bool has_libraries = false;                 ///< so that ldconfig is wanted
  std::vector<std::string> warnings;
};

/// Answers which directories the image's ldconfig reports; asked only where a rule needs it.
using LibraryDirectories = std::function<const std::vector<ImagePath>&()>;

/// Why there is no such file on the host; empty where there is one. Asked only of a file without a place: one
/// that is not there is not worth the words about its path.
using WhyMissing = std::function<std::string(const std::string& source)>;

/// Settles destinations, duplicates and conflicts. Reads the image, writes nothing. Throws Error with every
/// problem found, in the order of the command line; "empty file list" where there is nothing to do.
Plan make_plan(const Contributions& contributions, const ImageRoot& image,
               const LibraryDirectories& directories, const WhyMissing& why_missing = {});

}  // namespace fromhost::core
