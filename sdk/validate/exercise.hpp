// SPDX-License-Identifier: Apache-2.0
// A plugin put through its paces: each of its options once, each of its claim patterns once.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/host/linux_host.hpp"
#include "core/host/rooted_host.hpp"
#include "core/image/image_root.hpp"
#include "core/provider/recipe_files.hpp"
#include "sdk/validate/watched_host.hpp"

namespace fromhost::validate {

/// What is to be validated, as the command line says.
struct Subject {
  std::string file;  ///< absolute
  /// Option and value, to be tried instead of every option.
  std::vector<std::pair<std::string, std::string>> requests;
  std::set<std::string> may_fail;               ///< options for which "not here" is an error by promise
  std::vector<std::string> recipe_directories;  ///< recipes are these alone
  std::string host_root;                        ///< empty: this machine's
  std::string image;                            ///< empty: none
};

/// What a call into the plugin may do.
enum class May { declare, look, contribute };

/// Where a plugin is tried.
class Ground {
 public:
  virtual ~Ground() = default;
  /// Calls `body` with a host that is good until it returns.
  virtual void during(May may, const std::function<void(const fh_host*)>& body) = 0;
  /// A path for each claim pattern is only at hand where files can be made up.
  virtual std::string path_named(const std::string& name) = 0;
  /// In a message: "… that does not exist on" it.
  virtual const char* description() const = 0;
};

/// A host in memory, which holds nothing but what the options' arguments name.
class MadeUpGround : public Ground {
 public:
  explicit MadeUpGround(const Subject& subject);
  fake::FakeHost& host() { return host_; }
  void during(May may, const std::function<void(const fh_host*)>& body) override;
  std::string path_named(const std::string& name) override;
  const char* description() const override {
    return "a host that has nothing: ask before you contribute, and answer FH_NOT_HERE";
  }

 private:
  fake::FakeHost host_;
};

/// This machine, or the one below --host-root, through the services that ch-fromhost gives a plugin.
class RealGround : public Ground {
 public:
  /// Throws core::Error where --host-root or --image is no directory.
  explicit RealGround(const Subject& subject);
  void during(May may, const std::function<void(const fh_host*)>& body) override;
  std::string path_named(const std::string&) override { return ""; }
  const char* description() const override { return "this host"; }

 private:
  core::LinuxHost machine_;
  std::unique_ptr<core::RootedHost> below_;
  std::unique_ptr<core::ImageRoot> image_;
  core::RecipeFiles recipes_;
};

/// One call into the plugin.
struct Call {
  enum class Kind { declare, create, setting, option, claims, claimed, destroy };
  Kind kind = Kind::create;
  std::string name;             ///< for messages: "--mycard", "create()"
  bool takes_argument = false;  ///< of an option
  fh_status status = FH_FAILED;
  bool threw = false;
  std::string thrown = {};
  Notes notes = {};
  std::string wrong_item = {};  ///< the first of its items that no image could use
};

/// What came of a life of a provider.
struct Exercise {
  std::vector<Call> calls;
  std::string no_provider;  ///< why create() made none that can be used; empty: it did
};

Exercise exercise(const fh_entry& entry, const Subject& subject, Ground& ground);

}  // namespace fromhost::validate
