// SPDX-License-Identifier: Apache-2.0
// A recipe as plain data: what a file in recipes.d says, checked, with nothing of this host in it yet.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace recipe {

/// Largest file that is read.
inline constexpr std::uint64_t kMostBytes = 64u << 10;

/// What is wrong with a recipe: "FILE:LINE:COLUMN: words".
class Mistake : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A text with the place where it stands, "FILE:LINE:COLUMN", for messages.
struct Text {
  std::string text;
  std::string place;
};

/// if_file, unless_file, if_env, unless_env: one of its subjects.
struct Condition {
  bool of_file = true;  ///< else of a variable of the environment
  bool holds_if_there = true;
  Text subject;
};

/// [variables.NAME]: the first of its sources that has a value.
struct Variable {
  std::string name;
  std::string env;            ///< a variable of the environment; empty: none
  Text newest;                ///< a glob; empty: none
  Text image_library;         ///< a soname of the image, in which the value stands between two texts
  std::string after, before;  ///< those texts
  std::string otherwise;      ///< default; empty: none
  std::string place;
};

struct Item {
  enum class Kind { library, program, file, directory, ld_so_conf, link };
  Kind kind = Kind::file;
  std::vector<Text> from;  ///< globs on the host, alternatives: the first that matches counts
  Text soname;             ///< glob on sonames; instead of from
  bool newest = false;     ///< of several matches only the newest
  bool optional = false;   ///< it may be missing
  bool closure = false;    ///< and what it is linked with, as far as the image lacks it
  Text closure_destination;
  std::vector<std::string> exclude;  ///< sonames (globs) that closure leaves out
  Text destination;
  Text beside;  ///< a soname of the image: destination starts at that library's directory
  Text path;    ///< directory, link; the directory of ld_so_conf
  Text target;  ///< link
  Text conf;    ///< ld_so_conf: the name of its file
  std::string reason;
  std::vector<Condition> conditions;
  std::string place;
};

struct Recipe {
  std::string file;
  std::string name;  ///< the switch, without dashes
  std::string help;
  std::vector<Condition> conditions;
  std::vector<std::string> conflicts, needs;  ///< switches
  std::vector<Variable> variables;
  std::vector<Item> items;  ///< in the order of the file
};

/// Reads a recipe. `file` is for messages. Throws Mistake.
Recipe read_recipe(const std::string& text, const std::string& file);

/// The switch of a recipe that has a mistake, as well as can be known: what it says, or its file's name.
/// Empty where neither is one.
std::string likely_switch(const std::string& text, const std::string& file);

/// Calls `use(name)` for each ${NAME} of a text. Throws Mistake where one does not end.
template <typename Use>
void for_each_variable(const Text& in, Use use) {
  for (std::size_t at = in.text.find("${"); at != std::string::npos; at = in.text.find("${", at + 2)) {
    const std::size_t end = in.text.find('}', at);
    if (end == std::string::npos) throw Mistake(in.place + ": ${ without }");
    use(in.text.substr(at + 2, end - at - 2));
  }
}

}  // namespace recipe
