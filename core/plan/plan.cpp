// SPDX-License-Identifier: Apache-2.0
// Plan: from contributions to ordered operations. Pure; reads the image, writes nothing.
#include "core/plan/plan.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "core/image/image_libraries.hpp"
#include "core/image/resolved_directories.hpp"
#include "core/plan/earlier_places.hpp"
#include "core/plan/ld_so_conf.hpp"
#include "core/row_index.hpp"

namespace fromhost::core {
namespace {

class Planner {
 public:
  Planner(const ImageRoot& image, const LibraryDirectories& directories, const WhyMissing& why_missing)
      : image_(image), directories_(directories), why_missing_(why_missing), resolved_(image) {}

  void add(const Contribution& item) {
    switch (item.kind) {
      case ItemKind::directory:
        if (const auto path = absolute(*item.destination))
          plan_.directories.push_back({*path, item.reason, item.provider});
        return;
      case ItemKind::link:
        add_link(item);
        return;
      case ItemKind::ld_so_conf:
        add_ld_so_conf(item);
        return;
      default:
        add_file(item);
        return;
    }
  }

  Plan finish() {
    if (!problems_.empty()) throw Error(std::move(problems_));
    plan_.texts = ld_so_conf_texts(conf_lines_, image_);
    want_include();
    const bool empty =
        plan_.files.empty() && plan_.directories.empty() && plan_.links.empty() && conf_lines_.empty();
    if (empty)
      throw Error(
          {Stage::plan, "empty file list", "", "say what to inject, for example with --path; see --help"});
    if (!conf_lines_.empty()) plan_.has_libraries = true;
    return std::move(plan_);
  }

 private:
  void problem(const std::string& what, const std::string& cause, const std::string& way_out) {
    problems_.push_back({Stage::plan, what, cause, way_out});
  }

  std::optional<ImagePath> absolute(const std::string& path) {
    if (!path.empty() && path.front() == '/') return ImagePath(path);
    problem("not an absolute path: " + path, "", "a destination is a directory as seen inside the image");
    return std::nullopt;
  }

  /// A relative path is one in the directory where libraries go.
  void add_link(const Contribution& item) {
    const std::string& path = *item.destination;
    const ImagePath at = path.front() == '/' ? ImagePath(path) : directories_().front() / path;
    plan_.links.push_back({at, item.source, item.reason, item.provider, item.set});
  }

  void add_ld_so_conf(const Contribution& item) {
    const std::string file = item.destination.value_or("ch-fromhost.conf");
    // The line is read by ldconfig, which splits it at blanks, commas, colons and more.
    if (item.source.front() != '/' || item.source.find_first_of(" \t\n\r,:;=#*?[") != std::string::npos ||
        file.find('/') != std::string::npos || file.front() == '.')
      problem("cannot add to ld.so.conf: " + item.source, "not a plain absolute directory", "");
    else {
      conf_lines_[file].push_back(item.source);
      plan_.lines.push_back({ImagePath("/etc/ld.so.conf.d") / file, item.source, {item.provider, item.set}});
      plan_.loader_directories.emplace_back(item.source);
    }
  }

  /// Whoever has a line in ld.so.conf.d wants that to be read.
  void want_include() {
    std::vector<LineOwner> owners;
    for (const PlannedLine& one : plan_.lines)
      if (std::find(owners.begin(), owners.end(), one.owner) == owners.end()) owners.push_back(one.owner);
    for (LineOwner& one : owners) plan_.lines.push_back({ImagePath(kLdSoConf), kIncludeLine, std::move(one)});
  }

  void add_file(const Contribution& item) {
    PlannedFile file;
    file.source = HostPath(item.source);
    file.reason = item.reason;
    file.provider = item.provider;
    file.set = item.set;
    file.name = std::string(file.source.name());
    // Charliecloud's list format parts source and destination by a colon.
    if (item.source.find(':') != std::string::npos)
      return problem("paths can't contain colon: " + item.source, "", "");
    if (!place(item, file)) return;
    if (item.source.find('\n') != std::string::npos)
      return problem("paths can't contain newline: " + item.source, "", "");
    if (file.name.empty() || file.name == "." || file.name == "..") return no_name(item);
    if (file.role == FileRole::library || (item.kind == ItemKind::file && looks_like_library(item.source)))
      plan_.has_libraries = true;
    settle(std::move(file));
  }

  /// "lib/" and "lib/.." are directories, or nothing.
  void no_name(const Contribution& item) {
    const std::string why = why_missing_ ? why_missing_(item.source) : "";
    problem("cannot inject: " + item.source, why.empty() ? "Is a directory" : why,
            why.empty() ? kListFiles : listed_by(item.reason));
  }

  /// Sets role, directory and rule: the first that holds of --dest, the provider's word, the path.
  bool place(const Contribution& item, PlannedFile& file) {
    const auto rule = path_rule(item.source);
    switch (item.kind) {
      case ItemKind::program:
        file.role = FileRole::program;
        break;
      case ItemKind::library:
      case ItemKind::libfabric_provider:
      case ItemKind::libfabric:
        file.role = FileRole::library;
        break;
      case ItemKind::data:
        file.role = FileRole::data;
        break;
      default:
        file.role = rule ? rule->role : FileRole::data;
        break;
    }
    if (item.destination) {
      const auto directory = absolute(*item.destination);
      if (!directory) return false;
      file.directory = *directory;
      file.make_directory = item.kind == ItemKind::data;
      file.rule = file.make_directory ? "its own place" : "--dest";
      if (file.make_directory || is_directory(*directory)) return true;
      problem("not a directory: " + directory->text(),
              image_.stat(*directory) ? "" : "No such file or directory",
              "--dest names a directory that the image has");
      return false;
    }
    if (item.kind == ItemKind::libfabric_provider || item.kind == ItemKind::libfabric)
      return place_libfabric(item, file);
    if (item.kind == ItemKind::file) {
      if (!rule) {
        // Charliecloud's words in either case: scripts look for them.
        const std::string why = why_missing_ ? why_missing_(item.source) : "";
        problem("no destination for: " + item.source,
                why.empty() ? "its path looks like neither a program nor a library" : why,
                why.empty() ? "put --dest DIR before it" : listed_by(item.reason));
        return false;
      }
      file.rule = rule->text;
      file.by_path_alone = true;
    }
    if (file.role == FileRole::program) {
      file.directory = ImagePath("/usr/bin");
      if (file.rule.empty()) file.rule = "programs";
    } else {
      file.directory = directories_().front();
      if (file.rule.empty()) file.rule = "libraries";
      file.rule = file.rule.text() + "; " + std::string(kFirstLdconfigDirectory);
    }
    if (is_directory(file.directory)) return true;
    problem("not a directory: " + file.directory.text(), "the image has no such directory",
            image_.looks_like_no_image() ? "is " + image_.path() + " the directory that ch-convert unpacked?"
                                         : "put --dest DIR before " + item.source);
    return false;
  }

  /// Asked once: many files go to few directories.
  bool is_directory(const ImagePath& path) {
    const auto [known, fresh] = is_directory_.try_emplace(path);
    if (fresh) known->second = image_.is_directory(path);
    return known->second;
  }

  bool place_libfabric(const Contribution& item, PlannedFile& file) {
    if (!libfabric_) libfabric_ = find_libfabric(image_, directories_());
    const auto& libfabric = *libfabric_;
    if (!libfabric) {
      problem("no libfabric in the image", "nothing provides libfabric.so.1",
              "install libfabric in the image, or put --dest DIR before " + item.source);
      return false;
    }
    const bool replace = item.kind == ItemKind::libfabric;
    const std::set<ImagePath> renewed = replace ? link_other_names(item, *libfabric) : std::set<ImagePath>();
    for (const ImagePath& other : libfabric->others)
      if (!renewed.count(other))
        warn_once("the image has several libfabrics: " + libfabric->file.text() +
                  " is the one that its loader finds, " + other.text() + " stays as it is");
    if (!replace) {
      file.directory = libfabric->path.parent() / "libfabric";
      file.make_directory = true;
      file.rule = "beside the image's libfabric";
      return true;
    }
    file.directory = libfabric->file.parent();
    file.name = std::string(libfabric->file.name());
    file.rule = "replaces the image's libfabric";
    file.replaces_libfabric = true;
    return true;
  }

  /// A copy of libfabric under another of its names (libfabric.so that is no link) would stay the old one.
  /// Answers which files become links.
  std::set<ImagePath> link_other_names(const Contribution& item, const ImageLibfabric& libfabric) {
    const ImagePath home = libfabric.file.parent();
    std::set<ImagePath> directories = {home}, renewed;  // resolved: /lib and /usr/lib are often the same
    if (const auto other = image_.resolve(libfabric.path.parent())) directories.insert(*other);
    for (const ImagePath& directory : directories)
      for (const char* name : {"libfabric.so", "libfabric.so.1"}) {
        const ImagePath path = directory / name;
        const auto file = image_.resolve(path);
        if (!file || *file == libfabric.file) continue;
        plan_.links.push_back({path,
                               directory == home ? std::string(libfabric.file.name()) : libfabric.file.text(),
                               "another name of the replaced libfabric", item.provider});
        if (*file == path) renewed.insert(path);
      }
    return renewed;
  }

  void warn_once(const std::string& warning) {
    if (std::find(plan_.warnings.begin(), plan_.warnings.end(), warning) == plan_.warnings.end())
      plan_.warnings.push_back(warning);
  }

  /// One destination, one file: the same again is dropped, another one wins over an earlier, as with the
  /// manual's tool.
  void settle(PlannedFile file) {
    const auto name_of = [this](std::size_t row) { return std::tie(*physical_[row], plan_.files[row].name); };
    const ImagePath& directory = resolved_.at(file.directory);
    const auto taken = by_name_.find(std::tie(directory, file.name), name_of);
    if (!taken) {
      plan_.files.push_back(std::move(file));
      physical_.push_back(&directory);
      by_name_.put(plan_.files.size() - 1, name_of);
      return;
    }
    PlannedFile& earlier = plan_.files[*taken];
    if (earlier.source != file.source)
      plan_.warnings.push_back(file.source.text() + " and " + earlier.source.text() + " both go to " +
                               (file.directory / file.name).text() + "; the later one is injected");
    earlier = std::move(file);
    physical_[*taken] = &directory;
  }

  const ImageRoot& image_;
  const LibraryDirectories& directories_;
  const WhyMissing& why_missing_;
  /// The image's, once it was looked for: where it has none, that was a walk through all of it.
  std::optional<std::optional<ImageLibfabric>> libfabric_;
  Plan plan_;
  std::vector<Problem> problems_;
  std::map<std::string, std::vector<std::string>> conf_lines_;
  RowIndex by_name_;                        // the plan's files
  std::vector<const ImagePath*> physical_;  // of each file of the plan, its directory in resolved_
  ResolvedDirectories resolved_;
  std::map<ImagePath, bool> is_directory_;
};

}  // namespace

std::string listed_by(const SharedText& reason) {
  const std::string& words = reason;
  const bool list = words.compare(0, 2, "--") == 0 && words.find(' ') != std::string::npos;
  return list ? words + " names it" : "";
}

Plan make_plan(const Contributions& contributions, const ImageRoot& image,
               const LibraryDirectories& directories, const WhyMissing& why_missing) {
  Planner planner(image, directories, why_missing);
  for (const Contribution& item : contributions) planner.add(item);
  return planner.finish();
}

}  // namespace fromhost::core
