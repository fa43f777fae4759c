// SPDX-License-Identifier: Apache-2.0
// The calls, in the order in which ch-fromhost makes them, and what of the items can be judged while the host
// is there.
#include "sdk/validate/exercise.hpp"

#include <algorithm>
#include <cstddef>
#include <sstream>

#include "core/host/our_machine.hpp"
#include "core/provider/host_loan.hpp"

namespace fromhost::validate {
namespace {

constexpr const char* kMadeUpDirectory = "/validate/";

/// A value for an argument, by the name that --help gives it. Files are there on every ground.
std::string sample(const char* argument, const Subject& subject) {
  if (!argument) return "";
  const std::string name = argument;
  if (name.find('|') != std::string::npos) return name.substr(0, name.find('|'));
  if (name == "PATH") return subject.file;
  if (name == "FILE") return "/dev/null";
  if (name == "DIR") return "/";
  if (name == "CMD") return "true";
  return "1";
}

/// A name that a glob matches.
std::string example_of(const std::string& pattern) {
  std::string name = pattern;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '*' || c == '?'; }, '1');
  return name;
}

bool has_dots(const std::string& path) {
  return ("/" + path + "/").find("/../") != std::string::npos;
}
bool has_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// What is wrong with an item whatever the image; empty: nothing. The host is still lent.
std::string wrong_with(const fake::Item& item, const fh_host* host, const char* where) {
  const std::string to = item.destination.value_or("");
  const bool of_host =
      item.kind != FH_ITEM_DIRECTORY && item.kind != FH_ITEM_LD_SO_CONF && item.kind != FH_ITEM_LINK;
  if (has_control(item.source + to + item.reason)) return "has a control character";
  if (item.reason.empty()) return "has no reason, which -v would show";
  if (has_dots(to)) return "has .. in its destination";
  if (item.kind == FH_ITEM_LD_SO_CONF) {
    if (item.source.front() != '/' || has_dots(item.source)) return "names no absolute directory";
    if (to.find('/') != std::string::npos) return "has a destination that is not a file name";
  } else if (item.kind != FH_ITEM_LINK && !to.empty() && to.front() != '/') {
    return "has a destination that is not absolute";
  }
  if (!of_host) return "";
  if (item.source.front() != '/') return "has a source that is not absolute";
  const auto* files = static_cast<const fh_files*>(host->extension(host, FH_FILES, FH_FILES_REVISION));
  fh_file_info info{};
  info.size = sizeof info;
  if (!files || files->inspect(host, item.source.c_str(), &info) != FH_OK)
    return std::string("has a source that does not exist on ") + where;
  return info.kind == FH_FILE_REGULAR ? "" : "has a source that is not a regular file";
}

class Session {
 public:
  Session(const Subject& subject, Ground& ground) : subject_(subject), ground_(ground) {}

  Exercise run(const fh_entry& entry) {
    for (std::uint64_t i = 0; i < entry.option_count; ++i) {
      const fh_option& one = entry.options[i];
      offered_.push_back({one.name, std::nullopt, "", 0, one.flags});
      if (one.argument) offered_.back().argument = one.argument;
    }
    declare(entry);
    create(entry);
    if (!done_.no_provider.empty()) return std::move(done_);
    for (const auto kind : {Call::Kind::setting, Call::Kind::option}) ask_options(kind);
    if (subject_.requests.empty()) ask_claims(entry);
    call({Call::Kind::destroy, "destroy()"}, May::look, [&](const fh_host*) {
      provider_->destroy(provider_);
      return static_cast<fh_status>(FH_OK);
    });
    return std::move(done_);
  }

 private:
  Call& call(Call made, May may, const std::function<fh_status(const fh_host*)>& body) {
    ground_.during(may, [&](const fh_host* lent) {
      WatchedHost watched(lent);
      try {
        const Shift shift(AtWork::plugin);
        made.status = body(watched.abi());
      } catch (const std::exception& error) {
        made.threw = true;
        made.thrown = error.what();
      } catch (...) {
        made.threw = true;
        made.thrown = "something that is not a std::exception";
      }
      made.notes = watched.notes();
      for (const fake::Item& item : made.notes.items) {
        if (!made.wrong_item.empty() || made.status != FH_OK) break;
        std::ostringstream text;
        text << item;
        if (const std::string wrong = wrong_with(item, lent, ground_.description()); !wrong.empty())
          made.wrong_item = text.str() + " " + wrong;
      }
    });
    done_.calls.push_back(std::move(made));
    return done_.calls.back();
  }

  void declare(const fh_entry& entry) {
    if (entry.size < offsetof(fh_entry, declare) + sizeof(fh_entry::declare) || !entry.declare) return;
    const Call& made = call({Call::Kind::declare, "declare()"}, May::declare,
                            [&](const fh_host* host) { return entry.declare(host); });
    if (made.status == FH_OK)
      offered_.insert(offered_.end(), made.notes.options.begin(), made.notes.options.end());
  }

  void create(const fh_entry& entry) {
    const Call& made = call({Call::Kind::create, "create()"}, May::look, [&](const fh_host* host) {
      provider_ = entry.create(host);
      return static_cast<fh_status>(provider_ ? FH_OK : FH_FAILED);
    });
    constexpr std::size_t kNeeded = offsetof(fh_provider, destroy) + sizeof(fh_provider::destroy);
    if (!provider_)
      done_.no_provider = made.notes.message.empty() ? "create() made no provider, and did not say why"
                                                     : "create() made no provider: " + made.notes.message;
    else if (provider_->size < kNeeded || !provider_->collect || !provider_->destroy)
      done_.no_provider = "create() made an incomplete provider: it wants size, collect and destroy";
    else if (entry.claim_patterns && !provider_->claims)
      done_.no_provider = "create() made a provider without claims(), and there are claim patterns";
  }

  void collect(Call made, const std::string& option, const std::string& value) {
    call(std::move(made), May::contribute, [&](const fh_host* host) {
      fh_request asked{};
      asked.size = sizeof asked;
      asked.option = option.empty() ? nullptr : option.c_str();
      asked.value = value.empty() ? nullptr : value.c_str();
      return provider_->collect(provider_, host, &asked);
    });
  }

  void ask_options(Call::Kind kind) {
    for (const fake::DeclaredOption& option : offered_) {
      if ((option.flags & FH_OPTION_SETTING ? Call::Kind::setting : Call::Kind::option) != kind) continue;
      const Call made{kind, "--" + option.name, option.argument.has_value()};
      const char* argument = option.argument ? option.argument->c_str() : nullptr;
      if (subject_.requests.empty()) collect(made, option.name, sample(argument, subject_));
      for (const auto& [name, value] : subject_.requests)
        if (name == option.name) collect(made, name, value);
    }
  }

  void ask_claims(const fh_entry& entry) {
    for (const char* const* pattern = entry.claim_patterns; pattern && *pattern; ++pattern) {
      const std::string path = ground_.path_named(example_of(*pattern));
      if (path.empty()) continue;
      const Call& asked =
          call({Call::Kind::claims, "claims(" + path + ")"}, May::look,
               [&](const fh_host* host) { return provider_->claims(provider_, host, path.c_str()); });
      if (!asked.threw && asked.status == FH_OK)
        collect({Call::Kind::claimed, "collect(" + path + ")", true}, "", path);
    }
  }

  const Subject& subject_;
  Ground& ground_;
  std::vector<fake::DeclaredOption> offered_;  // the entry's, and those that it declared
  fh_provider* provider_ = nullptr;
  Exercise done_;
};

}  // namespace

MadeUpGround::MadeUpGround(const Subject& subject) {
  host_.with_machine(core::kOurMachine)
      .with_library(subject.file, {core::kOurMachine, 2, "", {}})
      .with_file("/dev/null")
      .with_command({"/bin/sh", "-c", "true"}, {FH_COMMAND_EXITED, 0, "", ""});
  constexpr std::uint64_t kMostBytes = 16u << 20;
  const core::RecipeFiles recipes(subject.recipe_directories);
  for (const std::string& file : recipes.list()) host_.with_recipe(file, recipes.read(file, kMostBytes));
}

void MadeUpGround::during(May may, const std::function<void(const fh_host*)>& body) {
  const auto call = [&](const fh_host* lent) {
    body(lent);
    return static_cast<fh_status>(FH_OK);
  };
  if (may == May::declare)
    host_.during_declare(call);
  else
    host_.during(may == May::contribute, call);
}

std::string MadeUpGround::path_named(const std::string& name) {
  const std::string path = kMadeUpDirectory + name;
  host_.with_library(path, {core::kOurMachine, 2, name, {}});
  return path;
}

RealGround::RealGround(const Subject& subject) : recipes_(subject.recipe_directories) {
  if (!subject.host_root.empty()) below_ = std::make_unique<core::RootedHost>(machine_, subject.host_root);
  if (!subject.image.empty())
    image_ = std::make_unique<core::ImageRoot>(core::ImageRoot::open(subject.image));
}

void RealGround::during(May may, const std::function<void(const fh_host*)>& body) {
  core::Contributions unused;
  core::Discovery discovery;
  if (may == May::declare) {
    const core::HostLoan loan("validate", machine_, nullptr, nullptr, {&recipes_, nullptr, &discovery});
    body(loan.abi());
    return;
  }
  core::HostSystem& host = below_ ? static_cast<core::HostSystem&>(*below_) : machine_;
  core::HostLoan loan("validate", host, image_.get(), may == May::contribute ? &unused : nullptr,
                      {&recipes_, nullptr, nullptr});
  body(loan.abi());
}

Exercise exercise(const fh_entry& entry, const Subject& subject, Ground& ground) {
  return Session(subject, ground).run(entry);
}

}  // namespace fromhost::validate
