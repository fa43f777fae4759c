// SPDX-License-Identifier: Apache-2.0
// TOML to Recipe. Strict: what is not known is a mistake, and each mistake has its line and column.
#include <algorithm>
#include <string_view>

#include "nearest.hpp"
#include "recipe.hpp"

// Header only, and nothing that we do not use; a recipe has no reason to nest.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 16
// toml++ 3.3 asserts of some input what it then checks properly: "[/" as a table's name. In a debug build
// that would end us; with NDEBUG, clang would be told that it never happens. Neither: its checks are what
// counts.
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

namespace recipe {
namespace {

constexpr std::size_t kMostItems = 1000;
constexpr std::size_t kLongestHelp = 200;
constexpr std::int64_t kSchema = 1;

/// The tables that a recipe may have, and their keys.
using Keys = std::vector<std::string>;
const Keys kConditionKeys = {"if_file", "unless_file", "if_env", "unless_env"};
const Keys kRecipeKeys = {"schema",  "switch",  "help", "conflicts", "requires",   "variables",
                          "library", "program", "file", "directory", "ld_so_conf", "link"};
const Keys kVariableKeys = {"env", "newest", "image_library", "after", "before", "default"};

struct ItemKind {
  const char* name;
  Item::Kind kind;
  Keys keys;
};
const std::vector<ItemKind>& item_kinds() {
  static const std::vector<ItemKind> kinds = {
      {"library",
       Item::Kind::library,
       {"from", "soname", "pick", "optional", "closure", "closure_destination", "exclude", "destination",
        "beside"}},
      {"program",
       Item::Kind::program,
       {"from", "pick", "optional", "closure", "closure_destination", "exclude", "destination"}},
      {"file",
       Item::Kind::file,
       {"from", "pick", "optional", "closure", "closure_destination", "exclude", "destination", "beside"}},
      {"directory", Item::Kind::directory, {"path"}},
      {"ld_so_conf", Item::Kind::ld_so_conf, {"directory", "name"}},
      {"link", Item::Kind::link, {"path", "target"}},
  };
  return kinds;
}

bool has_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_switch(const std::string& text) {
  return !text.empty() && text.front() != '-' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

bool is_variable(const std::string& text) {
  return !text.empty() && text.front() >= 'A' && text.front() <= 'Z' &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
}

bool has_dots(const std::string& path) {
  return ("/" + path + "/").find("/../") != std::string::npos;
}

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  Recipe read(const toml::table& root) {
    Recipe made;
    made.file = file_;
    const toml::node* schema = root.get("schema");
    if (!schema) wrong(root, "no key \"schema\": write schema = 1");
    if (!schema->is_integer() || **schema->as_integer() != kSchema)
      wrong(*schema, "this ch-fromhost reads schema = 1");
    check_keys(root, kRecipeKeys, true, "a recipe");
    const Text name = wanted(root, "switch", "a recipe");
    if (!is_switch(name.text))
      throw Mistake(name.place + ": switch: lower case letters, digits and dashes, not \"" + name.text +
                    "\"");
    made.name = name.text;
    const Text help = wanted(root, "help", "a recipe");
    if (help.text.back() == '.' || help.text.size() > kLongestHelp)
      throw Mistake(help.place + ": help: a phrase without full stop, of at most " +
                    std::to_string(kLongestHelp) + " characters");
    made.help = help.text;
    made.conditions = conditions(root);
    made.conflicts = switches(root, "conflicts");
    made.needs = switches(root, "requires");
    read_variables(root, made);
    read_items(root, made);
    check_variables(made);
    return made;
  }

 private:
  std::string place_of(const toml::source_region& at) const {
    return file_ + ":" + std::to_string(at.begin.line) + ":" + std::to_string(at.begin.column);
  }
  [[noreturn]] void wrong(const toml::node& at, const std::string& words) const {
    // The root table has no place of its own.
    const bool nowhere = at.source().begin.line == 0;
    throw Mistake((nowhere ? file_ + ":1:1" : place_of(at.source())) + ": " + words);
  }

  void check_keys(const toml::table& table, const Keys& keys, bool conditions,
                  const std::string& where) const {
    Keys known = keys;
    if (conditions) known.insert(known.end(), kConditionKeys.begin(), kConditionKeys.end());
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::string near = nearest(name, known);
      throw Mistake(place_of(key.source()) + ": " + where + " has no key \"" + printable(name) + "\"" +
                    (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
    }
  }

  static std::string printable(const std::string& text) {
    std::string shown;
    for (const char c : text.substr(0, 60))
      shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    return shown;
  }

  Text text_in(const toml::node& node, const std::string& key) const {
    if (!node.is_string()) wrong(node, key + ": a text in quotes is wanted");
    const std::string text = **node.as_string();
    if (text.empty()) wrong(node, key + ": is empty");
    if (has_control(text)) wrong(node, key + ": has a control character");
    return {text, place_of(node.source())};
  }
  /// Empty where the key is not there.
  Text text(const toml::table& table, const char* key) const {
    const toml::node* node = table.get(key);
    return node ? text_in(*node, key) : Text();
  }
  Text wanted(const toml::table& table, const char* key, const std::string& where) const {
    if (!table.get(key)) wrong(table, where + " wants a key \"" + key + "\"");
    return text(table, key);
  }
  /// One text or a list of them.
  std::vector<Text> texts(const toml::table& table, const char* key) const {
    const toml::node* node = table.get(key);
    if (!node) return {};
    if (!node->is_array()) return {text_in(*node, key)};
    std::vector<Text> all;
    for (const toml::node& one : *node->as_array()) all.push_back(text_in(one, key));
    if (all.empty()) wrong(*node, std::string(key) + ": is empty");
    return all;
  }
  bool flag(const toml::table& table, const char* key) const {
    const toml::node* node = table.get(key);
    if (!node) return false;
    if (!node->is_boolean()) wrong(*node, std::string(key) + ": true or false is wanted");
    return **node->as_boolean();
  }
  std::vector<std::string> switches(const toml::table& table, const char* key) const {
    std::vector<std::string> names;
    for (const Text& one : texts(table, key)) {
      if (!is_switch(one.text))
        throw Mistake(one.place + ": " + key + ": a switch without its dashes is wanted, not \"" + one.text +
                      "\"");
      names.push_back(one.text);
    }
    return names;
  }
  void check_absolute(const Text& path, const std::string& key) const {
    if (path.text.empty()) return;
    if (path.text.front() != '/' && path.text.compare(0, 2, "${") != 0)
      throw Mistake(path.place + ": " + key + ": not an absolute path: \"" + path.text + "\"");
    if (has_dots(path.text)) throw Mistake(path.place + ": " + key + ": has .. in it");
  }
  /// In this order: globs on files, variables.
  std::vector<Condition> conditions(const toml::table& table) const {
    std::vector<Condition> all;
    for (const std::string& key : kConditionKeys)
      for (Text& subject : texts(table, key.c_str())) {
        const bool of_file = key.find("_file") != std::string::npos;
        if (of_file) check_absolute(subject, key);
        all.push_back({of_file, key.compare(0, 3, "if_") == 0, std::move(subject)});
      }
    return all;
  }

  void read_variables(const toml::table& root, Recipe& into) const {
    const toml::node* node = root.get("variables");
    if (!node) return;
    if (!node->is_table()) wrong(*node, "variables: write [variables.NAME]");
    for (const auto& [key, value] : *node->as_table()) {
      Variable made;
      made.name = std::string(key.str());
      made.place = place_of(key.source());
      if (!is_variable(made.name) || made.name == "LIB")
        throw Mistake(made.place + ": the name of a variable: capital letters, digits, _, and not LIB");
      if (!value.is_table()) wrong(value, "variables: write [variables." + made.name + "]");
      const toml::table& table = *value.as_table();
      check_keys(table, kVariableKeys, false, "a variable");
      made.env = text(table, "env").text;
      made.newest = text(table, "newest");
      check_absolute(made.newest, "newest");
      for_each_variable(made.newest, [&](const std::string&) {
        throw Mistake(made.newest.place + ": newest: a variable has no variables in it");
      });
      made.image_library = text(table, "image_library");
      made.after = text(table, "after").text;
      made.before = text(table, "before").text;
      made.otherwise = text(table, "default").text;
      if (made.image_library.text.empty() != (made.after.empty() || made.before.empty()))
        throw Mistake(made.place + ": image_library, after and before belong together");
      if (made.env.empty() && made.newest.text.empty() && made.image_library.text.empty())
        throw Mistake(made.place + ": a variable wants env, newest or image_library");
      into.variables.push_back(std::move(made));
    }
  }

  void read_items(const toml::table& root, Recipe& into) const {
    std::vector<std::pair<toml::source_position, Item>> found;
    for (const ItemKind& kind : item_kinds()) {
      const toml::node* node = root.get(kind.name);
      if (!node) continue;
      const std::string where = std::string("[[") + kind.name + "]]";
      if (!node->is_array()) wrong(*node, std::string(kind.name) + ": write " + where);
      for (const toml::node& one : *node->as_array()) {
        if (!one.is_table()) wrong(one, std::string(kind.name) + ": write " + where);
        if (found.size() == kMostItems) wrong(one, "more than " + std::to_string(kMostItems) + " items");
        found.emplace_back(one.source().begin, item(*one.as_table(), kind, where));
      }
    }
    if (found.empty()) wrong(root, "a recipe wants something to inject: [[library]], [[file]] or another");
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& one, const auto& other) { return one.first < other.first; });
    for (auto& [position, made] : found) into.items.push_back(std::move(made));
  }

  Item item(const toml::table& table, const ItemKind& kind, const std::string& where) const {
    Keys keys = kind.keys;
    keys.push_back("reason");
    check_keys(table, keys, true, where);
    Item made;
    made.kind = kind.kind;
    made.place = place_of(table.source());
    made.conditions = conditions(table);
    made.reason = text(table, "reason").text;
    switch (kind.kind) {
      case Item::Kind::directory:
        made.path = wanted(table, "path", where);
        break;
      case Item::Kind::ld_so_conf:
        made.path = wanted(table, "directory", where);
        made.conf = text(table, "name");
        if (made.conf.text.find('/') != std::string::npos)
          throw Mistake(made.conf.place + ": name: a file name in etc/ld.so.conf.d, without slash");
        break;
      case Item::Kind::link:
        made.path = wanted(table, "path", where);
        made.target = wanted(table, "target", where);
        break;
      default:
        read_sources(table, where, made);
    }
    check_absolute(made.path, kind.kind == Item::Kind::ld_so_conf ? "directory" : "path");
    return made;
  }

  void read_sources(const toml::table& table, const std::string& where, Item& into) const {
    into.from = texts(table, "from");
    into.soname = text(table, "soname");
    for (const Text& one : into.from) check_absolute(one, "from");
    if (into.from.empty() == into.soname.text.empty())
      wrong(table, where + (into.kind == Item::Kind::library ? " wants one of \"from\" and \"soname\""
                                                             : " wants a key \"from\""));
    if (into.soname.text.find('/') != std::string::npos)
      throw Mistake(into.soname.place + ": soname: a name without slash; a path is from = \"…\"");
    const Text pick = text(table, "pick");
    if (!pick.text.empty() && pick.text != "all" && pick.text != "newest")
      throw Mistake(pick.place + ": pick: \"all\" or \"newest\"");
    into.newest = pick.text == "newest";
    into.optional = flag(table, "optional");
    into.closure = flag(table, "closure");
    into.closure_destination = text(table, "closure_destination");
    check_absolute(into.closure_destination, "closure_destination");
    for (const Text& one : texts(table, "exclude")) into.exclude.push_back(one.text);
    if (!into.closure && (!into.closure_destination.text.empty() || !into.exclude.empty()))
      wrong(table, where + ": exclude and closure_destination go with closure = true");
    into.destination = text(table, "destination");
    into.beside = text(table, "beside");
    if (into.beside.text.empty()) {
      check_absolute(into.destination, "destination");
      if (into.kind == Item::Kind::file && into.destination.text.empty())
        wrong(table, where + " wants a key \"destination\" or \"beside\"");
    } else if (!into.destination.text.empty() &&
               (into.destination.text.front() == '/' || has_dots(into.destination.text))) {
      throw Mistake(into.destination.place +
                    ": destination: with beside, a path that starts there, such as \"libibverbs\"");
    }
  }

  /// Each ${NAME} has to be known: LIB where the host is meant.
  void check_variables(const Recipe& made) const {
    const auto check = [&](const Text& in, bool on_host) {
      for_each_variable(in, [&](const std::string& name) {
        if (name == "LIB" && on_host) return;
        Keys known;
        for (const Variable& one : made.variables) known.push_back(one.name);
        if (std::find(known.begin(), known.end(), name) != known.end()) return;
        const std::string near = nearest(name, known);
        throw Mistake(in.place + ": no variable " + printable(name) +
                      (name == "LIB"  ? " here: it is of paths on the host"
                       : near.empty() ? ": write [variables." + printable(name) + "]"
                                      : "; did you mean " + near + "?"));
      });
    };
    const auto check_conditions = [&](const std::vector<Condition>& all) {
      for (const Condition& one : all) check(one.subject, one.of_file);
    };
    check_conditions(made.conditions);
    for (const Item& one : made.items) {
      check_conditions(one.conditions);
      for (const Text& from : one.from) check(from, true);
      for (const Text* text : {&one.soname, &one.closure_destination, &one.destination, &one.beside,
                               &one.path, &one.target, &one.conf})
        check(*text, false);
    }
  }

  const std::string& file_;
};

/// toml++ 3.3 has ends that it takes for unreachable where it looks whether a letter that is not ASCII is a
/// blank. So it gets none, but in lines that are comments, where it does not look.
void check_ascii(const std::string& text, const std::string& file) {
  std::size_t number = 1;
  for (std::size_t begin = 0; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    const std::size_t first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos || line[first] == '#') continue;
    const auto odd =
        std::find_if(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7e; });
    if (odd != line.end())
      throw Mistake(
          file + ":" + std::to_string(number) + ":" + std::to_string(odd - line.begin() + 1) +
          ": not an ASCII character; in a text write it as \\u00e9, and comments in lines of their own");
  }
}

/// The library takes a text without quotes for the number, date or boolean that its first letters might be.
bool tells_of_a_bare_value(const std::string& words) {
  const std::string parsed = words.substr(0, words.find(':'));  // "Error while parsing decimal integer"
  for (const char* kind : {"floating-point", "integer", "boolean", "parsing value", "date", "time"})
    if (parsed.find(kind) != std::string::npos) return true;
  return false;
}

}  // namespace

Recipe read_recipe(const std::string& text, const std::string& file) {
  check_ascii(text, file);
  try {
    return Reader(file).read(toml::parse(std::string_view(text)));
  } catch (const toml::parse_error& error) {
    const auto at = error.source().begin;
    const std::string words(error.description());
    throw Mistake(file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + words +
                  (tells_of_a_bare_value(words) ? "; a text stands in quotes" : ""));
  }
}

std::string likely_switch(const std::string& text, const std::string& file) {
  try {
    check_ascii(text, file);
    const toml::table root = toml::parse(std::string_view(text));
    if (const toml::node* node = root.get("switch");
        node && node->is_string() && is_switch(**node->as_string()))
      return **node->as_string();
  } catch (const std::exception&) {
    // Its name then.
  }
  std::string stem = file.substr(file.rfind('/') + 1);
  stem.erase(std::min(stem.rfind('.'), stem.size()));
  return is_switch(stem) ? stem : "";
}

}  // namespace recipe
