// SPDX-License-Identifier: Apache-2.0
// Provider: asking the providers, each made once and only when it is needed.
#include "core/provider/collect.hpp"

#include <map>

#include "core/log.hpp"
#include "core/paths.hpp"

namespace fromhost::core {
namespace {

class Collection {
 public:
  explicit Collection(const ProviderSource& source) : source_(source) {}

  void add(const Request& request) {
    Contributions offered;
    note(request.provider, opened(request.provider).collect(request, offered));
    if (!request.option.empty() && request.value.empty())
      for (Contribution& one : offered) one.set = request.option;
    for (Contribution& one : offered)
      if (one.kind != ItemKind::file || !claimed(one, request)) all_.push_back(std::move(one));
  }
  Contributions take() { return std::move(all_); }

 private:
  Provider& opened(const std::string& id) {
    auto& provider = providers_[id];
    if (!provider) provider = source_.open(id);
    return *provider;
  }

  bool claimed(const Contribution& file, const Request& request) {
    for (const std::string& id : source_.interested_in(std::string(last_component(file.source)))) {
      if (id == file.provider || !opened(id).claims(file.source)) continue;
      log::trace("{}: claimed by {}", file.source, id);
      const Request claim{id, "", file.source, request.destination};
      note(id, opened(id).collect(claim, all_));
      return true;
    }
    return false;
  }

  static void note(const std::string& id, const Collected& collected) {
    if (!collected.here)
      log::warn("{}: nothing to inject on this host{}{}", id, collected.why.empty() ? "" : ": ",
                collected.why);
  }

  const ProviderSource& source_;
  std::map<std::string, std::unique_ptr<Provider>> providers_;
  Contributions all_;
};

}  // namespace

Contributions collect(const std::vector<Request>& requests, const ProviderSource& source) {
  Collection collection(source);
  for (const Request& request : requests) collection.add(request);
  return collection.take();
}

}  // namespace fromhost::core
