// SPDX-License-Identifier: Apache-2.0
// A host in memory, for unit tests of a provider: what is on it is said by with_…(), what the provider did is
// in its ledgers. C++17, header only, standard library only; it knows no test framework and prints well in
// any.
//
//   fromhost::fake::FakeHost host;
//   host.with_library("/usr/lib64/libfoo.so.1.2", {62, 2, "libfoo.so.1", {"libc.so.6"}})
//       .with_command({"foo-list"}, {FH_COMMAND_EXITED, 0, "/usr/bin/foo\n", ""});
//   MyProvider plugin;                                       // or the registered one: fromhost_provider
//   const auto got = fromhost::fake::Session(host, plugin).collect({"foo", "", std::nullopt});
//   assert(got.status == FH_OK && got.items.size() == 2);
//
// It holds a provider to the contract: items are checked as ch-fromhost checks them, and what was lent is
// freed when the call returns, so that a sanitizer finds a pointer that was kept.
#ifndef FROMHOST_TESTING_FAKE_HOST_HPP
#define FROMHOST_TESTING_FAKE_HOST_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fromhost/provider_abi.h"
#include "fromhost/provider_plugin.hpp"

namespace fromhost::fake {

/// An item that a provider contributed.
struct Item {
  fh_item_kind kind = FH_ITEM_FILE;        ///< FH_ITEM_…
  std::string source;                      ///< empty where the kind has none
  std::optional<std::string> destination;  ///< nullopt: left to ch-fromhost
  std::string reason;                      ///< for -v
};

/// "library /usr/lib64/libfoo.so.1 -> /opt (why)", for failure messages of any framework.
inline std::ostream& operator<<(std::ostream& out, const Item& item) {
  static constexpr const char* kNames[] = {
      "file",      "program",   "library",    "data", "libfabric provider",
      "libfabric", "directory", "ld.so.conf", "link"};
  const bool known = item.kind >= FH_ITEM_FILE && item.kind <= FH_ITEM_LINK;
  out << (known ? kNames[item.kind - 1] : "item of unknown kind") << ' ' << item.source;
  if (item.destination) out << " -> " << *item.destination;
  return out << " (" << item.reason << ")";
}

/// A line that a provider logged.
struct LogLine {
  fh_log_level level = FH_LOG_DEBUG;  ///< FH_LOG_…
  std::string text;                   ///< without the plugin's id, and without newline
};

/// A command that a provider ran.
struct RanCommand {
  std::vector<std::string> argv;            ///< as it was asked for
  std::uint32_t flags = 0;                  ///< FH_COMMAND_STDIN, FH_COMMAND_HERE
  std::chrono::milliseconds time_limit{0};  ///< 0: none
  std::uint64_t output_limit = 0;           ///< bytes; 0: the host's choice
};

/// An option that a plugin declared. Since 1.1.
struct DeclaredOption {
  std::string name;                     ///< long name without dashes
  std::optional<std::string> argument;  ///< nullopt: it takes none
  std::string help;                     ///< for --help
  char letter = 0;                      ///< 0: none
  std::uint8_t flags = 0;               ///< FH_OPTION_SETTING, or 0
};

/// What came of one call to a provider.
struct Outcome {
  fh_status status = FH_FAILED;              ///< FH_OK, FH_NOT_HERE, FH_FAILED, or what else it answered
  std::string message;                       ///< what it said by fail(), or what the host refused
  std::vector<Item> items;                   ///< contributed in this call; kept also where the call failed
  std::vector<DeclaredOption> options = {};  ///< declared in this call. Since 1.1
};

/// A host in memory. Absolute paths; directories are there where something is in them.
class FakeHost {
 public:
  FakeHost() {
    abi_.size = sizeof abi_;
    abi_.abi_minor = FH_ABI_MINOR;
    abi_.context = this;
    abi_.contribute = contribute;
    abi_.log = note;
    abi_.fail = fail;
    abi_.last_error = last_error;
    abi_.environment = environment;
    abi_.extension = extension;
    files_table_.size = sizeof files_table_;
    files_table_.revision = FH_FILES_REVISION;
    files_table_.read = read;
    files_table_.read_standard_input = read_standard_input;
    files_table_.inspect = inspect;
    files_table_.list = list;
    files_table_.root = root;
    files_table_.resolve = resolve;
    commands_table_.size = sizeof commands_table_;
    commands_table_.revision = FH_COMMANDS_REVISION;
    commands_table_.run = run;
    libraries_.size = sizeof libraries_;
    libraries_.revision = FH_LIBRARIES_REVISION;
    libraries_.machine = 62;
    libraries_.cached = cached;
    libraries_.inspect = inspect_elf;
    libraries_.find = find;
    libraries_.linked = linked;
    image_table_.size = sizeof image_table_;
    image_table_.revision = FH_IMAGE_REVISION;
    image_table_.inspect = inspect_in_image;
    image_table_.read = read_in_image;
    image_table_.find_library = find_in_image;
    recipes_table_.size = sizeof recipes_table_;
    recipes_table_.revision = FH_RECIPES_REVISION;
    recipes_table_.list = list_recipes;
    recipes_table_.read = read_recipe;
    requests_table_.size = sizeof requests_table_;
    requests_table_.revision = FH_REQUESTS_REVISION;
    requests_table_.asked = asked;
    discovery_table_.size = sizeof discovery_table_;
    discovery_table_.revision = FH_DISCOVERY_REVISION;
    discovery_table_.declare_option = declare_option;
  }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  // What is on it. A path that is given twice is what was said last.

  /// A regular file of the host.
  FakeHost& with_file(const std::string& path, const std::string& content = "", std::uint32_t mode = 0644) {
    return put(path, {FH_FILE_REGULAR, content, mode, "", "", std::nullopt});
  }
  /// An executable file of a few bytes, which are no ELF.
  FakeHost& with_program(const std::string& path) { return with_file(path, "#!/bin/false\n", 0755); }
  /// A directory. Those above files need not be said.
  FakeHost& with_directory(const std::string& path) {
    return put(path, {FH_FILE_DIRECTORY, "", 0755, "", "", std::nullopt});
  }
  /// A socket, device or pipe.
  FakeHost& with_special_file(const std::string& path) {
    return put(path, {FH_FILE_OTHER, "", 0666, "", "", std::nullopt});
  }
  /// A symbolic link; a relative target starts at the link's directory. It may dangle.
  FakeHost& with_link(const std::string& path, const std::string& target) {
    return put(path, {FH_FILE_OTHER, "", 0777, target, "", std::nullopt});
  }
  /// A path whose every use fails with `why`, and that of all below it.
  FakeHost& with_unreadable(const std::string& path, const std::string& why = "Permission denied") {
    return put(path, {FH_FILE_OTHER, "", 0, "", why, std::nullopt});
  }
  /// A shared library, by what its ELF headers say; its bytes are of no interest.
  FakeHost& with_library(const std::string& path, const ElfInfo& elf) {
    return put(path, {FH_FILE_REGULAR,
                      "\x7f"
                      "ELF",
                      0644, "", "", elf});
  }
  /// The file of that path is no more.
  FakeHost& without(const std::string& path) {
    files_.erase(path);
    return *this;
  }
  /// An entry of the host's ld.so.cache; the order of the calls is the loader's. The file is
  /// with_library()'s.
  FakeHost& with_cached(const std::string& soname, const std::string& path) {
    cache_.push_back({soname, path});
    return *this;
  }
  /// ELF machine of the host; 62 (x86-64) unless said.
  FakeHost& with_machine(std::uint16_t machine) {
    libraries_.machine = machine;
    return *this;
  }
  /// What root() answers. The files keep their paths: those that the provider asks for.
  FakeHost& with_root(const std::string& root) {
    root_ = root;
    return *this;
  }
  /// A variable of the environment; all others are not set.
  FakeHost& with_environment(const std::string& name, const std::string& value) {
    environment_[name] = value;
    return *this;
  }
  /// What can be read from standard input, once.
  FakeHost& with_standard_input(const std::string& text) {
    standard_input_ = text;
    return *this;
  }
  /// How a command ends whose argv begins with these words; the first that fits, in the order of the calls.
  /// All other commands cannot be started: FH_COMMAND_NOT_FOUND, code 2 (ENOENT).
  FakeHost& with_command(const std::vector<std::string>& argv, const CommandResult& result) {
    commands_.emplace_back(argv, result);
    return *this;
  }
  /// A regular file of the image, which is empty otherwise. Links are not known there.
  FakeHost& with_image_file(const std::string& path, const std::string& content = "",
                            std::uint32_t mode = 0644) {
    image_[path] = {FH_FILE_REGULAR, content, mode, "", "", std::nullopt};
    return *this;
  }
  /// A library of the image that its ld.so.cache has.
  FakeHost& with_image_library(const std::string& soname, const std::string& path, std::uint16_t machine,
                               std::uint8_t elf_class) {
    image_[path] = {FH_FILE_REGULAR,
                    "\x7f"
                    "ELF",
                    0644,
                    "",
                    "",
                    ElfInfo{machine, elf_class, soname, {}}};
    image_cache_.push_back({soname, path});
    return *this;
  }
  /// What is in a file of the image that is there already, such as a library: its bytes. Since 1.1.
  FakeHost& with_image_library_bytes(const std::string& path, const std::string& bytes) {
    image_[path].content = bytes;
    return *this;
  }
  /// A recipe of the site; the order of the calls is the one in which they count. Since 1.1.
  FakeHost& with_recipe(const std::string& path, const std::string& text) {
    recipes_.emplace_back(path, text);
    return *this;
  }
  /// A recipe that cannot be read: `why`. Since 1.1.
  FakeHost& with_unreadable_recipe(const std::string& path, const std::string& why = "Permission denied") {
    recipes_.emplace_back(path, "");
    unreadable_recipes_[path] = why;
    return *this;
  }
  /// An option of some plugin that is on the command line, too. Since 1.1.
  FakeHost& with_request(const std::string& option) {
    requests_.insert(option);
    return *this;
  }
  /// An option that ch-fromhost or an earlier plugin has, so that it cannot be declared. Since 1.1.
  FakeHost& with_taken_option(const std::string& option) {
    taken_.insert(option);
    return *this;
  }
  /// A host that is too old to have this extension.
  FakeHost& without_extension(const std::string& id) {
    missing_.insert(id);
    return *this;
  }
  /// A host whose every service fails with `why`.
  FakeHost& with_failing_services(const std::string& why) {
    all_fails_ = why;
    return *this;
  }

  // What was done on it, in order.

  /// The commands that were run, also those that could not be started.
  const std::vector<RanCommand>& ran() const { return ran_; }
  /// The lines that were logged.
  const std::vector<LogLine>& log() const { return log_; }
  /// The log lines of this level and above, each with a newline.
  std::string log_text(fh_log_level least = FH_LOG_DEBUG) const {
    std::string text;
    for (const LogLine& line : log_)
      if (line.level >= least) text += line.text + "\n";
    return text;
  }

  /// For a plugin that is called by hand; Session does so.
  const fh_host* abi() const { return &abi_; }

  /// One call into a provider, between which nothing can be contributed and nothing stays lent.
  template <typename Call>
  Outcome during(bool may_contribute, Call call) {
    return during(may_contribute, false, call);
  }
  /// A call of the plugin's declare(): it has fewer services. Since 1.1.
  template <typename Call>
  Outcome during_declare(Call call) {
    return during(false, true, call);
  }

 private:
  template <typename Call>
  Outcome during(bool may_contribute, bool may_declare, Call call) {
    outcome_ = Outcome();
    may_declare_ = may_declare;
    refused_.clear();
    may_contribute_ = may_contribute;
    outcome_.status = call(&abi_);
    may_contribute_ = may_declare_ = false;
    if (!refused_.empty()) {
      outcome_.status = FH_FAILED;
      outcome_.message = refused_;
    }
    lent_.clear();
    lists_.clear();
    return outcome_;
  }

  struct Node {
    fh_file_kind kind = FH_FILE_REGULAR;
    std::string content;
    std::uint32_t mode = 0644;
    std::string link;  // not empty: a symbolic link
    std::string why;   // not empty: it cannot be used
    std::optional<ElfInfo> elf;
  };
  struct Found {
    fh_status status = FH_NOT_HERE;
    std::string path;            // links resolved
    const Node* node = nullptr;  // null for a directory that is there because of what is in it
  };

  static FakeHost& of(const fh_host* host) { return *static_cast<FakeHost*>(host->context); }

  FakeHost& put(const std::string& path, Node node) {
    files_[path] = std::move(node);
    return *this;
  }

  fh_status failed(const std::string& why) {
    last_error_ = why;
    return FH_FAILED;
  }
  fh_status not_here() {
    last_error_ = "No such file or directory";
    return FH_NOT_HERE;
  }

  bool is_above_something(const std::string& path) const {
    const std::string above = path == "/" ? path : path + "/";
    const auto next = files_.lower_bound(above);
    return next != files_.end() && next->first.compare(0, above.size(), above) == 0;
  }

  /// Walks a path, links followed. last_error() says why where it leads nowhere.
  Found find_file(const std::string& path) {
    if (!all_fails_.empty()) return {failed(all_fails_), "", nullptr};
    std::deque<std::string> todo;
    const auto push = [&](const std::string& text) {
      std::deque<std::string> parts;
      for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('/', begin), text.size());
        if (end > begin) parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
      }
      todo.insert(todo.begin(), parts.begin(), parts.end());
    };
    push(path);
    std::string here;  // "" is the root
    int links = 0;
    while (!todo.empty()) {
      const std::string name = todo.front();
      todo.pop_front();
      if (name == ".") continue;
      if (name == "..") {
        here.erase(std::min(here.rfind('/'), here.size()));
        continue;
      }
      const auto at = files_.find(here + "/" + name);
      if (at == files_.end()) {
        here += "/" + name;
        if (!is_above_something(here)) return {not_here(), "", nullptr};
        continue;
      }
      const Node& node = at->second;
      if (!node.why.empty()) return {failed(node.why), "", nullptr};
      if (!node.link.empty()) {
        if (++links > 40) return {failed("Too many levels of symbolic links"), "", nullptr};
        if (node.link.front() == '/') here.clear();
        push(node.link);
        continue;
      }
      if (!todo.empty() && node.kind != FH_FILE_DIRECTORY) {
        last_error_ = "Not a directory";
        return {FH_NOT_HERE, "", nullptr};
      }
      here += "/" + name;
    }
    const auto at = files_.find(here);
    return {FH_OK, here.empty() ? "/" : here, at == files_.end() ? nullptr : &at->second};
  }

  const char* lend(std::string text) { return lent_.emplace_back(std::move(text)).c_str(); }
  const char* const* lend_list(const std::vector<std::string>& texts) {
    std::vector<const char*> pointers;
    for (const std::string& text : texts) pointers.push_back(lend(text));
    pointers.push_back(nullptr);
    return lists_.emplace_back(std::move(pointers)).data();
  }
  fh_status lend_bytes(const std::string& bytes, std::uint64_t limit, const char** data,
                       std::uint64_t* size) {
    if (bytes.size() > limit) return failed("File too large");
    *data = lend(bytes);
    *size = bytes.size();
    return FH_OK;
  }

  /// As the shell's: * is anything, ? one character.
  static bool matches(const char* pattern, const char* text) {
    if (*pattern == '\0') return *text == '\0';
    if (*pattern == '*') return matches(pattern + 1, text) || (*text != '\0' && matches(pattern, text + 1));
    return *text != '\0' && (*pattern == '?' || *pattern == *text) && matches(pattern + 1, text + 1);
  }

  // The functions behind fh_host and its tables.

  static fh_status contribute(const fh_host* host, const fh_item* item) {
    FakeHost& self = of(host);
    const auto refuse = [&](const char* why) {
      self.refused_ = why;
      return self.failed(why);
    };
    if (!self.may_contribute_) return refuse("contributed an item outside collect()");
    if (!item) return refuse("contributed no item: NULL");
    if (item->size < sizeof(fh_item)) return refuse("contributed an item of the wrong size");
    if (item->kind < FH_ITEM_FILE || item->kind > FH_ITEM_LINK)
      return refuse("contributed an item of unknown kind");
    const bool has_source = item->source && *item->source;
    const bool has_destination = item->destination && *item->destination;
    if (item->kind != FH_ITEM_DIRECTORY && !has_source) return refuse("contributed an item without source");
    if ((item->kind == FH_ITEM_DATA || item->kind == FH_ITEM_DIRECTORY || item->kind == FH_ITEM_LINK) &&
        !has_destination)
      return refuse("contributed an item without destination");
    Item made;
    made.kind = item->kind;
    if (has_source) made.source = item->source;
    if (has_destination) made.destination = item->destination;
    if (item->reason) made.reason = item->reason;
    self.outcome_.items.push_back(std::move(made));
    return FH_OK;
  }
  static void note(const fh_host* host, fh_log_level level, const char* message) {
    of(host).log_.push_back({level, message ? message : ""});
  }
  static void fail(const fh_host* host, const char* message) {
    of(host).outcome_.message = message ? message : "";
  }
  static const char* last_error(const fh_host* host) { return of(host).last_error_.c_str(); }
  static const char* environment(const fh_host* host, const char* name) {
    FakeHost& self = of(host);
    const auto found = self.environment_.find(name ? name : "");
    return found == self.environment_.end() ? nullptr : self.lend(found->second);
  }
  static const void* extension(const fh_host* host, const char* id, std::uint32_t revision) {
    FakeHost& self = of(host);
    const std::string asked = id ? id : "";
    if (self.missing_.count(asked)) return nullptr;
    if (asked == FH_FILES && revision <= FH_FILES_REVISION) return &self.files_table_;
    if (asked == FH_RECIPES && revision <= FH_RECIPES_REVISION) return &self.recipes_table_;
    if (asked == FH_DISCOVERY && revision <= FH_DISCOVERY_REVISION) return &self.discovery_table_;
    if (self.may_declare_) return nullptr;
    if (asked == FH_REQUESTS && revision <= FH_REQUESTS_REVISION) return &self.requests_table_;
    if (asked == FH_COMMANDS && revision <= FH_COMMANDS_REVISION) return &self.commands_table_;
    if (asked == FH_LIBRARIES && revision <= FH_LIBRARIES_REVISION) return &self.libraries_;
    if (asked == FH_IMAGE && revision <= FH_IMAGE_REVISION) return &self.image_table_;
    return nullptr;
  }

  static fh_status read(const fh_host* host, const char* path, std::uint64_t limit, const char** data,
                        std::uint64_t* size) {
    FakeHost& self = of(host);
    const Found found = self.find_file(path);
    if (found.status != FH_OK) return found.status;
    if (!found.node || found.node->kind == FH_FILE_DIRECTORY) return self.failed("Is a directory");
    return self.lend_bytes(found.node->content, limit, data, size);
  }
  static fh_status read_standard_input(const fh_host* host, std::uint64_t limit, const char** data,
                                       std::uint64_t* size) {
    FakeHost& self = of(host);
    if (!self.all_fails_.empty()) return self.failed(self.all_fails_);
    if (self.may_declare_) return self.failed("read_standard_input() in declare()");
    const fh_status status = self.lend_bytes(self.standard_input_, limit, data, size);
    if (status == FH_OK) self.standard_input_.clear();  // read once, it is at its end
    return status;
  }
  static void describe(const Node* node, fh_file_info* info) {
    info->kind = node ? node->kind : FH_FILE_DIRECTORY;
    info->bytes = node ? node->content.size() : 4096;
    info->mode = node ? node->mode : 0755;
  }
  static fh_status inspect(const fh_host* host, const char* path, fh_file_info* info) {
    const Found found = of(host).find_file(path);
    if (found.status == FH_OK) describe(found.node, info);
    return found.status;
  }
  static fh_status list(const fh_host* host, const char* path, const char* const** names,
                        std::uint64_t* count) {
    FakeHost& self = of(host);
    const Found found = self.find_file(path);
    if (found.status != FH_OK) return found.status;
    if (found.node && found.node->kind != FH_FILE_DIRECTORY) {
      self.last_error_ = "Not a directory";
      return FH_NOT_HERE;
    }
    const std::string above = found.path == "/" ? found.path : found.path + "/";
    std::set<std::string> sorted;
    for (const auto& [file, node] : self.files_)
      if (file.size() > above.size() && file.compare(0, above.size(), above) == 0)
        sorted.insert(file.substr(above.size(), file.find('/', above.size()) - above.size()));
    *names = self.lend_list({sorted.begin(), sorted.end()});
    *count = sorted.size();
    return FH_OK;
  }
  static fh_status resolve(const fh_host* host, const char* path, const char** resolved) {
    FakeHost& self = of(host);
    const Found found = self.find_file(path);
    if (found.status == FH_OK) *resolved = self.lend(found.path);
    return found.status;
  }
  static const char* root(const fh_host* host) { return of(host).root_.c_str(); }

  static fh_status run(const fh_host* host, const fh_command* command, fh_command_result* result) {
    FakeHost& self = of(host);
    RanCommand asked;
    for (const char* const* word = command->argv; word && *word; ++word) asked.argv.emplace_back(*word);
    if (asked.argv.empty()) return self.failed("run() without command or result");
    asked.flags = command->flags;
    asked.time_limit = std::chrono::milliseconds(command->time_limit_ms);
    asked.output_limit = command->output_limit;
    if (!self.all_fails_.empty()) return self.failed(self.all_fails_);
    CommandResult ended;
    ended.code = 2;  // ENOENT
    for (const auto& [argv, canned] : self.commands_) {
      if (argv.size() > asked.argv.size() || !std::equal(argv.begin(), argv.end(), asked.argv.begin()))
        continue;
      ended = canned;
      break;
    }
    self.ran_.push_back(std::move(asked));
    result->outcome = ended.outcome;
    result->code = ended.code;
    result->output = self.lend(ended.output);
    result->output_bytes = ended.output.size();
    result->errors = self.lend(ended.errors);
    result->errors_bytes = ended.errors.size();
    return FH_OK;
  }

  static fh_status cached(const fh_host* host, const char* pattern, const char* const** sonames,
                          const char* const** paths, std::uint64_t* count) {
    FakeHost& self = of(host);
    if (!self.all_fails_.empty()) return self.failed(self.all_fails_);
    std::vector<std::string> names, places;
    for (const CachedLibrary& entry : self.cache_) {
      if (!matches(pattern, entry.soname.c_str())) continue;
      names.push_back(entry.soname);
      places.push_back(entry.path);
    }
    *count = names.size();
    *sonames = self.lend_list(names);
    *paths = self.lend_list(places);
    return FH_OK;
  }
  static fh_status inspect_elf(const fh_host* host, const char* path, fh_elf* elf) {
    FakeHost& self = of(host);
    const Found found = self.find_file(path);
    if (found.status != FH_OK || !found.node || !found.node->elf) return FH_NOT_HERE;
    const ElfInfo& known = *found.node->elf;
    elf->machine = known.machine;
    elf->elf_class = known.elf_class;
    elf->soname = known.soname.empty() ? nullptr : self.lend(known.soname);
    elf->needed = self.lend_list(known.needed);
    return FH_OK;
  }
  /// The cache, then any library whose file has that name.
  std::optional<std::string> library(const std::string& soname, std::uint16_t machine,
                                     std::uint8_t elf_class) {
    std::vector<std::string> places;
    for (const CachedLibrary& entry : cache_)
      if (entry.soname == soname) places.push_back(entry.path);
    for (const auto& [file, node] : files_)
      if (file.substr(file.rfind('/') + 1) == soname) places.push_back(file);
    for (const std::string& place : places) {
      const Found found = find_file(place);
      if (found.status == FH_OK && found.node && found.node->elf && found.node->elf->machine == machine &&
          found.node->elf->elf_class == elf_class)
        return place;
    }
    return std::nullopt;
  }
  static fh_status find(const fh_host* host, const char* soname, std::uint16_t machine,
                        std::uint8_t elf_class, const char** path) {
    FakeHost& self = of(host);
    if (!self.all_fails_.empty()) return self.failed(self.all_fails_);
    const auto found = self.library(soname, machine, elf_class);
    if (!found) return self.not_here();
    *path = self.lend(*found);
    return FH_OK;
  }
  static fh_status linked(const fh_host* host, const char* path, const char* const** sonames,
                          const char* const** paths, std::uint64_t* count) {
    FakeHost& self = of(host);
    const Found first = self.find_file(path);
    if (first.status != FH_OK || !first.node || !first.node->elf) return FH_NOT_HERE;
    std::vector<std::string> names = first.node->elf->needed;
    std::vector<const char*> places;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto found = self.library(names[i], first.node->elf->machine, first.node->elf->elf_class);
      places.push_back(found ? self.lend(*found) : nullptr);
      if (!found) continue;
      for (const std::string& next : self.find_file(*found).node->elf->needed)
        if (std::find(names.begin(), names.end(), next) == names.end()) names.push_back(next);
    }
    *count = names.size();
    *sonames = self.lend_list(names);
    *paths = self.lists_.emplace_back(std::move(places)).data();
    return FH_OK;
  }

  const Node* in_image(const std::string& path) {
    const auto found = image_.find(path);
    return found == image_.end() ? nullptr : &found->second;
  }
  static fh_status inspect_in_image(const fh_host* host, const char* path, fh_file_info* info) {
    FakeHost& self = of(host);
    if (!self.all_fails_.empty()) return self.failed(self.all_fails_);
    const Node* node = self.in_image(path);
    if (!node) return self.not_here();
    describe(node, info);
    return FH_OK;
  }
  static fh_status read_in_image(const fh_host* host, const char* path, std::uint64_t limit,
                                 const char** data, std::uint64_t* size) {
    FakeHost& self = of(host);
    if (!self.all_fails_.empty()) return self.failed(self.all_fails_);
    const Node* node = self.in_image(path);
    if (!node || node->content.size() > limit) return self.not_here();
    return self.lend_bytes(node->content, limit, data, size);
  }
  static fh_status find_in_image(const fh_host* host, const char* soname, std::uint16_t machine,
                                 std::uint8_t elf_class, const char** path) {
    FakeHost& self = of(host);
    if (!self.all_fails_.empty()) return self.failed(self.all_fails_);
    for (const CachedLibrary& entry : self.image_cache_) {
      const Node* node = self.in_image(entry.path);
      if (entry.soname != soname || !node || !node->elf) continue;
      if (node->elf->machine != machine || node->elf->elf_class != elf_class) continue;
      *path = self.lend(entry.path);
      return FH_OK;
    }
    return self.not_here();
  }

  static fh_status list_recipes(const fh_host* host, const char* const** paths, std::uint64_t* count) {
    FakeHost& self = of(host);
    if (!self.all_fails_.empty()) return self.failed(self.all_fails_);
    std::vector<std::string> names;
    for (const auto& [path, text] : self.recipes_) names.push_back(path);
    *count = names.size();
    *paths = self.lend_list(names);
    return FH_OK;
  }
  static fh_status read_recipe(const fh_host* host, const char* path, std::uint64_t limit, const char** data,
                               std::uint64_t* size) {
    FakeHost& self = of(host);
    if (!self.all_fails_.empty()) return self.failed(self.all_fails_);
    const auto unreadable = self.unreadable_recipes_.find(path);
    if (unreadable != self.unreadable_recipes_.end()) return self.failed(unreadable->second);
    for (const auto& [known, text] : self.recipes_)
      if (known == path) return self.lend_bytes(text, limit, data, size);
    return self.not_here();
  }
  static fh_status asked(const fh_host* host, const char* option) {
    FakeHost& self = of(host);
    if (!self.all_fails_.empty()) return self.failed(self.all_fails_);
    return self.requests_.count(option) ? FH_OK : FH_NOT_HERE;
  }
  static fh_status declare_option(const fh_host* host, const fh_option* option) {
    FakeHost& self = of(host);
    const auto refuse = [&](const std::string& why) {
      self.refused_ = why;
      return self.failed(why);
    };
    if (!self.may_declare_) return refuse("declared an option outside declare()");
    const std::string name = option && option->name ? option->name : "";
    const bool well_formed =
        !name.empty() && name.front() != '-' &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (!well_formed || !option->help) return refuse("declared a malformed option");
    for (const DeclaredOption& other : self.outcome_.options)
      if (other.name == name || (option->letter && other.letter == option->letter))
        return refuse("declared --" + name + " or its letter twice");
    if (self.taken_.count(name)) return self.failed("it is an option of ch-fromhost itself");
    DeclaredOption made;
    made.name = name;
    if (option->argument) made.argument = option->argument;
    made.help = option->help;
    made.letter = option->letter;
    made.flags = option->flags;
    self.outcome_.options.push_back(std::move(made));
    return FH_OK;
  }

  std::vector<std::pair<std::string, std::string>> recipes_;
  std::map<std::string, std::string> unreadable_recipes_;
  std::set<std::string> requests_, taken_;
  std::map<std::string, Node> files_, image_;
  std::vector<CachedLibrary> cache_, image_cache_;
  std::map<std::string, std::string> environment_;
  std::vector<std::pair<std::vector<std::string>, CommandResult>> commands_;
  std::set<std::string> missing_;
  std::string root_ = "/", standard_input_, all_fails_, last_error_, refused_;
  std::vector<RanCommand> ran_;
  std::vector<LogLine> log_;
  Outcome outcome_;
  bool may_contribute_ = false, may_declare_ = false;
  std::deque<std::string> lent_;
  std::deque<std::vector<const char*>> lists_;

  fh_host abi_{};
  fh_files files_table_{};
  fh_commands commands_table_{};
  fh_libraries libraries_{};
  fh_image image_table_{};
  fh_recipes recipes_table_{};
  fh_requests requests_table_{};
  fh_discovery discovery_table_{};
};

/// What a plugin declares on this host: FH_NOT_HERE and nothing where it has no declare(). Since 1.1.
inline Outcome declared(FakeHost& host, const fh_entry& entry) {
  const bool has_it =
      entry.size >= offsetof(fh_entry, declare) + sizeof(fh_entry::declare) && entry.declare != nullptr;
  return host.during_declare([&](const fh_host* lent) {
    return has_it ? entry.declare(lent) : static_cast<fh_status>(FH_NOT_HERE);
  });
}

/// A provider at work on a fake host, called through the C interface as ch-fromhost calls it. Both must
/// outlive it. Like ch-fromhost, give it a setting (FH_OPTION_SETTING) before what the setting is for.
class Session {
 public:
  /// A provider in this process, whatever made it.
  Session(FakeHost& host, ProviderPlugin& plugin)
      : host_(host),
        bound_{{static_cast<std::uint32_t>(sizeof(fh_provider)), 0, boundary::claims, boundary::collect,
                boundary::destroy},
               &plugin},
        provider_(&bound_.provider) {}
  /// What a plugin exports: the provider is made here and destroyed with us. Where create() makes none,
  /// collect() answers FH_FAILED with its message.
  Session(FakeHost& host, const fh_entry& entry) : host_(host), bound_{{}, nullptr}, owned_(true) {
    created_ = host_.during(false, [&](const fh_host* lent) {
      provider_ = entry.create(lent);
      return static_cast<fh_status>(provider_ ? FH_OK : FH_FAILED);
    });
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (owned_ && provider_) provider_->destroy(provider_);
  }

  /// One use of one option, or (option empty) of a claimed path.
  Outcome collect(const Request& request) {
    if (!provider_) return created_;
    return host_.during(true, [&](const fh_host* lent) {
      fh_request asked{};
      asked.size = sizeof asked;
      asked.option = request.option.empty() ? nullptr : request.option.c_str();
      asked.value = request.value.empty() ? nullptr : request.value.c_str();
      asked.destination = request.destination ? request.destination->c_str() : nullptr;
      return provider_->collect(provider_, lent, &asked);
    });
  }
  /// Is this path the provider's? FH_OK: yes; FH_NOT_HERE: no.
  Outcome claims(const std::string& path) {
    if (!provider_) return created_;
    return host_.during(false, [&](const fh_host* lent) {
      return provider_->claims ? provider_->claims(provider_, lent, path.c_str())
                               : static_cast<fh_status>(FH_NOT_HERE);
    });
  }

 private:
  FakeHost& host_;
  boundary::Bound bound_;
  fh_provider* provider_ = nullptr;
  bool owned_ = false;
  Outcome created_;
};

}  // namespace fromhost::fake

#endif
