// SPDX-License-Identifier: Apache-2.0
// Apply: stage, journal, rename, and the way back.
#include "core/apply/transaction.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <tuple>

#include "core/apply/apply_error.hpp"
#include "core/error.hpp"
#include "core/file_times.hpp"
#include "core/host/interruption.hpp"
#include "core/host/resolve_in_root.hpp"
#include "core/log.hpp"

namespace fromhost::core {
namespace {

using Kind = JournalStep::Kind;

/// The name that a step changes.
auto place_of(const JournalStep& step) {
  return std::tie(step.directory, step.name);
}

auto place_in(const std::vector<JournalStep>& steps) {
  return [&](std::size_t row) { return place_of(steps[row]); };
}

}  // namespace

Transaction::Transaction(const ImageRoot& image, FileOperations& files, const Manifest& manifest, bool sync)
    : image_(image), files_(files), manifest_(manifest), sync_(sync), archived_(manifest.next_kept) {}

Transaction::~Transaction() {
  if (phase_ == Phase::staging || phase_ == Phase::applying) roll_back();
}

void Transaction::open() {
  if (phase_ != Phase::idle) return;
  work_ = guarded("cannot write: " + image_.path(), [&] { return WorkDirectory::make(image_, files_); });
  phase_ = Phase::staging;
  were_there_[work_->root().path] = 0;
  journal_.directories.push_back(work_->root());
  resolved_[ImagePath("/")] = ImagePath("/");
}

/// The directory with its links resolved; it is in the journal, or will be made by it.
const ImagePath& Transaction::directory(const ImagePath& path, bool make) {
  const auto known = resolved_.find(path);
  if (known != resolved_.end()) return known->second;
  const UniqueFd fd = image_.open_at(path, O_RDONLY | O_DIRECTORY);
  if (!fd && errno == ENOENT && make) {
    const ImagePath parent = directory(path.parent(), true);
    JournalStep step;
    step.kind = Kind::make_directory;
    step.directory = parent;
    step.name = path.name();
    journal_.steps.push_back(step);
    names_change_in(parent);
    made_.push_back(parent / path.name());
    return resolved_[path] = parent / path.name();
  }
  if (!fd) throw_errno(path.text());
  const auto inside = path_below(image_.fd(), fd.get());
  struct stat facts;
  if (!inside || ::fstat(fd.get(), &facts) != 0)
    throw std::system_error(ENOENT, std::generic_category(), path.text());
  const ImagePath physical(*inside);
  if (were_there_.try_emplace(physical, journal_.directories.size()).second)
    journal_.directories.push_back(
        {physical, facts.st_mode & 07777, nanoseconds(facts.st_atim), nanoseconds(facts.st_mtim), false});
  return resolved_[path] = physical;
}

void Transaction::names_change_in(const ImagePath& directory) {
  const auto one = were_there_.find(directory);
  if (one != were_there_.end()) journal_.directories[one->second].changed = true;
}

ImagePath Transaction::path(const Staged& staged) const {
  const JournalStep& step = journal_.steps[staged.step];
  return step.directory / step.name;
}

std::optional<std::size_t> Transaction::latest_step(const JournalStep& step) const {
  return latest_.find(place_of(step), place_in(journal_.steps));
}

std::size_t Transaction::append(JournalStep step) {
  journal_.steps.push_back(std::move(step));
  latest_.put(journal_.steps.size() - 1, place_in(journal_.steps));
  return journal_.steps.size() - 1;
}

/// Sets where the old version goes for the way back, and afterwards, if it was not put there by us.
void Transaction::keep(const ImagePath& path, JournalStep& step) {
  step.kept = "o" + std::to_string(kept_++);
  if (manifest_.find(path) || path == ImagePath(kManifest)) return;
  stage_directory(ImagePath(kArchive));
  // Somebody may have removed the manifest and left the archive: what is in it stays.
  do step.archive = std::to_string(archived_++);
  while (image_.lstat(ImagePath(kArchive) / step.archive));
}

Staged Transaction::add(const ImagePath& path, const std::string& fresh, bool make_directory) {
  JournalStep step;
  step.directory = directory(path.parent(), make_directory);
  step.name = path.name();
  step.fresh = fresh;
  if (const auto earlier = latest_step(step)) {
    // What an earlier step of ours has put there is nobody's to be kept for later.
    if (journal_.steps[*earlier].kind == Kind::place) step.kept = "o" + std::to_string(kept_++);
  } else {
    const ImagePath physical = step.directory / step.name;
    const auto present = image_.lstat(physical);
    // Preflight has looked; but whoever owns the image may have been quick. A directory could be moved away,
    // and never be given back by a hard link.
    if (present && S_ISDIR(present->st_mode))
      throw std::system_error(EISDIR, std::generic_category(), physical.text());
    if (present) keep(physical, step);
  }
  names_change_in(step.directory);
  struct stat facts;
  if (::fstatat(work_->fd(), fresh.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) throw_errno("stat");
  return {append(std::move(step)), FileStamp(facts), {}};
}

void Transaction::add_removal(const PlannedRemoval& removal) {
  const ImagePath& path = removal.path;
  const auto there = image_.lstat(path);
  JournalStep step;
  if (removal.directory) {
    if (!there || !S_ISDIR(there->st_mode)) return;
    step.kind = Kind::remove_directory;
    step.mode = there->st_mode & 0777;
    step.user = there->st_uid;
    step.group = there->st_gid;
  } else if (!removal.kept.empty()) {
    // The archive keeps its name until a step of its own removes it.
    const ImagePath archived = ImagePath(kArchive) / removal.kept;
    const std::string fresh = next_fresh();
    const UniqueFd archive = image_.open_directory(ImagePath(kArchive));
    files_.hard_link(archive.get(), removal.kept, work_->fd(), fresh);
    const unsigned archived_before = archived_;
    add(path, fresh, true);
    // What is replaced by this is ours, or the person said --force: nothing to keep for later.
    journal_.steps.back().archive.clear();
    archived_ = archived_before;
    add_removal({archived, "", false, "", ""});
    return;
  } else {
    if (!there || S_ISDIR(there->st_mode)) return;
    step.kind = Kind::remove;
    step.kept = "o" + std::to_string(kept_++);
  }
  step.directory = directory(path.parent(), false);
  step.name = path.name();
  names_change_in(step.directory);
  append(std::move(step));
}

std::vector<std::string> Transaction::stage_files(const Plan& plan, const HostSystem& host,
                                                  const CopyObserver& observer,
                                                  const std::vector<PlannedSource>& sources) {
  std::vector<const PlannedFile*> files;
  files.reserve(plan.files.size());
  for (std::size_t i = 0; i < plan.files.size(); ++i)
    if (sources.empty() || !sources[i].unchanged) files.push_back(&plan.files[i]);
  std::vector<FileToCopy> wanted;
  wanted.reserve(files.size());
  for (const PlannedFile* file : files)
    guarded("cannot inject: " + file->source.text(), [&] {
      wanted.push_back({&file->source, next_fresh(), host.inspect(file->source).bytes});
    });
  staged_files_.reserve(files.size());
  journal_.steps.reserve(journal_.steps.size() + files.size());
  const std::vector<CopiedFile> copies = copy_files(files_, host, work_->fd(), wanted, sync_, observer);
  std::vector<std::string> dropped;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const PlannedFile& file = *files[i];
    for (const std::string& what : copies[i].dropped)
      dropped.push_back(file.source.text() + ": " + what + " not kept");
    guarded("cannot inject: " + file.source.text(), [&] {
      staged_files_.push_back(add(file.directory / file.name, wanted[i].name, file.make_directory));
    });
    staged_files_.back().source = copies[i].source;
  }
  return dropped;
}

std::vector<std::string> Transaction::stage(const Plan& plan, const HostSystem& host,
                                            const CopyObserver& observer,
                                            const std::vector<PlannedSource>& sources) {
  open();
  for (const PlannedDirectory& one : plan.directories) stage_directory(one.path);
  std::vector<std::string> dropped = stage_files(plan, host, observer, sources);
  for (const PlannedText& text : plan.texts) stage_text(text);
  for (const PlannedLink& link : plan.links) stage_link(link);
  for (const PlannedRemoval& removal : plan.removals) stage_removal(removal);
  return dropped;
}

void Transaction::stage_removal(const PlannedRemoval& removal) {
  open();
  guarded("cannot remove: " + removal.path.text(), [&] { add_removal(removal); });
}

void Transaction::stage_directory(const ImagePath& path) {
  open();
  guarded("cannot write: " + path.text(), [&] { directory(path, true); });
}

void Transaction::stage_link(const PlannedLink& link) {
  open();
  guarded("cannot write: " + link.path.text(), [&] {
    const std::string fresh = next_fresh();
    files_.make_link(work_->fd(), fresh, link.target);
    staged_links_.push_back(add(link.path, fresh, true));
  });
}

/// An old file's owner and mode stay.
void Transaction::write_text(const std::string& name, const ImagePath& path,
                             const std::function<void(int to)>& write) {
  const auto old = image_.stat(path);
  const UniqueFd to = files_.create(work_->fd(), name);
  write(to.get());
  if (old) files_.change_owner(to.get(), old->st_uid, old->st_gid);
  files_.change_mode(to.get(), old ? old->st_mode & 0777 : 0644);
  if (sync_) files_.sync(to.get());
}

void Transaction::stage_text(const PlannedText& text) {
  stage_text(text.path, [&](int to) { files_.write(to, text.content); });
}

void Transaction::stage_text(const ImagePath& path, const std::function<void(int to)>& write) {
  open();
  guarded("cannot write: " + path.text(), [&] {
    const std::string fresh = next_fresh();
    write_text(fresh, path, write);
    staged_texts_.push_back(add(path, fresh, true));
  });
}

void Transaction::stage_cache() {
  open();
  const ImagePath path("/etc/ld.so.cache");
  guarded("cannot write: " + path.text(), [&] {
    const std::string fresh = next_fresh();
    write_text(fresh, path, [&](int to) { files_.write(to, ""); });
    staged_cache_ = add(path, fresh, true);
  });
  cache_step_ = journal_.steps.size() - 1;
}

void Transaction::stage_manifest(const Manifest& manifest) {
  stage_text(ImagePath(kManifest), [&](int to) {
    write_json(manifest, [&](const std::string& piece) { files_.write(to, piece); });
  });
}

const Scratch& Transaction::scratch() {
  if (!scratch_) {
    files_.make_directory(work_->fd(), "scratch", 0700);
    UniqueFd made(::openat(work_->fd(), "scratch", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!made) throw_errno("open");
    scratch_ = Scratch{work_->path() / "scratch", std::move(made)};
  }
  return *scratch_;
}

/// On disk before the first rename, whatever --sync says: it is the way back.
void Transaction::write_journal() {
  const UniqueFd to = files_.create(work_->fd(), "journal.new");
  write_json(journal_, [&](const std::string& piece) { files_.write(to.get(), piece); });
  files_.sync(to.get());
  files_.rename(work_->fd(), "journal.new", work_->fd(), "journal");
  files_.sync(work_->fd());
  files_.sync(image_.fd());
}

void Transaction::do_step(const JournalStep& step) {
  guarded("cannot write: " + (step.directory / step.name).text(), [&] {
    throw_if_interrupted();
    steps_->apply(step);
  });
}

void Transaction::apply() {
  open();
  guarded("cannot write the journal: " + image_.path(), [&] { write_journal(); });
  steps_ = std::make_unique<Steps>(image_, files_, work_->fd(), journal_);
  phase_ = Phase::applying;
  const std::size_t end = cache_step_.value_or(journal_.steps.size());
  for (std::size_t i = 0; i < end; ++i) do_step(journal_.steps[i]);
}

void Transaction::place_cache(const std::string& bytes) {
  const JournalStep& step = journal_.steps.at(cache_step_.value());
  guarded("cannot write: /etc/ld.so.cache", [&] {
    const UniqueFd to(::openat(work_->fd(), step.fresh.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!to) throw_errno("open");
    files_.write(to.get(), bytes);
    // The manifest tells its size and time already.
    files_.change_times(to.get(), from_nanoseconds(staged_cache_->facts.access),
                        from_nanoseconds(staged_cache_->facts.modification));
    if (sync_) files_.sync(to.get());
  });
  do_step(step);
}

void Transaction::commit() {
  throw_if_interrupted();
  if (phase_ == Phase::idle) return;
  for (std::size_t i = cache_step_ ? *cache_step_ + 1 : journal_.steps.size(); i < journal_.steps.size(); ++i)
    do_step(journal_.steps[i]);
  guarded("cannot write: " + image_.path(), [&] {
    if (sync_) steps_->sync();
    files_.rename(work_->fd(), "journal", work_->fd(), "done");
  });
  // From here on the change stands, whatever happens: the next run would finish.
  phase_ = Phase::over;
  try {
    files_.sync(work_->fd());
    steps_->finish();
    remove_work(journal_.directories.front().changed);
  } catch (const std::system_error& error) {
    log::warn("apply: cannot clean up {}: {}; the next run does it", work_->path().text(), cause_of(error));
  }
}

/// Nothing would tell the next run what the root's mode and times were, so a call that fails for a moment is
/// worth a second try.
void Transaction::remove_work(bool root_changed) {
  try {
    work_->remove(root_changed);
  } catch (const std::system_error&) {
    work_->remove(root_changed);
  }
}

void Transaction::roll_back() noexcept try {
  const bool applying = phase_ == Phase::applying;
  phase_ = Phase::over;
  if (applying) {
    const auto failures = steps_->roll_back();
    for (const std::string& one : failures)
      log::error("apply: cannot undo the change of {}; the next run tries again", one);
    if (!failures.empty()) return;  // the journal stays
  }
  try {
    if (applying) files_.rename(work_->fd(), "journal", work_->fd(), "undone");
  } catch (const std::system_error&) {
    // The journal then goes with the rest.
  }
  remove_work(false);
} catch (const std::exception& error) {
  log::error("apply: cannot clean up in the image: {}; the next run does it", error.what());
}

}  // namespace fromhost::core
