// SPDX-License-Identifier: Apache-2.0
// The host in between: each function passes on to the inner host's, under the flag that says so.
#include "sdk/validate/watched_host.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <stdexcept>
#include <string_view>

namespace fromhost::validate {
namespace {

WatchedHost* current = nullptr;

}  // namespace

std::atomic<AtWork>& at_work() {
  static_assert(std::atomic<AtWork>::is_always_lock_free);
  static auto* shared = [] {
    void* page = ::mmap(nullptr, sizeof(std::atomic<AtWork>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::runtime_error("no memory");
    return new (page) std::atomic<AtWork>(AtWork::us);
  }();
  return *shared;
}

struct Services {
  /// The plugin called: note from where.
  static WatchedHost& called() {
    if (::gettid() != current->origin_) current->notes_.other_thread = true;
    return *current;
  }
  /// What the plugin passed as host; a null pointer stays one, since that is the plugin's mistake.
  static const fh_host* inner(const fh_host* host) { return host ? current->inner_ : nullptr; }

  static const fh_files* table(const fh_files*) { return current->inner_files_; }
  static const fh_commands* table(const fh_commands*) { return current->inner_commands_; }
  static const fh_libraries* table(const fh_libraries*) { return current->inner_libraries_; }
  static const fh_image* table(const fh_image*) { return current->inner_image_; }
  static const fh_recipes* table(const fh_recipes*) { return current->inner_recipes_; }
  static const fh_requests* table(const fh_requests*) { return current->inner_requests_; }

  /// pass<&fh_files::read>: a function of that field's type that calls the inner host's.
  template <auto Field>
  struct Pass;
  template <typename Table, typename Answer, typename... Arguments,
            Answer (*Table::*Field)(const fh_host*, Arguments...)>
  struct Pass<Field> {
    static Answer call(const fh_host* host, Arguments... arguments) {
      called();
      const Shift shift(AtWork::service);
      return (table(static_cast<const Table*>(nullptr))->*Field)(inner(host), arguments...);
    }
  };

  static fh_status contribute(const fh_host* host, const fh_item* item) {
    WatchedHost& self = called();
    const Shift shift(AtWork::service);
    const fh_status status = self.inner_->contribute(inner(host), item);
    if (status != FH_OK) {
      self.notes_.refused = self.inner_->last_error(self.inner_);
      return status;
    }
    const auto text = [](const char* maybe) { return std::string(maybe ? maybe : ""); };
    fake::Item kept{item->kind, text(item->source), std::nullopt, text(item->reason)};
    if (item->destination && *item->destination) kept.destination = item->destination;
    self.notes_.items.push_back(std::move(kept));
    return status;
  }
  static fh_status declare_option(const fh_host* host, const fh_option* option) {
    WatchedHost& self = called();
    const Shift shift(AtWork::service);
    if (option && option->name && option->help) {
      fake::DeclaredOption wanted{option->name, std::nullopt, option->help, option->letter, option->flags};
      if (option->argument) wanted.argument = option->argument;
      self.notes_.options.push_back(std::move(wanted));
    }
    const fh_status status = self.inner_discovery_->declare_option(inner(host), option);
    if (status != FH_OK) self.notes_.not_declared = self.inner_->last_error(self.inner_);
    return status;
  }
  static void log(const fh_host* host, fh_log_level level, const char* message) {
    WatchedHost& self = called();
    const Shift shift(AtWork::service);
    self.inner_->log(inner(host), level, message);
  }
  static void fail(const fh_host* host, const char* message) {
    WatchedHost& self = called();
    const Shift shift(AtWork::service);
    self.notes_.message = message ? message : "";
    self.inner_->fail(inner(host), message);
  }
  static const char* last_error(const fh_host* host) {
    WatchedHost& self = called();
    const Shift shift(AtWork::service);
    return self.inner_->last_error(inner(host));
  }
  static const char* environment(const fh_host* host, const char* name) {
    WatchedHost& self = called();
    const Shift shift(AtWork::service);
    const char* value = self.inner_->environment(inner(host), name);
    if (!value && name) self.notes_.unset.insert(name);
    return value;
  }

  template <typename Table>
  static const void* in_front(const Table*& kept, const void* asked, const Table& ours) {
    kept = static_cast<const Table*>(asked);
    return asked ? &ours : nullptr;
  }
  static const void* extension(const fh_host* host, const char* id, std::uint32_t revision) {
    static constexpr fh_files kFiles = {sizeof(fh_files),
                                        FH_FILES_REVISION,
                                        Pass<&fh_files::read>::call,
                                        Pass<&fh_files::read_standard_input>::call,
                                        Pass<&fh_files::inspect>::call,
                                        Pass<&fh_files::list>::call,
                                        Pass<&fh_files::root>::call,
                                        Pass<&fh_files::resolve>::call};
    static constexpr fh_commands kCommands = {sizeof(fh_commands), FH_COMMANDS_REVISION,
                                              Pass<&fh_commands::run>::call};
    static constexpr fh_image kImage = {sizeof(fh_image), FH_IMAGE_REVISION, Pass<&fh_image::inspect>::call,
                                        Pass<&fh_image::read>::call, Pass<&fh_image::find_library>::call};
    static constexpr fh_recipes kRecipes = {sizeof(fh_recipes), FH_RECIPES_REVISION,
                                            Pass<&fh_recipes::list>::call, Pass<&fh_recipes::read>::call};
    static constexpr fh_requests kRequests = {sizeof(fh_requests), FH_REQUESTS_REVISION,
                                              Pass<&fh_requests::asked>::call};
    static constexpr fh_discovery kDiscovery = {sizeof(fh_discovery), FH_DISCOVERY_REVISION, declare_option};
    WatchedHost& self = called();
    const Shift shift(AtWork::service);
    const void* asked = self.inner_->extension(inner(host), id, revision);
    const std::string_view name = id ? id : "";
    if (name == FH_FILES) return in_front(self.inner_files_, asked, kFiles);
    if (name == FH_COMMANDS) return in_front(self.inner_commands_, asked, kCommands);
    if (name == FH_IMAGE) return in_front(self.inner_image_, asked, kImage);
    if (name == FH_RECIPES) return in_front(self.inner_recipes_, asked, kRecipes);
    if (name == FH_REQUESTS) return in_front(self.inner_requests_, asked, kRequests);
    if (name == FH_DISCOVERY) return in_front(self.inner_discovery_, asked, kDiscovery);
    if (name != FH_LIBRARIES) return asked;
    const void* libraries = in_front(self.inner_libraries_, asked, self.libraries_);
    if (!libraries) return nullptr;
    self.libraries_ = {sizeof(fh_libraries),
                       FH_LIBRARIES_REVISION,
                       self.inner_libraries_->machine,
                       {},
                       Pass<&fh_libraries::cached>::call,
                       Pass<&fh_libraries::inspect>::call,
                       Pass<&fh_libraries::find>::call,
                       Pass<&fh_libraries::linked>::call};
    return libraries;
  }
};

WatchedHost::WatchedHost(const fh_host* inner) : inner_(inner), origin_(::gettid()) {
  abi_ = {sizeof abi_,          FH_ABI_MINOR,          this,
          Services::contribute, Services::log,         Services::fail,
          Services::last_error, Services::environment, Services::extension};
  current = this;
}

WatchedHost::~WatchedHost() {
  current = nullptr;
}

}  // namespace fromhost::validate
