// SPDX-License-Identifier: Apache-2.0
// Provider: calling a plugin. Whatever it answers or throws becomes a value or an Error that names it.
#include "core/provider/plugin_provider.hpp"

#include <cstddef>
#include <exception>
#include <iterator>

#include "core/error.hpp"
#include "core/provider/host_loan.hpp"

namespace fromhost::core {
namespace {

Error failed(const fh_entry& entry, const std::string& why) {
  return Error({Stage::provider, std::string(entry.id) + ": " + why, "", ""});
}

/// Calls into the plugin. No exception should come back, but a plugin that breaks the rule is named, not
/// obeyed.
template <typename Call>
auto call(const fh_entry& entry, const PluginCallWords& words, Call plugin_function) {
  try {
    const PluginCall inside(words);
    return plugin_function();
  } catch (const std::exception& error) {
    throw failed(entry, "the plugin threw out of " + words.function + ": " + error.what());
  } catch (...) {
    throw failed(entry, "the plugin threw out of " + words.function);
  }
}

/// What a plugin that answered FH_FAILED, or something that is no answer, has said about it.
Error failed(const fh_entry& entry, const HostLoan& loan) {
  if (!loan.failure().empty()) return failed(entry, loan.failure());
  const std::string& last = loan.last_error();
  return failed(entry, "failed without saying why" + (last.empty() ? "" : "; its last error: " + last));
}

void check_items(const fh_entry& entry, const HostLoan& loan) {
  if (!loan.refused_item().empty()) throw failed(entry, loan.refused_item());
}

const char* or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

}  // namespace

void declare_options(const PluginLibrary& library, HostSystem& machine, const RecipeFiles& recipes,
                     const PluginCallRules& rules, Discovery& into) {
  const fh_entry& entry = library.entry();
  const PluginCallWords in_declare(rules, entry.id, "declare");
  HostLoan loan(entry.id, machine, nullptr, nullptr, {&recipes, nullptr, &into});
  try {
    const fh_status status = call(entry, in_declare, [&] { return library.declare()(loan.abi()); });
    check_items(entry, loan);
    if (status != FH_OK && status != FH_NOT_HERE) throw failed(entry, loan);
  } catch (const Error& error) {
    throw PluginRefused("fails when it declares its options: " + error.problems().front().what,
                        PluginRefused::Part::declaring);
  }
}

PluginProvider::PluginProvider(const fh_entry& entry, HostSystem& host, const ImageRoot* image,
                               const Beside& beside, const PluginCallRules& rules)
    : entry_(entry),
      host_(host),
      image_(image),
      libraries_(host),
      beside_{beside.recipes, beside.requests, beside.discovery, &libraries_},
      in_claims_(rules, entry.id, "claims"),
      in_collect_(rules, entry.id, "collect"),
      in_destroy_(rules, entry.id, "destroy") {}

std::unique_ptr<PluginProvider> PluginProvider::create(const fh_entry& entry, HostSystem& host,
                                                       const ImageRoot* image, const Beside& beside,
                                                       const PluginCallRules& rules) {
  std::unique_ptr<PluginProvider> made(new PluginProvider(entry, host, image, beside, rules));
  const PluginCallWords in_create(rules, entry.id, "create");
  HostLoan loan(entry.id, host, image, nullptr, made->beside_);
  fh_provider* provider = call(entry, in_create, [&] { return entry.create(loan.abi()); });
  if (!provider) {
    const std::string why = loan.failure();
    throw failed(entry, why.empty() ? "the plugin made no provider" : why);
  }
  constexpr std::size_t kNeeded = offsetof(fh_provider, destroy) + sizeof(fh_provider::destroy);
  if (provider->size < kNeeded || !provider->collect || !provider->destroy)
    throw failed(entry, "the plugin made an incomplete provider");
  made->provider_ = provider;
  check_items(entry, loan);
  return made;
}

PluginProvider::~PluginProvider() {
  if (!provider_) return;
  try {
    const PluginCall inside(in_destroy_);
    provider_->destroy(provider_);
  } catch (...) {
    // Nothing depends on it any more.
  }
}

bool PluginProvider::claims(const std::string& path) {
  if (!provider_->claims) return false;
  HostLoan loan(entry_.id, host_, image_, nullptr, beside_);
  const fh_status status =
      call(entry_, in_claims_, [&] { return provider_->claims(provider_, loan.abi(), path.c_str()); });
  check_items(entry_, loan);
  if (status == FH_OK) return true;
  if (status == FH_NOT_HERE) return false;
  throw failed(entry_, loan);
}

Collected PluginProvider::collect(const Request& request, Contributions& into) {
  Contributions offered;
  HostLoan loan(entry_.id, host_, image_, &offered, beside_);
  fh_request asked{};
  asked.size = sizeof asked;
  asked.option = or_null(request.option);
  asked.value = or_null(request.value);
  asked.destination = request.destination ? request.destination->c_str() : nullptr;
  const fh_status status =
      call(entry_, in_collect_, [&] { return provider_->collect(provider_, loan.abi(), &asked); });
  check_items(entry_, loan);
  if (status == FH_OK) {
    into.insert(into.end(), std::make_move_iterator(offered.begin()), std::make_move_iterator(offered.end()));
    return {true, ""};
  }
  // What it contributed before it found out is not wanted either.
  if (status == FH_NOT_HERE) return {false, loan.failure()};
  throw failed(entry_, loan);
}

}  // namespace fromhost::core
