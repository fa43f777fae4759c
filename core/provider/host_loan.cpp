// SPDX-License-Identifier: Apache-2.0
// Provider: the services that a plugin may call. Arguments come from foreign code: each is checked, nothing
// throws out.
#include "core/provider/host_loan.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <system_error>

#include "core/error.hpp"
#include "core/host/library_closure.hpp"
#include "core/host/our_machine.hpp"
#include "core/image/image_libraries.hpp"
#include "core/log.hpp"
#include "core/provider/plugin_call.hpp"
#include "core/provider/plugin_library.hpp"

namespace fromhost::core {

struct HostServices {
  static HostLoan& loan(const fh_host* host) { return *static_cast<HostLoan*>(host->context); }

  /// Runs `body`; what it throws becomes last_error() and FH_FAILED, "no such file" FH_NOT_HERE. A call that
  /// works leaves last_error() alone: fail(host, last_error(host)) passes a pointer into it.
  template <typename Body>
  static fh_status guarded(const fh_host* host, Body body) noexcept {
    if (!host) return FH_FAILED;
    HostLoan& loan = HostServices::loan(host);
    try {
      return body(loan);
    } catch (const std::system_error& error) {
      const int code = error.code().value();
      loan.last_error_ = cause_of(error);
      return code == ENOENT || code == ENOTDIR ? FH_NOT_HERE : FH_FAILED;
    } catch (const std::exception& error) {
      loan.last_error_ = error.what();
    } catch (...) {
      loan.last_error_ = "unknown error";
    }
    return FH_FAILED;
  }

  static fh_status wrong(HostLoan& loan, const std::string& why) {
    loan.last_error_ = why;
    return FH_FAILED;
  }

  /// The plugin may overlook the answer, so the refusal is kept: the call fails by it.
  static fh_status refuse(HostLoan& loan, const std::string& why) {
    loan.refused_item_ = why;
    return wrong(loan, why);
  }

  static fh_status contribute(const fh_host* host, const fh_item* item) {
    return guarded(host, [&](HostLoan& loan) {
      if (!loan.into_) return refuse(loan, "contributed an item outside collect()");
      if (!item) return refuse(loan, "contributed no item: NULL");
      if (item->size < sizeof(fh_item)) return refuse(loan, "contributed an item of the wrong size");
      if (item->kind < FH_ITEM_FILE || item->kind > FH_ITEM_LINK)
        return refuse(loan, "contributed an item of unknown kind " + std::to_string(item->kind));
      const bool has_source = item->source && *item->source;
      const bool has_destination = item->destination && *item->destination;
      const bool needs_source = item->kind != FH_ITEM_DIRECTORY;
      const bool needs_destination =
          item->kind == FH_ITEM_DATA || item->kind == FH_ITEM_DIRECTORY || item->kind == FH_ITEM_LINK;
      if (needs_source && !has_source) return refuse(loan, "contributed an item without source");
      if (needs_destination && !has_destination)
        return refuse(loan, "contributed an item without destination");
      Contribution made;
      made.kind = static_cast<ItemKind>(item->kind - FH_ITEM_FILE);
      made.source = has_source ? item->source : "";
      if (has_destination) made.destination = item->destination;
      made.reason = item->reason ? item->reason : "";
      made.provider = loan.provider_;
      loan.into_->push_back(std::move(made));
      return static_cast<fh_status>(FH_OK);
    });
  }

  static void log(const fh_host* host, fh_log_level level, const char* message) {
    guarded(host, [&](HostLoan& loan) {
      // How loud we are is not known yet, nor whether anybody wants to hear of it.
      if (loan.beside_.discovery) {
        if (level >= FH_LOG_WARNING) loan.beside_.discovery->warnings.push_back(message ? message : "");
        return static_cast<fh_status>(FH_OK);
      }
      const auto said = level >= FH_LOG_WARNING ? LogLevel::warn
                        : level == FH_LOG_INFO  ? LogLevel::debug
                                                : LogLevel::trace;
      log::at(said, "{}: {}", loan.provider_, message ? message : "");
      return static_cast<fh_status>(FH_OK);
    });
  }

  static void fail(const fh_host* host, const char* message) {
    guarded(host, [&](HostLoan& loan) {
      loan.failure_ = message ? message : "";
      return static_cast<fh_status>(FH_OK);
    });
  }

  static const char* last_error(const fh_host* host) { return host ? loan(host).last_error_.c_str() : ""; }

  static const char* environment(const fh_host* host, const char* name) {
    const char* found = nullptr;
    guarded(host, [&](HostLoan& loan) {
      if (!name) return wrong(loan, "environment() without a name");
      if (auto value = loan.host_.environment(name))
        found = loan.lent_.emplace_back(std::move(*value)).c_str();
      return static_cast<fh_status>(FH_OK);
    });
    return found;
  }

  static fh_status lend(HostLoan& loan, std::string bytes, const char** data, std::uint64_t* size) {
    const std::string& kept = loan.lent_.emplace_back(std::move(bytes));
    *data = kept.c_str();
    *size = kept.size();
    return FH_OK;
  }

  static fh_status read(const fh_host* host, const char* path, std::uint64_t limit, const char** data,
                        std::uint64_t* size) {
    return guarded(host, [&](HostLoan& loan) {
      return path && data && size ? lend(loan, loan.host_.read_file(HostPath(path), limit), data, size)
                                  : wrong(loan, "read() without path or result");
    });
  }

  static fh_status read_standard_input(const fh_host* host, std::uint64_t limit, const char** data,
                                       std::uint64_t* size) {
    return guarded(host, [&](HostLoan& loan) {
      // The person's input is for what the person asks for.
      if (loan.beside_.discovery) return wrong(loan, "read_standard_input() in declare()");
      if (!data || !size) return wrong(loan, "read_standard_input() without result");
      const PluginCall::Pause waiting;
      return lend(loan, loan.host_.read_standard_input(limit), data, size);
    });
  }

  static fh_status inspect(const fh_host* host, const char* path, fh_file_info* info) {
    return guarded(host, [&](HostLoan& loan) {
      if (!path || !info || info->size < sizeof(fh_file_info))
        return wrong(loan, "inspect() without path or result");
      const HostFile file = loan.host_.inspect(HostPath(path));
      info->kind = file.kind == HostFile::Kind::regular     ? FH_FILE_REGULAR
                   : file.kind == HostFile::Kind::directory ? FH_FILE_DIRECTORY
                                                            : FH_FILE_OTHER;
      info->bytes = file.bytes;
      info->mode = file.mode;
      return static_cast<fh_status>(FH_OK);
    });
  }

  static fh_status list(const fh_host* host, const char* path, const char* const** names,
                        std::uint64_t* count) {
    return guarded(host, [&](HostLoan& loan) {
      if (!path || !names || !count) return wrong(loan, "list() without path or result");
      std::vector<const char*> pointers;
      for (std::string& name : loan.host_.list(HostPath(path)))
        pointers.push_back(loan.lent_.emplace_back(std::move(name)).c_str());
      const auto& kept = loan.lent_lists_.emplace_back(std::move(pointers));
      *names = kept.data();
      *count = kept.size();
      return static_cast<fh_status>(FH_OK);
    });
  }

  static fh_status resolve(const fh_host* host, const char* path, const char** resolved) {
    return guarded(host, [&](HostLoan& loan) {
      if (!path || !resolved) return wrong(loan, "resolve() without path or result");
      *resolved = loan.lent_.emplace_back(loan.host_.resolve(HostPath(path)).text()).c_str();
      return static_cast<fh_status>(FH_OK);
    });
  }

  static const char* root(const fh_host* host) {
    const char* found = "/";
    guarded(host, [&](HostLoan& loan) {
      found = loan.lent_.emplace_back(loan.host_.root()).c_str();
      return static_cast<fh_status>(FH_OK);
    });
    return found;
  }

  static fh_status run(const fh_host* host, const fh_command* asked, fh_command_result* result) {
    return guarded(host, [&](HostLoan& loan) {
      if (!asked || asked->size < sizeof(fh_command) || !asked->argv || !asked->argv[0] || !result ||
          result->size < sizeof(fh_command_result))
        return wrong(loan, "run() without command or result");
      Command command;
      for (const char* const* word = asked->argv; *word; ++word) command.argv.emplace_back(*word);
      if (asked->flags & FH_COMMAND_STDIN) command.input = Command::Input::ours;
      if (asked->flags & FH_COMMAND_HERE) command.directory = Command::Directory::current;
      // Thirty years are no limit, and fit into the clock.
      command.time_limit =
          std::chrono::milliseconds(std::min<std::uint64_t>(asked->time_limit_ms, 1'000'000'000'000));
      if (asked->output_limit) command.output_limit = asked->output_limit;
      log::trace("{}: running: {}", loan.provider_, command.text());
      CommandResult ended = PluginCall::run(loan.host_, command);
      log::trace("{}: {}", loan.provider_, ended.how(command));
      switch (ended.outcome) {
        case CommandResult::Outcome::exited:
          result->outcome = FH_COMMAND_EXITED;
          break;
        case CommandResult::Outcome::signalled:
        case CommandResult::Outcome::interrupted:
          result->outcome = FH_COMMAND_SIGNALLED;
          break;
        case CommandResult::Outcome::timed_out:
          result->outcome = FH_COMMAND_TIMED_OUT;
          break;
        case CommandResult::Outcome::too_much_output:
          result->outcome = FH_COMMAND_TOO_MUCH;
          break;
        case CommandResult::Outcome::not_started:
          result->outcome = FH_COMMAND_NOT_FOUND;
          break;
      }
      result->code = ended.code;
      lend(loan, std::move(ended.output), &result->output, &result->output_bytes);
      return lend(loan, std::move(ended.errors), &result->errors, &result->errors_bytes);
    });
  }

  static const char* const* lend_list(HostLoan& loan, std::vector<std::string> texts) {
    std::vector<const char*> pointers;
    for (std::string& text : texts) pointers.push_back(loan.lent_.emplace_back(std::move(text)).c_str());
    pointers.push_back(nullptr);
    return loan.lent_lists_.emplace_back(std::move(pointers)).data();
  }

  static fh_status cached(const fh_host* host, const char* pattern, const char* const** sonames,
                          const char* const** paths, std::uint64_t* count) {
    return guarded(host, [&](HostLoan& loan) {
      if (!pattern || !sonames || !paths || !count) return wrong(loan, "cached() without pattern or result");
      std::vector<std::string> names, places;
      for (const LdSoCacheEntry& entry : loan.libraries_.in_cache(pattern)) {
        names.push_back(entry.soname);
        places.push_back(entry.path);
      }
      *count = names.size();
      *sonames = lend_list(loan, std::move(names));
      *paths = lend_list(loan, std::move(places));
      return static_cast<fh_status>(FH_OK);
    });
  }

  static fh_status inspect_elf(const fh_host* host, const char* path, fh_elf* elf) {
    return guarded(host, [&](HostLoan& loan) {
      if (!path || !elf || elf->size < sizeof(fh_elf)) return wrong(loan, "inspect() without path or result");
      const auto& facts = loan.libraries_.facts(HostPath(path));
      if (!facts) return static_cast<fh_status>(FH_NOT_HERE);
      elf->machine = facts->machine;
      elf->elf_class = facts->elf_class;
      elf->soname = facts->soname.empty() ? nullptr : loan.lent_.emplace_back(facts->soname).c_str();
      elf->needed = lend_list(loan, facts->needed);
      return static_cast<fh_status>(FH_OK);
    });
  }

  static fh_status find(const fh_host* host, const char* soname, std::uint16_t machine,
                        std::uint8_t elf_class, const char** path) {
    return guarded(host, [&](HostLoan& loan) {
      if (!soname || !path) return wrong(loan, "find() without soname or result");
      const auto found = loan.libraries_.find(soname, machine, elf_class);
      if (!found) return static_cast<fh_status>(FH_NOT_HERE);
      *path = loan.lent_.emplace_back(found->text()).c_str();
      return static_cast<fh_status>(FH_OK);
    });
  }

  static fh_status linked(const fh_host* host, const char* path, const char* const** sonames,
                          const char* const** paths, std::uint64_t* count) {
    return guarded(host, [&](HostLoan& loan) {
      if (!path || !sonames || !paths || !count) return wrong(loan, "linked() without path or result");
      if (!loan.libraries_.facts(HostPath(path))) return static_cast<fh_status>(FH_NOT_HERE);
      std::vector<std::string> names;
      std::vector<const char*> places;
      for (const LinkedLibrary& one : linked_libraries(HostPath(path), loan.host_, loan.libraries_)) {
        names.push_back(one.soname);
        const bool found = !one.path.text().empty();
        places.push_back(found ? loan.lent_.emplace_back(one.path.text()).c_str() : nullptr);
      }
      *count = names.size();
      *sonames = lend_list(loan, std::move(names));
      *paths = loan.lent_lists_.emplace_back(std::move(places)).data();
      return static_cast<fh_status>(FH_OK);
    });
  }

  /// What the provider itself has injected earlier, where nothing was before: the image does not have it of
  /// its own, and would lose it if the provider, which now says all that it wants, left it out.
  static bool is_own(HostLoan& loan, const ImagePath& path) {
    if (!loan.manifest_) loan.manifest_ = read_manifest(*loan.image_);
    if (loan.manifest_->empty()) return false;
    const ManifestEntry* entry = loan.manifest_->find(loan.image_->resolve(path).value_or(path));
    return entry && entry->provider == loan.provider_ && entry->replaced.empty();
  }

  static fh_status inspect_in_image(const fh_host* host, const char* path, fh_file_info* info) {
    return guarded(host, [&](HostLoan& loan) {
      if (!path || !info || info->size < sizeof(fh_file_info))
        return wrong(loan, "inspect() without path or result");
      const auto facts = loan.image_ ? loan.image_->stat(ImagePath(path)) : std::nullopt;
      if (!facts || is_own(loan, ImagePath(path))) return static_cast<fh_status>(FH_NOT_HERE);
      info->kind = S_ISREG(facts->st_mode)   ? FH_FILE_REGULAR
                   : S_ISDIR(facts->st_mode) ? FH_FILE_DIRECTORY
                                             : FH_FILE_OTHER;
      info->bytes = static_cast<std::uint64_t>(facts->st_size);
      info->mode = facts->st_mode & 07777;
      return static_cast<fh_status>(FH_OK);
    });
  }

  static fh_status read_in_image(const fh_host* host, const char* path, std::uint64_t limit,
                                 const char** data, std::uint64_t* size) {
    return guarded(host, [&](HostLoan& loan) {
      if (!path || !data || !size) return wrong(loan, "read() without path or result");
      auto bytes = loan.image_ ? loan.image_->read_file(ImagePath(path), limit) : std::nullopt;
      return bytes ? lend(loan, std::move(*bytes), data, size) : static_cast<fh_status>(FH_NOT_HERE);
    });
  }

  static fh_status find_in_image(const fh_host* host, const char* soname, std::uint16_t machine,
                                 std::uint8_t elf_class, const char** path) {
    return guarded(host, [&](HostLoan& loan) {
      if (!soname || !path) return wrong(loan, "find_library() without soname or result");
      if (!loan.image_) return static_cast<fh_status>(FH_NOT_HERE);
      if (!loan.image_libraries_) loan.image_libraries_ = ImageLibraries::read(*loan.image_);
      const auto found = loan.image_libraries_->in_cache(soname, machine, elf_class);
      if (!found || !loan.image_->stat(*found) || is_own(loan, *found))
        return static_cast<fh_status>(FH_NOT_HERE);
      *path = loan.lent_.emplace_back(found->text()).c_str();
      return static_cast<fh_status>(FH_OK);
    });
  }

  static fh_status list_recipes(const fh_host* host, const char* const** paths, std::uint64_t* count) {
    return guarded(host, [&](HostLoan& loan) {
      if (!paths || !count) return wrong(loan, "list() without result");
      std::vector<std::string> files;
      if (loan.beside_.recipes) files = loan.beside_.recipes->list();
      *count = files.size();
      *paths = lend_list(loan, std::move(files));
      return static_cast<fh_status>(FH_OK);
    });
  }

  static fh_status read_recipe(const fh_host* host, const char* path, std::uint64_t limit, const char** data,
                               std::uint64_t* size) {
    return guarded(host, [&](HostLoan& loan) {
      if (!path || !data || !size) return wrong(loan, "read() without path or result");
      if (!loan.beside_.recipes) return static_cast<fh_status>(FH_NOT_HERE);
      return lend(loan, loan.beside_.recipes->read(path, limit), data, size);
    });
  }

  static fh_status asked(const fh_host* host, const char* option) {
    return guarded(host, [&](HostLoan& loan) {
      if (!option) return wrong(loan, "asked() without option");
      const auto* requests = loan.beside_.requests;
      const bool found =
          requests && std::any_of(requests->begin(), requests->end(),
                                  [&](const Request& request) { return request.option == option; });
      return static_cast<fh_status>(found ? FH_OK : FH_NOT_HERE);
    });
  }

  static fh_status declare_option(const fh_host* host, const fh_option* option) {
    return guarded(host, [&](HostLoan& loan) {
      Discovery* discovery = loan.beside_.discovery;
      if (!discovery) return refuse(loan, "declared an option outside declare()");
      if (!option || !is_well_formed(*option)) return refuse(loan, "declared a malformed option");
      const Switch made = switch_of(*option);
      if (discovery->options.size() >= kMostOptions) return refuse(loan, "declared too many options");
      for (const Switch& other : discovery->options) {
        if (other.name == made.name) return refuse(loan, "declared --" + made.name + " twice");
        if (made.letter && other.letter == made.letter)
          return refuse(loan, std::string("declared -") + made.letter + " twice");
      }
      if (discovery->taken)
        if (const std::string by = discovery->taken(made); !by.empty()) return wrong(loan, by);
      discovery->options.push_back(made);
      return static_cast<fh_status>(FH_OK);
    });
  }

  static const void* extension(const fh_host* host, const char* id, std::uint32_t revision) {
    static constexpr fh_files kFiles = {
        sizeof(fh_files), FH_FILES_REVISION, read, read_standard_input, inspect, list, root, resolve};
    static constexpr fh_commands kCommands = {sizeof(fh_commands), FH_COMMANDS_REVISION, run};
    static constexpr fh_libraries kLibraries = {
        sizeof(fh_libraries), FH_LIBRARIES_REVISION, kOurMachine, {}, cached, inspect_elf, find, linked};
    static constexpr fh_image kImage = {sizeof(fh_image), FH_IMAGE_REVISION, inspect_in_image, read_in_image,
                                        find_in_image};
    static constexpr fh_recipes kRecipes = {sizeof(fh_recipes), FH_RECIPES_REVISION, list_recipes,
                                            read_recipe};
    static constexpr fh_requests kRequests = {sizeof(fh_requests), FH_REQUESTS_REVISION, HostServices::asked};
    static constexpr fh_discovery kDiscovery = {sizeof(fh_discovery), FH_DISCOVERY_REVISION, declare_option};
    const std::string_view asked = id ? id : "";
    if (asked == FH_FILES && revision <= FH_FILES_REVISION) return &kFiles;
    if (asked == FH_RECIPES && revision <= FH_RECIPES_REVISION) return &kRecipes;
    if (asked == FH_DISCOVERY && revision <= FH_DISCOVERY_REVISION) return &kDiscovery;
    // Whoever asks for --help wants no command run.
    if (host && loan(host).beside_.discovery) return nullptr;
    if (asked == FH_REQUESTS && revision <= FH_REQUESTS_REVISION) return &kRequests;
    if (asked == FH_COMMANDS && revision <= FH_COMMANDS_REVISION) return &kCommands;
    if (asked == FH_LIBRARIES && revision <= FH_LIBRARIES_REVISION) return &kLibraries;
    if (asked == FH_IMAGE && revision <= FH_IMAGE_REVISION) return &kImage;
    return nullptr;
  }
};

HostLoan::HostLoan(const std::string& provider, HostSystem& host, const ImageRoot* image, Contributions* into,
                   const Beside& beside)
    : abi_{sizeof(fh_host),
           FH_ABI_MINOR,
           this,
           HostServices::contribute,
           HostServices::log,
           HostServices::fail,
           HostServices::last_error,
           HostServices::environment,
           HostServices::extension},
      provider_(provider),
      host_(host),
      image_(image),
      libraries_(beside.libraries ? *beside.libraries : own_libraries_.emplace(host)),
      into_(into),
      beside_(beside) {}

}  // namespace fromhost::core
