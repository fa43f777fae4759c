// SPDX-License-Identifier: Apache-2.0
// Apply: the run after the crash. One marker with three names says how far the dead one came.
#include "core/apply/recovery.hpp"

#include "core/apply/steps.hpp"
#include "core/apply/work_directory.hpp"
#include "core/error.hpp"

namespace fromhost::core {
namespace {

Journal journal_in(const WorkDirectory& work, const std::string& marker) {
  const auto text = work.read(marker);
  auto journal = text ? read_journal(*text) : std::nullopt;
  if (!journal)
    throw Error({Stage::apply,
                 "cannot read the journal that an interrupted run left: " + (work.path() / marker).text(),
                 "it is none of ours, or damaged", "unpack the image again"});
  return *journal;
}

std::string recover_one(WorkDirectory& work, const ImageRoot& image, FileOperations& files) {
  if (work.has("journal")) {
    const Journal journal = journal_in(work, "journal");
    Steps steps(image, files, work.fd(), journal);
    std::vector<Problem> problems;
    for (const std::string& one : steps.roll_back())
      problems.push_back({Stage::apply, "cannot undo what an interrupted run changed: " + one, "", ""});
    if (!problems.empty()) throw Error(std::move(problems));
    files.rename(work.fd(), "journal", work.fd(), "undone");
    work.remove(false);
    return "an earlier run was interrupted; the image is as it was before that one";
  }
  if (work.has("done")) {
    const Journal journal = journal_in(work, "done");
    Steps(image, files, work.fd(), journal).finish();
    bool root_changed = false;
    for (const JournalDirectory& one : journal.directories) root_changed |= one.path.is_root() && one.changed;
    work.remove(root_changed);
    return "an earlier run was interrupted after its last step; its change is complete";
  }
  work.remove(false);
  return "an earlier run was interrupted before it changed anything; what it had staged is removed";
}

}  // namespace

std::vector<std::string> recover(const ImageRoot& image, FileOperations& files) try {
  std::vector<std::string> told;
  for (WorkDirectory& work : WorkDirectory::left_behind(image, files))
    told.push_back(recover_one(work, image, files));
  return told;
} catch (const std::system_error& error) {
  throw Error({Stage::apply, "cannot repair what an interrupted run left in the image", cause_of(error),
               "nothing is lost; try again when that is mended"});
}

std::vector<std::string> left_to_repair(const ImageRoot& image) {
  FileOperations unused;
  if (WorkDirectory::left_behind(image, unused).empty()) return {};
  return {
      "an earlier run was interrupted, or is at work; this is about the image as it is now, and a run that "
      "writes waits and puts that right first"};
}

bool needs_recovery(const ImageRoot& image) {
  return WorkDirectory::any(image);
}

}  // namespace fromhost::core
