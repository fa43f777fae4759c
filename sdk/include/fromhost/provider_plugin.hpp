// SPDX-License-Identifier: Apache-2.0
// The C++ side of provider_abi.h: derive from ProviderPlugin, register with FROMHOST_PROVIDER. C++17, header
// only, standard library only. No C++ type of this header crosses the boundary, so host and plugin may be
// built by different compilers, standard libraries and standards.
//
// What holds for every name unless it says otherwise: it is there since interface 1.0. What a function
// returns belongs to the caller and may be kept; the Host itself may not be kept. A function of Host throws
// Failure where the host could not do it, with words for the person; nullopt and empty lists are answers, not
// failures. All of it on one thread, in a time that the host limits (--plugin-timeout, five minutes a call).
#ifndef FROMHOST_PROVIDER_PLUGIN_HPP
#define FROMHOST_PROVIDER_PLUGIN_HPP

#ifndef __cplusplus
#error "provider_plugin.hpp is C++; C has provider_abi.h"
#elif __cplusplus < 201703L
#error "provider_plugin.hpp needs C++17: -std=c++17"
#endif

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "fromhost/provider_abi.h"

namespace fromhost {

/// Throw it to end the run with this message; any other exception does so with its what().
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What came of a request.
enum class Answer {
  done,      ///< everything was contributed
  not_here,  ///< this host has no such hardware; the run goes on with a warning
};

/// One use of one of the provider's options, or a path that it claimed.
struct Request {
  std::string option;                      ///< long name; empty: a claimed path
  std::string value;                       ///< the option's argument, or the claimed path
  std::optional<std::string> destination;  ///< the --dest in force
};

/// How a command ended.
struct CommandResult {
  fh_command_outcome outcome = FH_COMMAND_NOT_FOUND;  ///< FH_COMMAND_EXITED and others
  int code = 0;                                       ///< exit status, signal or errno, as outcome says
  std::string output;                                 ///< stdout
  std::string errors;                                 ///< stderr
  /// It ran to its end with exit status 0.
  bool succeeded() const { return outcome == FH_COMMAND_EXITED && code == 0; }
};

/// What run() shall do beyond running.
struct CommandOptions {
  std::uint32_t flags = 0;                  ///< FH_COMMAND_STDIN, FH_COMMAND_HERE
  std::chrono::milliseconds time_limit{0};  ///< then it is killed, its children too; 0: none of its own
  std::uint64_t output_limit = 0;           ///< bytes; 0: the host's choice
};

/// What an ELF file says of itself.
struct ElfInfo {
  std::uint16_t machine = 0;        ///< e_machine
  std::uint8_t elf_class = 0;       ///< 1: 32-bit, 2: 64-bit
  std::string soname;               ///< empty: none
  std::vector<std::string> needed;  ///< sonames, in its order
};

/// An entry of the host's ld.so.cache.
struct CachedLibrary {
  std::string soname;  ///< what programs ask the loader for
  std::string path;    ///< absolute
};

/// A library that another file is linked with.
struct LinkedLibrary {
  std::string soname;               ///< as the other file needs it
  std::optional<std::string> path;  ///< nullopt: not found on this host
};

/// A file of the host, or of the image.
struct FileInfo {
  fh_file_kind kind = FH_FILE_OTHER;  ///< FH_FILE_REGULAR and others
  std::uint64_t bytes = 0;            ///< length of a regular file
  std::uint32_t mode = 0;             ///< permission bits
};

/// The host, lent to the provider for one call; do not keep it.
class Host {
 public:
  /// `host` must outlive it.
  explicit Host(const fh_host& host) : host_(&host) {}

  // What the image shall get. Sources are paths on this host, destinations directories in the image, reasons
  // a few words for -v. Only in collect(); an item that the host refuses is a Failure.

  /// A file that the core classifies by its path, as the manual's --path does. `destination`: directory, or
  /// by rule.
  void contribute_file(const std::string& source, const std::string& reason,
                       const std::optional<std::string>& destination = std::nullopt) {
    contribute(FH_ITEM_FILE, source, destination, reason);
  }
  /// A program, into /usr/bin unless `destination` names a directory.
  void contribute_program(const std::string& source, const std::string& reason,
                          const std::optional<std::string>& destination = std::nullopt) {
    contribute(FH_ITEM_PROGRAM, source, destination, reason);
  }
  /// A shared library, into the image's first library directory unless `destination` names one.
  void contribute_library(const std::string& source, const std::string& reason,
                          const std::optional<std::string>& destination = std::nullopt) {
    contribute(FH_ITEM_LIBRARY, source, destination, reason);
  }
  /// Any file, into `directory` of the image, which is made if missing.
  void contribute_data(const std::string& source, const std::string& directory, const std::string& reason) {
    contribute(FH_ITEM_DATA, source, directory, reason);
  }
  /// A directory (mount point) that shall exist in the image.
  void contribute_directory(const std::string& path, const std::string& reason) {
    contribute(FH_ITEM_DIRECTORY, std::nullopt, path, reason);
  }
  /// A directory for the image's loader to search: a line of etc/ld.so.conf.d/ch-fromhost.conf, or of `file`
  /// there.
  void contribute_ld_so_conf(const std::string& directory, const std::string& reason,
                             const std::optional<std::string>& file = std::nullopt) {
    contribute(FH_ITEM_LD_SO_CONF, directory, file, reason);
  }
  /// A symbolic link at `path` of the image (absolute, or relative to where libraries go) that reads
  /// `target`.
  void contribute_link(const std::string& path, const std::string& target, const std::string& reason) {
    contribute(FH_ITEM_LINK, target, path, reason);
  }
  /// Any kind of fh_item_kind. Throws Failure if the host refuses the item.
  void contribute(fh_item_kind kind, const std::optional<std::string>& source,
                  const std::optional<std::string>& destination, const std::string& reason) {
    fh_item item{};
    item.size = sizeof item;
    item.kind = kind;
    item.source = source ? source->c_str() : nullptr;
    item.destination = destination ? destination->c_str() : nullptr;
    item.reason = reason.c_str();
    if (host_->contribute(host_, &item) != FH_OK) throw Failure(last_error());
  }

  /// A line for the person, without newline; shown by -vv (debug), by -v (info), unless -qq (warn).
  void debug(const std::string& message) const { host_->log(host_, FH_LOG_DEBUG, message.c_str()); }
  /// @copydoc debug
  void info(const std::string& message) const { host_->log(host_, FH_LOG_INFO, message.c_str()); }
  /// @copydoc debug
  void warn(const std::string& message) const { host_->log(host_, FH_LOG_WARNING, message.c_str()); }

  /// Says why the answer is going to be Answer::not_here: what was looked for, and where. The last one
  /// counts.
  void explain(const std::string& message) const { host_->fail(host_, message.c_str()); }

  /// A variable of the person's environment; nullopt where it is not set. An empty one is "".
  std::optional<std::string> environment(const std::string& name) const {
    const char* value = host_->environment(host_, name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  }

  /// All that can be read from a file or pipe; nullopt where it does not exist. Throws Failure ("path:
  /// reason") where it cannot be read or is larger than `limit` bytes.
  std::optional<std::string> read_file(const std::string& path, std::uint64_t limit = 16u << 20) const {
    const auto bytes = view_file(path, limit);
    return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
  }
  /// The same without a copy, for a large file that is only looked through. Good until the call into the
  /// plugin returns.
  std::optional<std::string_view> view_file(const std::string& path, std::uint64_t limit = 16u << 20) const {
    const fh_files& files = service<fh_files>(FH_FILES, FH_FILES_REVISION);
    const char* data = nullptr;
    std::uint64_t bytes = 0;
    const fh_status status = files.read(host_, path.c_str(), limit, &data, &bytes);
    if (status == FH_NOT_HERE) return std::nullopt;
    if (status != FH_OK) throw Failure(path + ": " + last_error());
    return std::string_view(data, bytes);
  }
  /// The rest of standard input; throws Failure beyond `limit` bytes.
  std::string read_standard_input(std::uint64_t limit = 16u << 20) const {
    const fh_files& files = service<fh_files>(FH_FILES, FH_FILES_REVISION);
    const char* data = nullptr;
    std::uint64_t bytes = 0;
    if (files.read_standard_input(host_, limit, &data, &bytes) != FH_OK)
      throw Failure("standard input: " + last_error());
    return std::string(data, bytes);
  }
  /// Follows symbolic links; nullopt where there is no such file.
  std::optional<FileInfo> inspect(const std::string& path) const {
    const fh_files& files = service<fh_files>(FH_FILES, FH_FILES_REVISION);
    fh_file_info info{};
    info.size = sizeof info;
    const fh_status status = files.inspect(host_, path.c_str(), &info);
    if (status == FH_NOT_HERE) return std::nullopt;
    if (status != FH_OK) throw Failure(path + ": " + last_error());
    return FileInfo{info.kind, info.bytes, info.mode};
  }
  /// The names in a directory, sorted; empty where there is none.
  std::vector<std::string> list(const std::string& path) const {
    const fh_files& files = service<fh_files>(FH_FILES, FH_FILES_REVISION);
    const char* const* names = nullptr;
    std::uint64_t count = 0;
    const fh_status status = files.list(host_, path.c_str(), &names, &count);
    if (status == FH_NOT_HERE) return {};
    if (status != FH_OK) throw Failure(path + ": " + last_error());
    return {names, names + count};
  }

  /// The path with every symbolic link resolved; nullopt where there is no such file.
  std::optional<std::string> resolve(const std::string& path) const {
    const char* resolved = nullptr;
    const fh_status status =
        service<fh_files>(FH_FILES, FH_FILES_REVISION).resolve(host_, path.c_str(), &resolved);
    if (status == FH_NOT_HERE) return std::nullopt;
    if (status != FH_OK) throw Failure(path + ": " + last_error());
    return resolved;
  }
  /// The directory below which absolute paths are looked up: "/", or what --host-root says.
  std::string root() const { return service<fh_files>(FH_FILES, FH_FILES_REVISION).root(host_); }

  /// Runs a command (argv, never a shell) to its end; argv[0] is looked up in PATH if it has no slash. That
  /// it failed is in the result. Give it a time limit where it asks hardware: without one it takes what the
  /// host gives the whole call, and then the run ends.
  CommandResult run(const std::vector<std::string>& argv, const CommandOptions& options = {}) const {
    const fh_commands& commands = service<fh_commands>(FH_COMMANDS, FH_COMMANDS_REVISION);
    std::vector<const char*> words;
    for (const std::string& word : argv) words.push_back(word.c_str());
    words.push_back(nullptr);
    fh_command command{};
    command.size = sizeof command;
    command.flags = options.flags;
    command.argv = words.data();
    command.time_limit_ms = static_cast<std::uint64_t>(options.time_limit.count());
    command.output_limit = options.output_limit;
    fh_command_result result{};
    result.size = sizeof result;
    if (commands.run(host_, &command, &result) != FH_OK) throw Failure(last_error());
    return {result.outcome, result.code, std::string(result.output, result.output_bytes),
            std::string(result.errors, result.errors_bytes)};
  }

  /// ELF machine of this host: 62 is x86-64, 183 is AArch64.
  std::uint16_t machine() const { return service<fh_libraries>(FH_LIBRARIES, FH_LIBRARIES_REVISION).machine; }
  /// Entries of the host's ld.so.cache whose soname matches a glob, in the loader's order of preference.
  std::vector<CachedLibrary> cached_libraries(const std::string& pattern) const {
    const char* const* sonames = nullptr;
    const char* const* paths = nullptr;
    std::uint64_t count = 0;
    if (service<fh_libraries>(FH_LIBRARIES, FH_LIBRARIES_REVISION)
            .cached(host_, pattern.c_str(), &sonames, &paths, &count) != FH_OK)
      throw Failure(last_error());
    std::vector<CachedLibrary> found;
    for (std::uint64_t i = 0; i < count; ++i) found.push_back({sonames[i], paths[i]});
    return found;
  }
  /// What an ELF file of the host says of itself; nullopt where it cannot be read or is not ELF.
  std::optional<ElfInfo> inspect_elf(const std::string& path) const {
    fh_elf elf{};
    elf.size = sizeof elf;
    const fh_status status =
        service<fh_libraries>(FH_LIBRARIES, FH_LIBRARIES_REVISION).inspect(host_, path.c_str(), &elf);
    if (status == FH_NOT_HERE) return std::nullopt;
    if (status != FH_OK) throw Failure(path + ": " + last_error());
    ElfInfo info{elf.machine, elf.elf_class, elf.soname ? elf.soname : "", {}};
    for (const char* const* name = elf.needed; name && *name; ++name) info.needed.emplace_back(*name);
    return info;
  }
  /// The host file that a program of this machine and class would load for `soname`.
  std::optional<std::string> find_library(const std::string& soname, std::uint16_t machine,
                                          std::uint8_t elf_class) const {
    const char* path = nullptr;
    const fh_status status = service<fh_libraries>(FH_LIBRARIES, FH_LIBRARIES_REVISION)
                                 .find(host_, soname.c_str(), machine, elf_class, &path);
    if (status == FH_NOT_HERE) return std::nullopt;
    if (status != FH_OK) throw Failure(soname + ": " + last_error());
    return path;
  }

  /// The libraries that a file brings along by being linked with them, directly and by way of others, each
  /// once; none where it cannot be read or is not ELF.
  std::vector<LinkedLibrary> linked_libraries(const std::string& path) const {
    const char* const* sonames = nullptr;
    const char* const* paths = nullptr;
    std::uint64_t count = 0;
    const fh_status status = service<fh_libraries>(FH_LIBRARIES, FH_LIBRARIES_REVISION)
                                 .linked(host_, path.c_str(), &sonames, &paths, &count);
    if (status == FH_NOT_HERE) return {};
    if (status != FH_OK) throw Failure(path + ": " + last_error());
    std::vector<LinkedLibrary> found;
    for (std::uint64_t i = 0; i < count; ++i)
      found.push_back({sonames[i], paths[i] ? std::optional<std::string>(paths[i]) : std::nullopt});
    return found;
  }

  /// A file of the image; nullopt where there is none.
  std::optional<FileInfo> inspect_in_image(const std::string& path) const {
    fh_file_info info{};
    info.size = sizeof info;
    if (service<fh_image>(FH_IMAGE, FH_IMAGE_REVISION).inspect(host_, path.c_str(), &info) != FH_OK)
      return std::nullopt;
    return FileInfo{info.kind, info.bytes, info.mode};
  }
  /// A regular file of the image; nullopt where there is none, or a larger one.
  std::optional<std::string> read_in_image(const std::string& path, std::uint64_t limit = 1u << 20) const {
    const char* data = nullptr;
    std::uint64_t bytes = 0;
    if (service<fh_image>(FH_IMAGE, FH_IMAGE_REVISION).read(host_, path.c_str(), limit, &data, &bytes) !=
        FH_OK)
      return std::nullopt;
    return std::string(data, bytes);
  }
  /// The path in the image of `soname` for this machine and class, by the image's ld.so.cache.
  std::optional<std::string> find_library_in_image(const std::string& soname, std::uint16_t machine,
                                                   std::uint8_t elf_class) const {
    const char* path = nullptr;
    if (service<fh_image>(FH_IMAGE, FH_IMAGE_REVISION)
            .find_library(host_, soname.c_str(), machine, elf_class, &path) != FH_OK)
      return std::nullopt;
    return path;
  }

  /// The paths of the site's recipes (FH_RECIPES), in the order in which they count. Since 1.1.
  std::vector<std::string> recipes() const {
    const char* const* paths = nullptr;
    std::uint64_t count = 0;
    if (service<fh_recipes>(FH_RECIPES, FH_RECIPES_REVISION).list(host_, &paths, &count) != FH_OK)
      throw Failure(last_error());
    return {paths, paths + count};
  }
  /// One of recipes(). Throws Failure ("path: reason") where it cannot be read, or is not to be trusted.
  /// Since 1.1.
  std::string read_recipe(const std::string& path, std::uint64_t limit = 1u << 20) const {
    const char* data = nullptr;
    std::uint64_t bytes = 0;
    if (service<fh_recipes>(FH_RECIPES, FH_RECIPES_REVISION)
            .read(host_, path.c_str(), limit, &data, &bytes) != FH_OK)
      throw Failure(path + ": " + last_error());
    return std::string(data, bytes);
  }
  /// Is this option (long name without dashes), of any plugin, on the command line? Since 1.1.
  bool is_asked_for(const std::string& option) const {
    const fh_status status =
        service<fh_requests>(FH_REQUESTS, FH_REQUESTS_REVISION).asked(host_, option.c_str());
    if (status == FH_FAILED) throw Failure(last_error());
    return status == FH_OK;
  }
  /// In a plugin's declare(): adds an option. `argument`: nullptr, or as in option(). Throws Failure where
  /// ch-fromhost or another plugin has it; catch that, and go on without. Since 1.1.
  void declare_option(const std::string& name, const char* argument, const std::string& help, char letter = 0,
                      bool setting = false) {
    fh_option made{};
    made.name = name.c_str();
    made.argument = argument;
    made.help = help.c_str();
    made.letter = letter;
    made.flags = setting ? FH_OPTION_SETTING : 0;
    if (service<fh_discovery>(FH_DISCOVERY, FH_DISCOVERY_REVISION).declare_option(host_, &made) != FH_OK)
      throw Failure(last_error());
  }

  /// Why the last service call failed, or answered nullopt; for messages.
  std::string last_error() const { return host_->last_error(host_); }

  /// A table of services that this header does not wrap. Throws Failure where the host is too old to have it.
  template <typename Service>
  const Service& service(const char* id, std::uint32_t revision) const {
    const void* table = host_->extension(host_, id, revision);
    if (!table)
      throw Failure(std::string("this ch-fromhost has no service ") + id + "; it is too old for the plugin");
    return *static_cast<const Service*>(table);
  }

 private:
  const fh_host* host_;
};

/// A hardware target: derive, implement collect(), register with FROMHOST_PROVIDER. It only describes what
/// the image shall get, by host.contribute_…(); the core copies, and undoes. It is made anew for each run and
/// used on one thread.
class ProviderPlugin {
 public:
  ProviderPlugin() = default;
  ProviderPlugin(const ProviderPlugin&) = delete;
  ProviderPlugin& operator=(const ProviderPlugin&) = delete;
  virtual ~ProviderPlugin() = default;

  /// Is this path, which a person listed with --path and the like, ours? Then collect() gets it with an empty
  /// option. Asked only for file names that match a registered claim pattern.
  virtual bool claims(Host& host, const std::string& path) {
    static_cast<void>(host);
    static_cast<void>(path);
    return false;
  }

  /// Contributes what one use of an option asks for. Throws to end the run.
  virtual Answer collect(Host& host, const Request& request) = 0;
};

/// Turns a ProviderPlugin into the functions of provider_abi.h. Used by FROMHOST_PROVIDER.
namespace boundary {

struct Bound {
  fh_provider provider;  // first, so that a pointer to it is a pointer to us
  ProviderPlugin* plugin;
};

/// Runs `body`; an exception becomes fail() and FH_FAILED.
template <typename Body>
fh_status guarded(const fh_host* host, Body body) noexcept {
  try {
    return body();
  } catch (const std::exception& error) {
    host->fail(host, error.what());
  } catch (...) {
    host->fail(host, "threw something that is not a std::exception");
  }
  return FH_FAILED;
}

inline fh_status claims(fh_provider* self, const fh_host* host, const char* path) {
  return guarded(host, [&] {
    Host lent(*host);
    return reinterpret_cast<Bound*>(self)->plugin->claims(lent, path) ? FH_OK : FH_NOT_HERE;
  });
}

inline fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  return guarded(host, [&] {
    Host lent(*host);
    Request asked;
    if (request->option) asked.option = request->option;
    if (request->value) asked.value = request->value;
    if (request->destination) asked.destination = request->destination;
    return reinterpret_cast<Bound*>(self)->plugin->collect(lent, asked) == Answer::done ? FH_OK : FH_NOT_HERE;
  });
}

inline void destroy(fh_provider* self) {
  Bound* bound = reinterpret_cast<Bound*>(self);
  delete bound->plugin;
  delete bound;
}

template <typename Plugin>
fh_provider* create(const fh_host* host) {
  fh_provider* made = nullptr;
  guarded(host, [&] {
    Bound* bound =
        new Bound{{static_cast<std::uint32_t>(sizeof(fh_provider)), 0, claims, collect, destroy}, nullptr};
    try {
      bound->plugin = new Plugin();
    } catch (...) {
      delete bound;
      throw;
    }
    made = &bound->provider;
    return FH_OK;
  });
  return made;
}

template <typename Plugin>
fh_status declare(const fh_host* host) {
  return guarded(host, [&] {
    Host lent(*host);
    Plugin::declare(lent);
    return FH_OK;
  });
}

template <std::size_t N>
constexpr std::uint64_t count_of(const fh_option (&)[N]) {
  return N;
}

constexpr std::uint64_t count_of(std::nullptr_t) {
  return 0;
}

}  // namespace boundary

/// An entry of the option table: {name, argument or nullptr, help, letter or 0}.
constexpr fh_option option(const char* name, const char* argument, const char* help, char letter = 0) {
  return {name, argument, help, letter, 0, {}};
}
/// The same for an option that says how, not what: collect() gets it before the others, wherever it stands on
/// the command line.
constexpr fh_option setting(const char* name, const char* argument, const char* help, char letter = 0) {
  return {name, argument, help, letter, FH_OPTION_SETTING, {}};
}

}  // namespace fromhost

/// Registers PLUGIN (a ProviderPlugin) as the one provider of this shared object; once, at namespace scope.
/// OPTIONS: a constexpr array of fh_option, or nullptr. CLAIM_PATTERNS: a static array of file name globs
/// that ends with nullptr, or nullptr. All of it is constant data: nothing runs when the plugin is loaded.
#define FROMHOST_PROVIDER(PLUGIN, ID, VERSION, SUMMARY, OPTIONS, CLAIM_PATTERNS) \
  FROMHOST_PROVIDER_ENTRY(PLUGIN, ID, VERSION, SUMMARY, OPTIONS, CLAIM_PATTERNS, nullptr)

/// The same for a PLUGIN whose options are not all known when it is built: it has a static member
/// `void declare(fromhost::Host&)`, which calls declare_option(). It runs whenever plugins are looked for, so
/// it is quick and reads little. Throws to have the plugin refused. Since 1.1.
#define FROMHOST_PROVIDER_THAT_DECLARES(PLUGIN, ID, VERSION, SUMMARY, OPTIONS, CLAIM_PATTERNS) \
  FROMHOST_PROVIDER_ENTRY(PLUGIN, ID, VERSION, SUMMARY, OPTIONS, CLAIM_PATTERNS,               \
                          &::fromhost::boundary::declare<PLUGIN>)

/// What the two have in common; not for plugins.
#define FROMHOST_PROVIDER_ENTRY(PLUGIN, ID, VERSION, SUMMARY, OPTIONS, CLAIM_PATTERNS, DECLARE)          \
  FH_ENTRY_ATTRIBUTES const fh_entry fromhost_provider = {FH_ABI_MAJOR,                                  \
                                                          FH_ABI_MINOR,                                  \
                                                          static_cast<std::uint32_t>(sizeof(fh_entry)),  \
                                                          static_cast<std::uint32_t>(sizeof(fh_option)), \
                                                          ID,                                            \
                                                          VERSION,                                       \
                                                          SUMMARY,                                       \
                                                          OPTIONS,                                       \
                                                          ::fromhost::boundary::count_of(OPTIONS),       \
                                                          CLAIM_PATTERNS,                                \
                                                          &::fromhost::boundary::create<PLUGIN>,         \
                                                          DECLARE}

#endif
