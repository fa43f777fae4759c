// SPDX-License-Identifier: Apache-2.0
// The image's change: all of the plan, or nothing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/apply/copy_files.hpp"
#include "core/apply/file_operations.hpp"
#include "core/apply/journal.hpp"
#include "core/apply/steps.hpp"
#include "core/apply/work_directory.hpp"
#include "core/file_stamp.hpp"
#include "core/host/host_system.hpp"
#include "core/image/image_root.hpp"
#include "core/image/ldconfig.hpp"
#include "core/manifest/manifest.hpp"
#include "core/plan/plan.hpp"
#include "core/preflight/preflight.hpp"
#include "core/row_index.hpp"

namespace fromhost::core {

/// One change of the plan as it was staged.
struct Staged {
  std::size_t step = 0;   ///< of the journal, which has its path
  FileStamp facts = {};   ///< of the new file
  FileStamp source = {};  ///< files only: of the host's, before it was copied
};

/// Stages everything in a work directory of the image, writes the journal, renames into place and keeps what
/// was there. Until commit(), the destructor gives back the old image: names, types, modes, owners, times,
/// contents, links; and what a killed process leaves, recover() undoes in the same way. In-place writing
/// never happens, so whoever has an old file mapped keeps it. All functions throw std::system_error, which
/// names the call, or Error (stage apply), which names the file.
class Transaction {
 public:
  /// `image`, `files` and `manifest` (what is injected now) must outlive it. `sync`: files' bytes are on disk
  /// before the commit. Does nothing yet.
  Transaction(const ImageRoot& image, FileOperations& files, const Manifest& manifest, bool sync = false);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  /// Copies every file of the plan into the work directory, but those whose source is unchanged (`sources`:
  /// of each file, or none); nothing of it is visible yet. Returns what was dropped of whose attributes, in
  /// words for a warning.
  std::vector<std::string> stage(const Plan& plan, const HostSystem& host, const CopyObserver& observer = {},
                                 const std::vector<PlannedSource>& sources = {});
  void stage_removal(const PlannedRemoval& removal);
  /// One more link or text, after those of the plan.
  void stage_link(const PlannedLink& link);
  void stage_text(const PlannedText& text);
  /// Room for a cache, whose bytes come later.
  void stage_cache();
  /// What was staged, in the plan's order, unchanged files left out; links and texts with the later ones.
  const std::vector<Staged>& files() const { return staged_files_; }
  const std::vector<Staged>& links() const { return staged_links_; }
  const std::vector<Staged>& texts() const { return staged_texts_; }
  const std::optional<Staged>& cache() const { return staged_cache_; }
  /// Links of its directory resolved.
  ImagePath path(const Staged& staged) const;
  /// Name in kArchive of what it replaces; empty: nothing, or something of ours.
  const std::string& kept(const Staged& staged) const { return journal_.steps[staged.step].archive; }
  unsigned next_archived() const { return archived_; }
  const std::vector<ImagePath>& made_directories() const { return made_; }
  /// Makes these directories with the rest.
  void stage_directory(const ImagePath& path);
  /// The manifest comes last: it tells of all the others, so nothing is staged after it.
  void stage_manifest(const Manifest& manifest);

  /// Writes the journal, and then does everything but the cache and the manifest.
  void apply();
  /// Where ldconfig may write.
  const Scratch& scratch();
  void place_cache(const std::string& bytes);
  /// Places the manifest; the change stands, and what was kept for the way back is removed or archived.
  void commit();

 private:
  enum class Phase { idle, staging, applying, over };
  void open();
  const ImagePath& directory(const ImagePath& path, bool make);
  void names_change_in(const ImagePath& directory);
  Staged add(const ImagePath& path, const std::string& fresh, bool make_directory);
  void add_removal(const PlannedRemoval& removal);
  std::vector<std::string> stage_files(const Plan& plan, const HostSystem& host, const CopyObserver& observer,
                                       const std::vector<PlannedSource>& sources);
  std::string next_fresh() { return "n" + std::to_string(fresh_++); }
  void keep(const ImagePath& path, JournalStep& step);
  std::optional<std::size_t> latest_step(const JournalStep& step) const;
  std::size_t append(JournalStep step);
  void stage_text(const ImagePath& path, const std::function<void(int to)>& write);
  void write_text(const std::string& name, const ImagePath& path, const std::function<void(int to)>& write);
  void write_journal();
  void remove_work(bool root_changed);
  void roll_back() noexcept;
  void do_step(const JournalStep& step);

  const ImageRoot& image_;
  FileOperations& files_;
  const Manifest& manifest_;
  const bool sync_;
  Phase phase_ = Phase::idle;
  std::optional<WorkDirectory> work_;
  Journal journal_;
  std::map<ImagePath, ImagePath> resolved_;      // directories by the name that they were asked for
  std::map<ImagePath, std::size_t> were_there_;  // which of the journal's directories it is
  RowIndex latest_;                              // step of each name that was placed or removed
  std::unique_ptr<Steps> steps_;
  std::size_t fresh_ = 0, kept_ = 0;
  unsigned archived_ = 0;
  std::optional<std::size_t> cache_step_;
  std::optional<Scratch> scratch_;
  std::vector<Staged> staged_files_, staged_links_, staged_texts_;
  std::optional<Staged> staged_cache_;
  std::vector<ImagePath> made_;
};

}  // namespace fromhost::core
