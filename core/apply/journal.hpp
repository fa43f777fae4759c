// SPDX-License-Identifier: Apache-2.0
// What a transaction is about to do, as it is written down before: enough to undo it, by names only.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/paths.hpp"
#include "core/text_sink.hpp"

namespace fromhost::core {

/// One visible change. Names without a directory are in the work directory.
struct JournalStep {
  enum class Kind {
    place,            ///< `fresh` gets the name; what had it becomes `kept`
    remove,           ///< what has the name becomes `kept`
    make_directory,   ///< mode 0755
    remove_directory  ///< if it is empty
  };
  Kind kind = Kind::place;
  ImagePath directory;  ///< links resolved
  std::string name;
  std::string fresh;
  std::string kept;     ///< empty: nothing had the name
  std::string archive;  ///< the name that `kept` gets in kArchive at the end; empty: it is dropped
  mode_t mode = 0;      ///< remove_directory: to make it again
  uid_t user = 0;
  gid_t group = 0;
};

/// A directory that was there before, as it was.
struct JournalDirectory {
  ImagePath path;
  mode_t mode = 0755;
  std::int64_t access = 0, modification = 0;  ///< nanoseconds since 1970
  bool changed = false;                       ///< names in it change for good
};

struct Journal {
  std::vector<JournalDirectory> directories;
  std::vector<JournalStep> steps;
};

std::string to_text(const Journal& journal);
/// The same, piece by piece.
void write_json(const Journal& journal, const TextSink& sink);
/// nullopt for anything that a Journal cannot be: the text lies in an image. No name has a slash or is "." or
/// "..", no mode is above 0777 (of what is made) or 07777 (of what is restored).
std::optional<Journal> read_journal(const std::string& text);

}  // namespace fromhost::core
