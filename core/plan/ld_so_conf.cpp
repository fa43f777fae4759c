// SPDX-License-Identifier: Apache-2.0
// Plan: what etc/ld.so.conf and etc/ld.so.conf.d will hold. Pure; reads the image, writes nothing.
#include "core/plan/ld_so_conf.hpp"

#include <algorithm>
#include <sstream>

#include "core/image/ld_so_conf.hpp"

namespace fromhost::core {
namespace {

constexpr std::uint64_t kConfLimit = 1u << 20;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Both spellings are in use: Debian's is absolute, Red Hat's and Charliecloud's are relative.
bool includes_directory(const std::string& conf) {
  for (const LdSoConfLine& line : parse_ld_so_conf(conf))
    if (line.kind == LdSoConfLine::Kind::include)
      for (const std::string& pattern : line.words)
        if (pattern == "/etc/ld.so.conf.d/*.conf" || pattern == "ld.so.conf.d/*.conf") return true;
  return false;
}

/// A file's text, "" where there is none; one that cannot be read must not be taken for empty and replaced.
std::string old_text(const ImagePath& path, const ImageRoot& image) {
  if (auto text = image.read_file(path, kConfLimit)) return *text;
  const auto status = image.stat(path);
  if (!status || !S_ISREG(status->st_mode)) return "";
  throw Error({Stage::plan, "cannot read file: " + path.text(),
               status->st_size > static_cast<off_t>(kConfLimit) ? "larger than 1 MiB" : "Permission denied",
               "it is in the image, and other lines of it are to stay"});
}

std::string with_line(std::string text, const std::string& line) {
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text + line + '\n';
}

}  // namespace

std::vector<PlannedText> ld_so_conf_texts(const std::map<std::string, std::vector<std::string>>& lines,
                                          const ImageRoot& image) {
  std::vector<PlannedText> texts;
  for (const auto& [file, wanted] : lines) {
    const ImagePath path = ImagePath("/etc/ld.so.conf.d") / file;
    const std::string old = old_text(path, image);
    std::string content = old;
    for (const std::string& line : wanted) {
      const auto present = lines_of(content);
      if (std::find(present.begin(), present.end(), line) == present.end())
        content = with_line(content, line);
    }
    if (content != old) texts.push_back({path, content, "directories for the loader"});
  }
  if (lines.empty()) return texts;
  const ImagePath conf(kLdSoConf);
  const std::string old = old_text(conf, image);
  if (!includes_directory(old))
    texts.push_back({conf, with_line(old, kIncludeLine), "the loader reads etc/ld.so.conf.d"});
  return texts;
}

}  // namespace fromhost::core
