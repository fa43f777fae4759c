// SPDX-License-Identifier: Apache-2.0
// The recipe provider: one switch for each file of recipes.d.
#include <optional>
#include <set>

#include "follow.hpp"
#include "fromhost/provider_plugin.hpp"
#include "recipe.hpp"

namespace {

using fromhost::Answer;
using fromhost::Failure;
using fromhost::Host;
using fromhost::Request;

/// A file of recipes.d: what it says, or why it cannot be used.
struct Entry {
  std::string file;
  std::string name;  ///< the switch; empty: nobody can know
  std::optional<recipe::Recipe> recipe;
  std::string mistake;
};

Entry read_entry(Host& host, const std::string& file) {
  Entry entry{file, "", std::nullopt, ""};
  std::string text;
  try {
    text = host.read_recipe(file, recipe::kMostBytes);
    entry.recipe = recipe::read_recipe(text, file);
    entry.name = entry.recipe->name;
  } catch (const std::exception& error) {
    entry.mistake = error.what();
    entry.name = recipe::likely_switch(text, file);
  }
  return entry;
}

class RecipeProvider : public fromhost::ProviderPlugin {
 public:
  /// A recipe with a mistake has its switch nevertheless: who gives it is told the mistake, not that there is
  /// no such option. Who does not is only warned.
  static void declare(Host& host) {
    std::set<std::string> names;
    for (const std::string& file : host.recipes()) {
      const Entry entry = read_entry(host, file);
      if (!entry.mistake.empty()) host.warn(entry.mistake);
      if (entry.name.empty()) continue;
      if (!names.insert(entry.name).second) {
        host.warn(file + ": an earlier recipe has --" + entry.name + "; this one is left out");
        continue;
      }
      try {
        host.declare_option(entry.name, nullptr,
                            entry.recipe ? entry.recipe->help : "cannot be used: its recipe has a mistake");
      } catch (const Failure& failure) {
        host.warn(file + ": --" + entry.name + ": " + failure.what() + "; the recipe is left out");
      }
    }
  }

  Answer collect(Host& host, const Request& request) override {
    for (const std::string& file : host.recipes()) {
      const Entry entry = read_entry(host, file);
      if (entry.name != request.option) continue;
      if (!entry.recipe) throw Failure(entry.mistake);
      return recipe::follow(*entry.recipe, host);
    }
    throw Failure("no recipe with the switch --" + request.option + " any more");
  }
};

}  // namespace

FROMHOST_PROVIDER_THAT_DECLARES(RecipeProvider, "recipe", FROMHOST_VERSION,
                                "what the recipes of this site inject", nullptr, nullptr);
