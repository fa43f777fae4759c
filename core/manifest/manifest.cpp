// SPDX-License-Identifier: Apache-2.0
// Manifest: as JSON, and back without trust.
#include "core/manifest/manifest.hpp"

#include <limits.h>

#include <array>
#include <stdexcept>

#include "core/error.hpp"
#include "core/file_times.hpp"
#include "core/json_text.hpp"

namespace fromhost::core {
namespace {

constexpr const char* kSchema = "ch-fromhost manifest";
constexpr int kVersion = 1;
constexpr std::uint64_t kSizeLimit = 256u << 20;
constexpr std::array<const char*, 5> kKinds = {"file", "link", "text", "cache", "directory"};

Json line_to_json(const OwnedLine& line) {
  Json owners = Json::array();
  for (const LineOwner& one : line.owners) {
    Json owner = {{"provider", bytes_to_json(one.provider)}};
    if (!one.set.empty()) owner["set"] = bytes_to_json(one.set);
    owners.push_back(std::move(owner));
  }
  return {{"line", bytes_to_json(line.line)}, {"owners", std::move(owners)}};
}

Json entry_to_json(const ManifestEntry& entry) {
  Json json = {{"path", bytes_to_json(entry.path.text())},
               {"kind", kKinds.at(static_cast<std::size_t>(entry.kind))}};
  if (!entry.provider.empty()) json["provider"] = bytes_to_json(entry.provider);
  if (!entry.set.empty()) json["set"] = bytes_to_json(entry.set);
  if (!entry.replaced.empty()) json["replaced"] = entry.replaced;
  if (entry.kind == ManifestEntry::Kind::directory) return json;
  if (entry.kind == ManifestEntry::Kind::link) {
    json["target"] = bytes_to_json(entry.target);
    return json;
  }
  if (entry.kind != ManifestEntry::Kind::cache) json["size"] = entry.size;
  json["modified_ns"] = entry.modified;
  for (const OwnedLine& one : entry.lines) json["lines"].push_back(line_to_json(one));
  if (entry.kind != ManifestEntry::Kind::file) return json;
  json["source"] = bytes_to_json(entry.source);
  json["source_size"] = entry.source_size;
  json["source_modified_ns"] = entry.source_modified;
  if (!entry.build_id.empty()) json["build_id"] = bytes_to_json(entry.build_id);
  if (!entry.soname.empty()) json["soname"] = bytes_to_json(entry.soname);
  return json;
}

std::string text_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? "" : bytes_from_json(*found);
}

template <typename Number>
Number number_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? Number{} : integer_from_json<Number>(*found);
}

/// Names in the archive are numbers that we gave.
std::string archive_name_in(const Json& json) {
  const std::string name = text_in(json, "replaced");
  if (name.size() > 10 || name.find_first_not_of("0123456789") != std::string::npos)
    throw std::invalid_argument("replaced");
  return name;
}

/// What we would write: one line, once, that somebody wants.
std::vector<OwnedLine> lines_in(const Json& json) {
  const auto found = json.find("lines");
  if (found == json.end()) return {};
  if (!found->is_array()) throw std::invalid_argument("lines");
  std::vector<OwnedLine> lines;
  std::set<std::string> known;
  for (const Json& one : *found) {
    OwnedLine line;
    line.line = bytes_from_json(one.at("line"));
    if (line.line.empty() || line.line.find_first_of(std::string("\0\n", 2)) != std::string::npos ||
        !known.insert(line.line).second)
      throw std::invalid_argument("line");
    if (!one.at("owners").is_array() || one.at("owners").empty()) throw std::invalid_argument("owners");
    for (const Json& owner : one.at("owners"))
      line.owners.push_back({bytes_from_json(owner.at("provider")), text_in(owner, "set")});
    lines.push_back(std::move(line));
  }
  return lines;
}

ManifestEntry entry_from_json(const Json& json) {
  ManifestEntry entry;
  const std::string path = bytes_from_json(json.at("path")), kind = json.at("kind").get<std::string>();
  if (path.empty() || path.front() != '/' || path.size() >= PATH_MAX ||
      path.find('\0') != std::string::npos || (path + "/").find("/../") != std::string::npos ||
      ImagePath(path).is_root())
    throw std::invalid_argument("path");
  entry.path = ImagePath(path);
  std::size_t number = 0;
  while (number < kKinds.size() && kind != kKinds[number]) ++number;
  if (number == kKinds.size()) throw std::invalid_argument("kind");
  entry.kind = static_cast<ManifestEntry::Kind>(number);
  entry.provider = text_in(json, "provider");
  entry.set = text_in(json, "set");
  entry.size = number_in<std::uint64_t>(json, "size");
  entry.modified = number_in<std::int64_t>(json, "modified_ns");
  entry.target = text_in(json, "target");
  entry.replaced = archive_name_in(json);
  entry.source = text_in(json, "source");
  entry.source_size = number_in<std::uint64_t>(json, "source_size");
  entry.source_modified = number_in<std::int64_t>(json, "source_modified_ns");
  entry.build_id = text_in(json, "build_id");
  entry.soname = text_in(json, "soname");
  if (entry.kind == ManifestEntry::Kind::text) entry.lines = lines_in(json);
  return entry;
}

ManifestRun run_from_json(const Json& json) {
  ManifestRun run;
  run.time = integer_from_json<std::int64_t>(json.at("time"));
  run.host = text_in(json, "host");
  run.user = text_in(json, "user");
  run.tool = text_in(json, "tool");
  for (const auto& [id, version] : json.at("providers").items())
    run.providers.emplace_back(id, version.get<std::string>());
  return run;
}

auto path_in(const std::vector<ManifestEntry>& entries) {
  return [&](std::size_t row) -> const ImagePath& { return entries[row].path; };
}

}  // namespace

const ManifestEntry* Manifest::find(const ImagePath& path) const {
  const auto found = by_path_.find(path, path_in(entries));
  return found ? &entries[*found] : nullptr;
}

void Manifest::put(ManifestEntry entry) {
  const auto known = by_path_.find(entry.path, path_in(entries));
  if (!known) {
    entries.push_back(std::move(entry));
    by_path_.put(entries.size() - 1, path_in(entries));
    return;
  }
  ManifestEntry& old = entries[*known];
  if (entry.replaced.empty()) entry.replaced = old.replaced;
  old = std::move(entry);
}

void Manifest::remove(const std::set<ImagePath>& paths) {
  if (std::erase_if(entries, [&](const ManifestEntry& one) { return paths.count(one.path) != 0; }) == 0)
    return;
  by_path_.clear();
  for (std::size_t i = 0; i < entries.size(); ++i) by_path_.put(i, path_in(entries));
}

void write_json(const Manifest& manifest, const TextSink& sink) {
  Json runs = Json::array();
  for (const ManifestRun& run : manifest.runs) {
    Json providers = Json::object();
    for (const auto& [id, version] : run.providers) providers[id] = version;
    runs.push_back({{"time", run.time},
                    {"host", bytes_to_json(run.host)},
                    {"user", bytes_to_json(run.user)},
                    {"tool", bytes_to_json(run.tool)},
                    {"providers", providers}});
  }
  JsonListWriter text(
      {{"schema", kSchema}, {"version", kVersion}, {"next_replaced", manifest.next_kept}, {"runs", runs}}, 1,
      sink);
  text.list("entries");
  for (const ManifestEntry& one : manifest.entries) text.row(entry_to_json(one));
  text.finish();
}

std::string to_text(const Manifest& manifest) {
  std::string text;
  write_json(manifest, [&](const std::string& piece) { text += piece; });
  return text;
}

std::optional<Manifest> manifest_from(const std::string& text) try {
  Manifest manifest;
  std::size_t texts = 0;
  const Json rest = read_json_lists(text, {"entries"}, [&](const std::string&, const Json& row) {
    ManifestEntry entry = entry_from_json(row);
    if (entry.kind == ManifestEntry::Kind::text && ++texts > kMostTexts) throw std::invalid_argument("texts");
    manifest.put(std::move(entry));
  });
  if (rest.at("schema") != kSchema || integer_from_json<int>(rest.at("version")) != kVersion ||
      !rest.contains("entries"))
    return std::nullopt;
  manifest.next_kept = integer_from_json<unsigned>(rest.at("next_replaced"));
  for (const Json& one : rest.at("runs")) manifest.runs.push_back(run_from_json(one));
  if (manifest.runs.size() > kMostRuns) return std::nullopt;
  return manifest;
} catch (const std::exception&) {
  return std::nullopt;
}

Manifest read_manifest(const ImageRoot& image) {
  if (!image.lstat(ImagePath(kManifest))) return {};
  const auto text = image.read_file(ImagePath(kManifest), kSizeLimit);
  auto manifest = text ? manifest_from(*text) : std::nullopt;
  if (!manifest)
    throw Error({Stage::image, std::string("cannot read the image's manifest: ") + kManifest,
                 "it is damaged, or of a newer ch-fromhost",
                 "remove it from the image, which then counts as not injected"});
  return std::move(*manifest);
}

bool as_we_left_it(const ManifestEntry& entry, const ImageRoot& image) {
  const auto now = image.lstat(entry.path);
  if (!now) return false;
  switch (entry.kind) {
    case ManifestEntry::Kind::directory:
      return S_ISDIR(now->st_mode);
    case ManifestEntry::Kind::link:
      return S_ISLNK(now->st_mode) && entry.target == image.link_target(entry.path);
    case ManifestEntry::Kind::cache:  // its size is known only after the manifest is written
      return S_ISREG(now->st_mode) && nanoseconds(now->st_mtim) == entry.modified;
    default:
      return S_ISREG(now->st_mode) && static_cast<std::uint64_t>(now->st_size) == entry.size &&
             nanoseconds(now->st_mtim) == entry.modified;
  }
}

}  // namespace fromhost::core
