// SPDX-License-Identifier: Apache-2.0
// A recipe, which root may read: any bytes are a recipe or a mistake, and what was read can be read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "plugins/recipe/recipe.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > recipe::kMostBytes) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const recipe::Recipe made = recipe::read_recipe(text, "/r/x.toml");
    if (made.name.empty() || made.help.empty() || made.items.empty()) std::abort();
    if (recipe::likely_switch(text, "/r/x.toml") != made.name) std::abort();
  } catch (const recipe::Mistake& mistake) {
    if (std::string(mistake.what()).compare(0, 10, "/r/x.toml:") != 0) std::abort();
    recipe::likely_switch(text, "/r/x.toml");
  }
  return 0;
}
