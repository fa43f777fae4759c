// SPDX-License-Identifier: Apache-2.0
// Plan: which lines go with their owners. Reads the image, writes nothing.
#include "core/plan/line_owners.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "core/error.hpp"
#include "core/image/resolved_directories.hpp"
#include "core/plan/ld_so_conf.hpp"

namespace fromhost::core {
namespace {

using Kind = ManifestEntry::Kind;
using Owners = std::vector<LineOwner>;
using Lines = std::vector<OwnedLine>;

constexpr std::uint64_t kTextLimit = 2u << 20;  // what was read to be added to, and more than any plan adds
/// Of all texts that a plan writes together. A manifest may name one large file a thousand times, by other
/// names.
constexpr std::uint64_t kMostBytes = 16u << 20;

/// Each with its newline; the last may have none.
std::vector<std::string> whole_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    lines.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return lines;
}

std::string bare(std::string line) {
  if (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

std::multiset<std::string> lines_in(const std::string& text) {
  std::multiset<std::string> lines;
  for (const std::string& one : whole_lines(text)) lines.insert(bare(one));
  return lines;
}

/// Once each: who wrote the same line a second time, meant it.
std::string without(const std::string& text, std::set<std::string> gone) {
  std::string rest;
  for (const std::string& line : whole_lines(text))
    if (gone.erase(bare(line)) == 0) rest += line;
  return rest;
}

/// What had the name before us. None: nothing that can be compared, such as a link.
std::optional<std::string> original(const ManifestEntry& entry, const ImageRoot& image) {
  if (entry.replaced.empty()) return "";
  const ImagePath path = ImagePath(kArchive) / entry.replaced;
  const auto status = image.lstat(path);
  return status && S_ISREG(status->st_mode) ? image.read_file(path, kTextLimit) : std::nullopt;
}

/// A line after one without newline has given that its own.
bool is_original(const std::string& text, const ManifestEntry& entry, const ImageRoot& image) {
  const auto old = original(entry, image);
  if (!old) return as_we_left_it(entry, image);
  return text == *old || (!old->empty() && old->back() != '\n' && text == *old + '\n');
}

void add_owner(Owners& owners, const LineOwner& owner) {
  if (std::find(owners.begin(), owners.end(), owner) == owners.end()) owners.push_back(owner);
}

std::set<std::string> gone_from(const Lines& lines, const Lines& left) {
  std::set<std::string> gone;
  for (const OwnedLine& one : lines) gone.insert(one.line);
  for (const OwnedLine& one : left) gone.erase(one.line);
  return gone;
}

std::uint64_t bytes_of(const std::vector<PlannedText>& texts) {
  std::uint64_t bytes = 0;
  for (const PlannedText& one : texts) bytes += one.content.size();
  return bytes;
}

PlannedText* find_text(Plan& plan, const ImagePath& path) {
  const auto found = std::find_if(plan.texts.begin(), plan.texts.end(),
                                  [&](const PlannedText& one) { return one.path == path; });
  return found == plan.texts.end() ? nullptr : &*found;
}

class Settling {
 public:
  Settling(Plan& plan, const Manifest& manifest, const ImageRoot& image)
      : plan_(plan), image_(image), resolved_(image) {
    for (PlannedText& text : plan.texts) text.path = physical(text.path);
    for (const ManifestEntry& entry : manifest.entries)
      if (entry.kind == Kind::text) add(entry);
    for (const PlannedText& text : plan.texts)
      if (!manifest.find(text.path)) texts_[text.path];
    for (const PlannedText& text : plan.texts) add_lines_of(text);
    if (texts_.size() > kMostTexts)
      throw Error({Stage::plan, "more than " + std::to_string(kMostTexts) + " files of ld.so.conf.d", "",
                   "let recipes share the name of one"});
  }

  void settle() {
    if (texts_.empty()) return;
    for (const PlannedLine& one : plan_.lines)
      if (Line* line = find(physical(one.path), one.line)) add_owner(line->wanted, one.owner);
    add_owners_of_libraries();
    const auto sets = sets_in(plan_);
    for (auto& [path, text] : texts_) settle(path, text, sets);
  }

 private:
  struct Line {
    Owners owners;  ///< by earlier runs
    Owners wanted;  ///< by this plan
  };
  struct Text {
    const ManifestEntry* entry = nullptr;
    std::map<std::string, Line> lines;
    std::vector<std::string> order;
  };

  ImagePath physical(const ImagePath& path) { return resolved_.at(path.parent()) / path.name(); }

  static Line& put(Text& text, const std::string& line) {
    const auto [known, fresh] = text.lines.try_emplace(line);
    if (fresh) text.order.push_back(line);
    return known->second;
  }

  Line* find(const ImagePath& path, const std::string& line) {
    const auto text = texts_.find(path);
    if (text == texts_.end()) return nullptr;
    const auto known = text->second.lines.find(line);
    return known == text->second.lines.end() ? nullptr : &known->second;
  }

  void add(const ManifestEntry& entry) {
    // An earlier version did not tell whose its lines are. As long as nothing is added, nor do we.
    if (entry.lines.empty() && !find_text(plan_, entry.path)) return;
    Text& text = texts_[entry.path];
    text.entry = &entry;
    for (const OwnedLine& one : entry.lines) put(text, one.line).owners = one.owners;
    if (!entry.lines.empty()) return;
    const std::multiset<std::string> images_own = lines_in(original(entry, image_).value_or(""));
    for (const std::string& one : whole_lines(image_.read_file(entry.path, kTextLimit).value_or("")))
      if (const std::string line = bare(one); !line.empty() && images_own.count(line) == 0)
        put(text, line).owners = {LineOwner()};
  }

  void add_lines_of(const PlannedText& planned) {
    Text& text = texts_[planned.path];
    const std::multiset<std::string> before =
        lines_in(image_.read_file(planned.path, kTextLimit).value_or(""));
    for (const std::string& one : whole_lines(planned.content))
      if (const std::string line = bare(one); before.count(line) == 0) put(text, line);
  }

  /// A library may be in a directory only because such a line has put that first, and is not found without.
  void add_owners_of_libraries() {
    std::map<ImagePath, Owners> libraries;
    for (const PlannedFile& file : plan_.files)
      if (file.role == FileRole::library)
        add_owner(libraries[resolved_.at(file.directory)], {file.provider, file.set});
    Line* include = find(physical(ImagePath(kLdSoConf)), kIncludeLine);
    for (auto& [path, text] : texts_)
      for (auto& [name, line] : text.lines) {
        if (name.front() != '/') continue;
        const auto found = libraries.find(resolved_.at(ImagePath(name)));
        if (found == libraries.end()) continue;
        for (const LineOwner& one : found->second) {
          add_owner(line.wanted, one);
          if (include) add_owner(include->wanted, one);
        }
      }
  }

  void settle(const ImagePath& path, const Text& text,
              const std::set<std::pair<std::string, std::string>>& sets) {
    Lines left;
    std::string set;
    for (const std::string& name : text.order) {
      const Line& line = text.lines.at(name);
      Owners owners;
      for (const LineOwner& one : line.owners) {
        const bool superseded = !one.set.empty() && sets.count({one.provider, one.set}) != 0 &&
                                std::find(line.wanted.begin(), line.wanted.end(), one) == line.wanted.end();
        if (superseded)
          set = one.set;
        else
          owners.push_back(one);
      }
      for (const LineOwner& one : line.wanted) add_owner(owners, one);
      if (!owners.empty()) left.push_back({name, std::move(owners)});
    }
    if (text.entry && left == text.entry->lines) return;
    if (text.entry && !gone_from(text.entry->lines, left).empty()) {
      const LinesGo why{"not injected by --" + set + " any more"};
      if (plan_lines_left(plan_, *text.entry, left, why, image_) == TextFate::stays) return;
      plan_.has_libraries = true;  // the cache is to forget these directories
    }
    plan_.line_owners[path] = std::move(left);
  }

  Plan& plan_;
  const ImageRoot& image_;
  ResolvedDirectories resolved_;
  std::map<ImagePath, Text> texts_;
};

}  // namespace

std::set<std::pair<std::string, std::string>> sets_in(const Plan& plan) {
  std::set<std::pair<std::string, std::string>> sets;
  const auto add = [&](const SharedText& provider, const SharedText& set) {
    if (!set.empty()) sets.emplace(provider, set);
  };
  for (const PlannedFile& file : plan.files) add(file.provider, file.set);
  for (const PlannedLink& link : plan.links) add(link.provider, link.set);
  for (const PlannedLine& line : plan.lines) add(line.owner.provider, line.owner.set);
  return sets;
}

void settle_line_owners(Plan& plan, const Manifest& manifest, const ImageRoot& image) {
  Settling(plan, manifest, image).settle();
}

TextFate plan_lines_left(Plan& plan, const ManifestEntry& entry, const std::vector<OwnedLine>& left,
                         const LinesGo& why, const ImageRoot& image) {
  const std::string changed = entry.path.text() + " was changed since it was injected, and stays";
  const std::string way_out = why.undo ? "; --force undoes it all the same" : "";
  const TextFate fate = left.empty() ? TextFate::not_ours : TextFate::ours;
  const auto take_away = [&] {
    plan.removals.push_back({entry.path, entry.replaced, false, why.reason, ""});
    return TextFate::not_ours;
  };
  const auto stays = [&] {
    plan.warnings.push_back(changed + way_out);
    return TextFate::stays;
  };

  PlannedText* planned = find_text(plan, entry.path);
  const auto status = image.lstat(entry.path);
  if (!planned && !status && (!left.empty() || entry.replaced.empty())) return fate;  // gone already
  if (left.empty() && why.force) return take_away();
  if (!planned && bytes_of(plan.texts) > kMostBytes) return stays();
  std::optional<std::string> text;
  if (planned)
    text = planned->content;
  else if (status && S_ISREG(status->st_mode))
    text = image.read_file(entry.path, kTextLimit);
  if (!text) return left.empty() && as_we_left_it(entry, image) ? take_away() : stays();

  const std::string rest = without(*text, gone_from(entry.lines, left));
  if (left.empty() && is_original(rest, entry, image)) return take_away();
  if (planned)
    planned->content = rest;
  else if (rest != *text)
    plan.texts.push_back({entry.path, rest, why.reason});
  if (!left.empty()) return fate;
  plan.warnings.push_back(changed + " without our lines" + way_out);
  // What is left is the image's own, in the place of what it had.
  if (!entry.replaced.empty())
    plan.removals.push_back({ImagePath(kArchive) / entry.replaced, "", false, why.reason, ""});
  return fate;
}

}  // namespace fromhost::core
