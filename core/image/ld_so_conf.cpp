// SPDX-License-Identifier: Apache-2.0
// Image: ld.so.conf and what it includes. tests/unit/image/ld_so_conf_test.cpp compares the answers with
// those of real ldconfigs; where we cannot be as sure as that, there is a doubt, and ldconfig is asked.
#include "core/image/ld_so_conf.hpp"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <sys/mman.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "core/error.hpp"
#include "core/host/host_system.hpp"

namespace fromhost::core {
namespace {

constexpr const char* kMainFile = "/etc/ld.so.conf";
// No honest image comes near these.
constexpr std::size_t kMostFiles = 10'000, kMostEntries = 100'000, kLongestPattern = 256;
constexpr std::uint64_t kMostBytes = 256u << 10;
/// Subdirectories for special processors that some ldconfig before glibc 2.37 scans on this kind of machine.
constexpr const char* kOldHwcaps[] = {"tls",  "haswell", "xeon_phi", "avx512_1", "x86_64",
                                      "sse2", "i586",    "i686",     "i486",     "i386"};

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
/// As isspace() in the C locale, which is ldconfig's here.
bool is_space(char c) {
  return is_blank(c) || (c >= '\n' && c <= '\r');
}

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && !is_blank(text[end])) ++end;
    if (end > begin) words.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::optional<LdSoConfLine> parse_line(std::string_view line) {
  line = line.substr(0, std::min(line.find('\0'), line.find('#')));
  while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
  if (line.empty()) return std::nullopt;
  if (line.size() > 7 && line.substr(0, 7) == "include" && is_blank(line[7]))
    return LdSoConfLine{LdSoConfLine::Kind::include, words_of(line.substr(8))};
  if (line.size() > 5 && same_letters(line.substr(0, 5), "hwcap") && is_blank(line[5]))
    return LdSoConfLine{LdSoConfLine::Kind::hwcap, words_of(line.substr(6))};
  while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
  while (!line.empty() && line.back() == '/') line.remove_suffix(1);
  return LdSoConfLine{LdSoConfLine::Kind::directory, {std::string(line)}};
}

/// glob(3) itself, its eyes on the image. It knows no user data, so the image is in a variable of the thread.
class ImageGlob {
 public:
  explicit ImageGlob(const ImageRoot& image) : image_(image) {}

  /// nullopt if the pattern asks for too much.
  std::optional<std::vector<std::string>> matches(const std::string& pattern) {
    if (pattern.size() > kLongestPattern) return std::nullopt;
    current_ = this;
    glob_t found = {};
    found.gl_opendir = open;
    found.gl_readdir = read;
    found.gl_closedir = [](void* directory) { ::closedir(static_cast<DIR*>(directory)); };
    found.gl_stat = [](const char* path, struct stat* facts) { return look(path, facts, O_PATH); };
    found.gl_lstat = [](const char* path, struct stat* facts) {
      return look(path, facts, O_PATH | O_NOFOLLOW);
    };
    std::vector<std::string> names;
    if (::glob(pattern.c_str(), GLOB_ALTDIRFUNC, nullptr, &found) == 0)
      for (std::size_t i = 0; i < found.gl_pathc; ++i) names.emplace_back(found.gl_pathv[i]);
    ::globfree(&found);
    current_ = nullptr;
    if (entries_ > kMostEntries) return std::nullopt;
    return names;
  }

 private:
  static void* open(const char* path) {
    UniqueFd fd = current_->image_.open_at(ImagePath(path), O_RDONLY | O_DIRECTORY);
    DIR* directory = fd ? ::fdopendir(fd.get()) : nullptr;
    if (directory) fd.release();
    return directory;
  }
  static struct dirent* read(void* directory) {
    if (++current_->entries_ > kMostEntries) return nullptr;
    return ::readdir(static_cast<DIR*>(directory));
  }
  static int look(const char* path, struct stat* facts, int flags) {
    if (++current_->entries_ > kMostEntries) return -1;
    const UniqueFd fd = current_->image_.open_at(ImagePath(path), flags);
    return fd ? ::fstat(fd.get(), facts) : -1;
  }

  static thread_local ImageGlob* current_;
  const ImageRoot& image_;
  std::size_t entries_ = 0;
};
thread_local ImageGlob* ImageGlob::current_ = nullptr;

class Reader {
 public:
  Reader(const ImageRoot& image, const LdconfigKind& kind) : image_(image), kind_(kind), glob_(image) {}

  LdconfigDirectories read() {
    file(kMainFile);
    for (const std::string& one : kind_.builtin) directory(one);
    for (const std::string& one : kind_.doubtful)
      if (image_.is_directory(ImagePath(one))) doubt(one + " is there");
    // Nothing was left out where there is no doubt, so the last look is only worth it then.
    if (result_.doubt.empty())
      for (const ImagePath& one : scanned_)
        for (const char* name : kOldHwcaps)
          if (image_.is_directory(one / name)) doubt((one / name).text() + " is there");
    return std::move(result_);
  }

 private:
  using Identity = std::pair<dev_t, ino_t>;
  static constexpr std::size_t kNowhere = ~std::size_t{0};

  void doubt(const std::string& why) {
    if (result_.doubt.empty()) result_.doubt = why;
  }

  [[noreturn]] static void refuse(const std::string& why) {
    throw Error({Stage::ldconfig, "empty path from ldconfig", why,
                 "repair the image, or give --dest and --no-ldconfig"});
  }

  /// Answers where in the chain of files that are being read its includes lead back to; kNowhere: they do
  /// not.
  std::size_t file(const std::string& name) {
    if (name.size() >= PATH_MAX) return kNowhere;  // ldconfig passes over what it cannot open
    if (++files_ > kMostFiles) refuse("the image's ld.so.conf includes files without end");
    // O_NONBLOCK: a FIFO must not hold us up, as it would hold up ldconfig.
    UniqueFd fd = image_.open_at(ImagePath(name), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat facts = {};
    const bool is_socket = !fd && errno == ENXIO;
    if (!is_socket && (!fd || ::fstat(fd.get(), &facts) != 0)) return kNowhere;
    if (S_ISDIR(facts.st_mode) && name != kMainFile) return kNowhere;  // nothing can be read from it
    if (!S_ISREG(facts.st_mode)) refuse("the image's " + name + " is no regular file");
    const Identity identity(facts.st_dev, facts.st_ino);
    const auto known = std::find(chain_.begin(), chain_.end(), identity);
    if (known != chain_.end()) {
      doubt(name + " includes itself");
      return static_cast<std::size_t>(known - chain_.begin());
    }
    std::string text;
    try {
      text = read_all(fd.get(), kMostBytes - bytes_, name);
    } catch (const std::system_error&) {
      doubt(name + " cannot be read, or is too large");
      return kNowhere;
    }
    fd.reset();
    bytes_ += text.size();
    chain_.push_back(identity);
    const std::size_t back = lines(name, text);
    chain_.pop_back();
    return back;
  }

  std::size_t lines(const std::string& name, const std::string& text) {
    std::size_t highest = kNowhere, ways_back = 0;
    for (const LdSoConfLine& line : parse_ld_so_conf(text)) {
      if (line.kind == LdSoConfLine::Kind::hwcap)
        doubt(name + " has a hwcap line");  // ldconfig before glibc 2.33 may refuse it and end
      else if (line.kind == LdSoConfLine::Kind::directory)
        directory(line.words.front());
      else
        for (const std::string& pattern : line.words)
          for (const std::string& included : matches(name, pattern)) {
            const std::size_t back = file(included);
            // ldconfig follows a circle until it can open no more files, about a thousand deep. With two ways
            // to go on at each turn it would never end.
            if (back < chain_.size() && ++ways_back > 1)
              refuse("the image's " + name + " includes itself more than once");
            highest = std::min(highest, back);
          }
    }
    return highest;
  }

  /// The files that an include means.
  std::vector<std::string> matches(const std::string& from, const std::string& pattern) {
    std::string path = pattern;
    if (pattern.front() != '/') {
      std::string name = from;
      path = std::string(::dirname(name.data())) + '/' + pattern;
    }
    auto names = glob_.matches(path);
    if (!names) doubt("include " + pattern.substr(0, kLongestPattern) + " asks for too much");
    return std::move(names).value_or(std::vector<std::string>());
  }

  /// ldconfig tells directories apart by device and inode; of several names the first counts.
  bool is_new(const struct stat& facts) { return known_.emplace(facts.st_dev, facts.st_ino).second; }

  void report(const std::string& path) {
    // A relative one is scanned, but no answer to the question where libraries go.
    if (path.front() == '/') result_.directories.emplace_back(path);
  }

  void directory(const std::string& path) {
    if (path.empty() || path.size() >= PATH_MAX || !asked_.insert(path).second) return;
    // "=TYPE" means something to some versions; a colon ends the name in ldconfig's answer.
    if (path.find_first_of("=:") != std::string::npos) return doubt("it has a line " + path);
    const ImagePath there(path);
    const auto facts = image_.stat(there);
    if (!facts || !is_new(*facts)) return;
    report(path);
    scanned_.push_back(there);
    if (kind_.has_glibc_hwcaps) hwcaps(path);
  }

  /// In the order of the directory itself, as ldconfig reads it.
  void hwcaps(const std::string& path) {
    if (hwcap_entries_ > kMostEntries) return;
    const ImagePath parent = ImagePath(path) / "glibc-hwcaps";
    UniqueFd fd = image_.open_at(parent, O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, int (*)(DIR*)> all(fd ? ::fdopendir(fd.get()) : nullptr, ::closedir);
    if (!all) return;
    fd.release();
    while (const dirent* entry = ::readdir(all.get())) {
      // Links may lead from many directories to one that is full.
      if (++hwcap_entries_ > kMostEntries) return doubt("its directories have too many glibc-hwcaps");
      const std::string name = entry->d_name;
      if (name.front() == '.' || entry->d_type == DT_REG || name.find(':') != std::string::npos) continue;
      const auto facts = image_.stat(parent / name);
      if (!facts || !S_ISDIR(facts->st_mode)) continue;
      if (name.find('\n') != std::string::npos) return doubt("a name has two lines");
      if (is_new(*facts)) report(path + "/glibc-hwcaps/" + name);
    }
  }

  const ImageRoot& image_;
  const LdconfigKind& kind_;
  ImageGlob glob_;
  LdconfigDirectories result_;
  std::vector<Identity> chain_;  // the file that is read, and those that include it
  std::set<Identity> known_;
  std::unordered_set<std::string> asked_;
  std::vector<ImagePath> scanned_;
  std::size_t files_ = 0;
  std::size_t hwcap_entries_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace

std::vector<LdSoConfLine> parse_ld_so_conf(std::string_view text) {
  std::vector<LdSoConfLine> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (auto line = parse_line(text.substr(0, end))) lines.push_back(std::move(*line));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::optional<LdconfigKind> ldconfig_kind(std::string_view program, std::uint16_t machine) {
  // A static ldconfig has in it the loader's directories, which are built from the same two settings (slibdir
  // and libdir) as its own.
  using namespace std::string_view_literals;
  if (machine != EM_X86_64) return std::nullopt;
  const auto has = [&](std::string_view text) {
    return ::memmem(program.data(), program.size(), text.data(), text.size()) != nullptr;
  };
  const bool hwcaps = has("glibc-hwcaps"sv);
  // Debian, Ubuntu: its maintainers add /lib and /usr/lib.
  if (has("/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0"sv))
    return LdconfigKind{
        {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"}, hwcaps, {}};
  // glibc as it comes, thus Red Hat, SUSE and others. All but the oldest also scan the directories for x32.
  if (has("\0/lib64/\0/usr/lib64/\0"sv))
    return LdconfigKind{{"/lib", "/lib64", "/usr/lib", "/usr/lib64"}, hwcaps, {"/libx32", "/usr/libx32"}};
  return std::nullopt;
}

std::optional<LdconfigKind> ldconfig_kind(int program, std::uint16_t machine) {
  struct stat facts;
  if (::fstat(program, &facts) != 0 || facts.st_size <= 0) return std::nullopt;
  // Mapped: of its megabyte, which is in memory if ldconfig has run before, nothing is copied.
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, program, 0);
  if (bytes == MAP_FAILED) return std::nullopt;
  auto kind = ldconfig_kind(std::string_view(static_cast<const char*>(bytes), size), machine);
  ::munmap(bytes, size);
  return kind;
}

LdconfigDirectories read_ld_so_conf(const ImageRoot& image, const LdconfigKind& kind) {
  return Reader(image, kind).read();
}

}  // namespace fromhost::core
