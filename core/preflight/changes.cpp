// SPDX-License-Identifier: Apache-2.0
// Preflight: the order and the names of Transaction, without its writing. Whoever changes what that stages
// changes this; the end-to-end tests compare the two.
#include "core/preflight/changes.hpp"

#include <algorithm>
#include <map>
#include <sstream>

namespace fromhost::core {
namespace {

using Action = Change::Action;
using Replaced = Change::Replaced;

constexpr std::uint64_t kTextLimit = 4u << 20;  // of a file of ld.so.conf.d
constexpr const char* kCache = "/etc/ld.so.cache";

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream rest(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(rest, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

/// Those that `more` has and `less` has not, or not as often. Lines keep their order in all that we write.
std::vector<std::string> difference(const std::vector<std::string>& more,
                                    const std::vector<std::string>& less) {
  std::map<std::string, std::size_t> count;
  for (const std::string& one : less) ++count[one];
  std::vector<std::string> lines;
  for (const std::string& one : more) {
    std::size_t& left = count[one];
    if (left == 0)
      lines.push_back(one);
    else
      --left;
  }
  return lines;
}

class Foresight {
 public:
  Foresight(const Manifest& manifest, const ImageRoot& image, const ChangeVisitor& visit)
      : manifest_(manifest), image_(image), visit_(visit) {}

  void stage(const Plan& plan, const Preflight& preflight) {
    for (const PlannedDirectory& one : plan.directories) directory(one.path, one.reason, one.provider);
    for (std::size_t i = 0; i < plan.files.size(); ++i)
      if (!preflight.sources[i].unchanged) copy(plan.files[i], preflight.sources[i]);
    for (const PlannedText& text : plan.texts) {
      Change change = made(Action::write, text.reason, "");
      change.bytes = text.content.size();
      const auto before = lines_of(image_.read_file(text.path, kTextLimit).value_or(""));
      const auto after = lines_of(text.content);
      change.lines = difference(after, before);
      change.lines_gone = difference(before, after);
      place(text.path, std::move(change));
    }
    for (const PlannedLink& one : plan.links) link(one);
    for (const PlannedRemoval& one : plan.removals) remove(one);
  }

  void link(const PlannedLink& link) {
    Change change = made(Action::link, link.reason, link.provider);
    change.source = link.target;
    place(link.path, std::move(change));
  }

  void remove(const PlannedRemoval& removal) {
    const ImagePath& path = removal.path;
    Change change = made(Action::remove, removal.reason, removal.provider);
    change.path = path;
    if (removal.directory) {
      if (!is_empty(path)) return;
      change.action = Action::remove_directory;
    } else if (!removal.kept.empty()) {
      change.action = Action::give_back;
      change.old_mode = old_mode(path);
      there_[ImagePath(kArchive) / removal.kept] = false;
    } else if (const mode_t mode = old_mode(path); mode == 0 || S_ISDIR(mode)) {
      return;
    }
    there_[path] = change.action == Action::give_back;
    visit_(std::move(change));
  }

  void run_ldconfig() { place(ImagePath(kCache), made(Action::run_ldconfig, "the loader's cache", "")); }

  void write_manifest() {
    const ImagePath path(kManifest);
    directory(path.parent(), "for what is told of injections", "");
    place(path, made(Action::write, "tells what is injected", ""));
  }

 private:
  static Change made(Action action, const SharedText& reason, const SharedText& provider) {
    Change change;
    change.action = action;
    change.reason = reason;
    change.provider = provider;
    return change;
  }

  void copy(const PlannedFile& file, const PlannedSource& source) {
    Change change = made(Action::copy, file.reason, file.provider);
    change.source = file.source.text();
    // One that could not be looked at has no type; it is a finding.
    if (source.mode != 0) change.bytes = source.size;
    change.role = file.role;
    change.rule = file.rule;
    place(file.directory / file.name, std::move(change));
  }

  /// Where a directory is or will be, after links; those that are missing are made first.
  const ImagePath& directory(const ImagePath& path, const SharedText& reason, const SharedText& provider) {
    const auto known = resolved_.find(path);
    if (known != resolved_.end()) return known->second;
    if (const auto there = image_.resolve(path)) return resolved_[path] = *there;
    // The root always resolves, unless the image is gone.
    if (path.is_root()) return resolved_[path] = path;
    const ImagePath parent = directory(path.parent(), reason, provider);
    Change change = made(Action::make_directory, reason, provider);
    change.path = parent / path.name();
    visit_(std::move(change));
    return resolved_[path] = parent / path.name();
  }

  void place(const ImagePath& path, Change change) {
    change.path = directory(path.parent(), change.reason, change.provider) / path.name();
    change.old_mode = old_mode(change.path);
    change.replaced = replaced(change.path, change.old_mode);
    if (change.replaced == Replaced::images_own)
      directory(ImagePath(kArchive), "keeps what is replaced, for --undo", "");
    there_[change.path] = true;
    visit_(std::move(change));
  }

  /// Of what the image has there now; 0: nothing, or what a change of ours has put there or taken away.
  mode_t old_mode(const ImagePath& path) const {
    if (there_.count(path) != 0) return 0;
    const auto status = image_.lstat(path);
    return status ? status->st_mode : 0;
  }

  Replaced replaced(const ImagePath& path, mode_t old_mode) const {
    const auto known = there_.find(path);
    if (known != there_.end()) return known->second ? Replaced::injected : Replaced::nothing;
    if (old_mode == 0) return Replaced::nothing;
    return manifest_.find(path) || path == ImagePath(kManifest) ? Replaced::injected : Replaced::images_own;
  }

  bool is_empty(const ImagePath& path) const {
    const auto status = image_.lstat(path);
    if (!status || !S_ISDIR(status->st_mode)) return false;
    const std::vector<std::string> names = image_.list(path);
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      const auto known = there_.find(path / name);
      return known != there_.end() && !known->second;
    });
  }

  const Manifest& manifest_;
  const ImageRoot& image_;
  std::map<ImagePath, ImagePath> resolved_;  // directories by the name that they were asked for
  std::map<ImagePath, bool> there_;          // is the name taken, after the changes so far?
  const ChangeVisitor& visit_;
};

}  // namespace

std::string_view to_string(Action action) {
  switch (action) {
    case Action::make_directory:
      return "make directory";
    case Action::copy:
      return "copy";
    case Action::write:
      return "write";
    case Action::link:
      return "link";
    case Action::remove:
      return "remove";
    case Action::give_back:
      return "give back";
    case Action::remove_directory:
      return "remove directory";
    case Action::run_ldconfig:
      return "run ldconfig";
  }
  return "?";
}

void visit_injection(const Plan& plan, const Preflight& preflight, const Manifest& manifest,
                     const ImageRoot& image, bool with_cache, const ChangeVisitor& visit) {
  Foresight ahead(manifest, image, visit);
  ahead.stage(plan, preflight);
  for (const PlannedLink& link : preflight.soname_links) ahead.link(link);
  for (const PlannedRemoval& removal : preflight.superseded) ahead.remove(removal);
  if (with_cache) ahead.run_ldconfig();
  ahead.write_manifest();
}

void visit_undo(const Undo& undo, const Manifest& manifest, const ImageRoot& image, bool with_cache,
                const ChangeVisitor& visit) {
  Foresight ahead(manifest, image, visit);
  ahead.stage(undo.plan, {});
  if (with_cache) ahead.run_ldconfig();
  if (!undo.left.empty()) ahead.write_manifest();
}

}  // namespace fromhost::core
