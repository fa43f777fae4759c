// SPDX-License-Identifier: Apache-2.0
// Cli: argv to Options, by Boost.Program_options. Throws on the first mistake, in the words of the manual's
// tool.
#include "core/cli/command_line.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <sstream>

#include "core/cli/core_options.hpp"
#include "core/error.hpp"

namespace fromhost::core {
namespace {

namespace po = boost::program_options;

// Everything that the manual shows, less the guessing of abbreviated names: a new option must not change what
// an old script means.
constexpr int kStyle = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;

/// A run answers, undoes or injects: of two of these, one would be passed over, and its exit status be taken
/// for the other's. Only a listing, like --help, wins over what else is there.
void ask_for(Options& options, Mode mode, const std::string& word) {
  if (options.mode == Mode::list_plugins || options.mode == Mode::list_options) return;
  if (options.mode != Mode::inject && (options.mode != mode || (mode == Mode::undo && options.asked != word)))
    throw Error({Stage::command_line, options.asked + " and " + word + " exclude each other", "",
                 "give one after the other"});
  options.mode = mode;
  if (options.asked.empty()) options.asked = word;
}

enum class Takes { nothing, maybe, argument };

/// Every option that there is on this line, with its plugins' ones or without.
class KnownOptions {
 public:
  explicit KnownOptions(const std::vector<SwitchGroup>& groups) {
    for (const CoreOption& option : kCoreOptions)
      options_.push_back({std::string(option.name), option.letter,
                          option.takes_argument()   ? Takes::argument
                          : option.argument.empty() ? Takes::nothing
                                                    : Takes::maybe});
    for (const SwitchGroup& group : groups)
      for (const Switch& one : group.switches)
        options_.push_back({one.name, one.letter, one.argument.empty() ? Takes::nothing : Takes::argument});
  }

  /// As Boost wants them. "--undo" and "--undo=X" are two options there, the second named "undo=": its own
  /// optional arguments would take the word after it, which is the image.
  po::options_description description() const {
    po::options_description all;
    for (const Option& one : options_) {
      std::string key = one.name;
      if (one.letter) key += std::string(",") + one.letter;
      if (one.takes == Takes::maybe) all.add_options()((key + "=").c_str(), po::value<std::string>(), "");
      if (one.takes == Takes::argument)
        all.add_options()(key.c_str(), po::value<std::string>(), "");
      else
        all.add_options()(key.c_str(), "");
    }
    return all;
  }

  /// Takes the option or options that the first word is from the words, arguments included: the word after an
  /// option that needs one is its argument, whatever it looks like. Empty: it is none that we know, or not
  /// rightly written; nothing is taken.
  std::vector<po::option> take(std::vector<std::string>& words) const {
    const std::string& word = words.front();
    if (word.size() < 2 || word[0] != '-' || word == "--") return {};
    return word[1] == '-' ? take_name(words) : take_letters(words);
  }

 private:
  struct Option {
    std::string name;
    char letter;
    Takes takes;
  };

  static po::option found(const std::string& key, const std::string& word) {
    po::option option;
    option.string_key = key;
    option.original_tokens = {word};
    return option;
  }

  /// The argument is the word behind the first one.
  static void take_next_word(po::option& option, std::vector<std::string>& words) {
    option.value = {words[1]};
    words.erase(words.begin());
  }

  std::vector<po::option> take_name(std::vector<std::string>& words) const {
    const std::string word = words.front();
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string name = word.substr(2, equals - 2);
    const auto known =
        std::find_if(options_.begin(), options_.end(), [&](const Option& one) { return one.name == name; });
    if (known == options_.end()) return {};
    po::option option = found(name, word);
    if (equals < word.size()) {
      if (known->takes == Takes::nothing) return {};
      if (known->takes == Takes::maybe) option.string_key += '=';
      option.value = {word.substr(equals + 1)};
    } else if (known->takes == Takes::argument) {
      if (words.size() < 2) return {};
      take_next_word(option, words);
    }
    words.erase(words.begin());
    return {option};
  }

  /// Several letters may share a dash; the first that needs an argument has what follows it.
  std::vector<po::option> take_letters(std::vector<std::string>& words) const {
    const std::string word = words.front();
    std::vector<po::option> options;
    for (std::size_t i = 1; i < word.size(); ++i) {
      const auto known = std::find_if(options_.begin(), options_.end(),
                                      [&](const Option& one) { return one.letter == word[i]; });
      if (known == options_.end()) return {};
      po::option option = found(known->name, word);
      const bool argument = known->takes == Takes::argument;
      if (argument && i + 1 < word.size())
        option.value = {word.substr(i + 1)};
      else if (argument && words.size() > 1)
        take_next_word(option, words);
      else if (argument)
        return {};
      options.push_back(std::move(option));
      if (argument) break;
    }
    words.erase(words.begin());
    return options;
  }

  std::vector<Option> options_;
};

/// Every option of the line that is rightly written, whatever else is there.
std::vector<po::option> options_in(std::vector<std::string> words, const KnownOptions& known) {
  std::vector<po::option> options;
  while (!words.empty() && words.front() != "--") {
    const std::vector<po::option> taken = known.take(words);
    if (taken.empty()) words.erase(words.begin());
    options.insert(options.end(), taken.begin(), taken.end());
  }
  return options;
}

std::vector<std::string> names_of(const std::vector<SwitchGroup>& groups) {
  std::vector<std::string> names;
  for (const CoreOption& option : kCoreOptions) names.push_back("--" + std::string(option.name));
  for (const SwitchGroup& group : groups)
    for (const Switch& one : group.switches) names.push_back("--" + one.name);
  return names;
}

[[noreturn]] void invalid_option(const std::string& name, const std::vector<SwitchGroup>& groups,
                                 const std::vector<std::string>& refused) {
  const std::string near = nearest(name.substr(0, name.find('=')), names_of(groups));
  std::string way_out = near.empty() ? "try: ch-fromhost --help" : "did you mean " + near + "?";
  if (!refused.empty()) {
    way_out += near.empty() ? "; or" : " Or";
    way_out += " is it an option of a plugin that was refused (";
    for (const std::string& one : refused) way_out += (&one == &refused.front() ? "" : ", ") + one;
    way_out += ")? See: ch-fromhost --list-plugins";
  }
  throw Error({Stage::command_line, "invalid option: " + name, "", way_out});
}

[[noreturn]] void must_not_be_empty(const std::string& option) {
  throw Error({Stage::command_line, option + " must not be empty", "", ""});
}

po::parsed_options parse(const std::vector<std::string>& words, const KnownOptions& known,
                         const std::vector<SwitchGroup>& groups, const std::vector<std::string>& refused) {
  const po::options_description all = known.description();
  try {
    return po::command_line_parser(words)
        .options(all)
        .style(kStyle)
        .extra_style_parser([&](std::vector<std::string>& rest) { return known.take(rest); })
        .run();
  } catch (const po::unknown_option& error) {
    invalid_option(error.get_option_name(), groups, refused);
  } catch (const po::invalid_command_line_syntax& error) {
    using Kind = po::invalid_syntax::kind_t;
    if (error.kind() == Kind::missing_parameter || error.kind() == Kind::empty_adjacent_parameter)
      must_not_be_empty(error.get_option_name());
    throw Error({Stage::command_line, "invalid option: " + error.get_option_name(),
                 error.kind() == Kind::extra_parameter ? "it takes no argument" : error.what(), ""});
  } catch (const po::error& error) {
    throw Error({Stage::command_line, "invalid option", error.what(), "try: ch-fromhost --help"});
  }
}

/// "-path" would be the file "ath", and "\u2014path", as some documents print "--path", the image: nobody
/// means that.
void refuse_other_dashes(const po::option& option, const std::vector<SwitchGroup>& groups) {
  const std::string word = option.original_tokens.front();
  const std::string typed = word.substr(0, word.find('='));
  if (typed.compare(0, 2, "--") == 0) return;
  for (const std::string dash : {"-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212"})
    if (typed.size() > dash.size() + 1 && typed.compare(0, dash.size(), dash) == 0)
      for (const std::string& name : names_of(groups))
        if (name == "--" + typed.substr(dash.size()))
          throw Error({Stage::command_line, "invalid option: " + typed, "", "did you mean " + name + "?"});
}

void set_image(Options& options, const std::string& word) {
  if (word.empty()) throw Error({Stage::command_line, "no image specified", "IMGDIR is empty", ""});
  if (!options.image.empty())
    throw Error({Stage::command_line, "duplicate image: " + word, "",
                 "one run injects into one image; the first one is " + options.image});
  options.image = word;
}

std::chrono::seconds seconds_in(const std::string& name, const std::string& value) {
  constexpr std::size_t kMostDigits = 6;  // a week and more
  if (value.size() > kMostDigits || value.find_first_not_of("0123456789") != std::string::npos)
    throw Error(
        {Stage::command_line, "invalid option: --" + name + "=" + value, "not a number of seconds", ""});
  return std::chrono::seconds(std::stoi(value));
}

/// The value of the core's option `name`, whose argument is "a|b|c".
const std::string& one_of_its_words(const std::string& name, const std::string& value) {
  const CoreOption& option = *std::find_if(kCoreOptions.begin(), kCoreOptions.end(),
                                           [&](const CoreOption& one) { return one.name == name; });
  std::string listed;
  std::istringstream words{std::string(option.argument)};
  for (std::string word; std::getline(words, word, '|');) {
    if (word == value) return value;
    listed += (listed.empty() ? "" : ", ") + word;
  }
  throw Error(
      {Stage::command_line, "invalid option: --" + name + "=" + value, "it is none of " + listed, ""});
}

/// Sets what a core option asks for; false: it is not the core's.
bool set_core_option(Options& options, const std::string& name, const std::string& value) {
  const auto print = [&](bool lib, bool fi, bool cray_fi) {
    ask_for(options, Mode::print_paths, "--" + name);
    options.print_lib |= lib;
    options.print_fi |= fi;
    options.print_cray_fi |= cray_fi;
  };
  if (name == "dest")
    options.arguments.push_back({name, value});
  else if (name == "lib-path" || name == "print-lib")
    print(true, false, false);
  else if (name == "fi-path")
    print(false, true, true);
  else if (name == "print-fi")
    print(false, true, false);
  else if (name == "print-cray-fi")
    print(false, false, true);
  else if (name == "status" || name == "verify") {
    ask_for(options, Mode::status, "--" + name);
    options.verify |= name == "verify";
  } else if (name == "undo" || name == "eject" || name == "undo=" || name == "eject=") {
    ask_for(options, Mode::undo, "--" + name + value);
    options.undo_provider = value;
  } else if (name == "json")
    options.json = true;
  else if (name == "dry-run")
    options.dry_run = true;
  else if (name == "force")
    options.force = true;
  else if (name == "force-copy")
    options.force_copy = true;
  else if (name == "strict")
    options.strict = true;
  else if (name == "sync")
    options.sync = true;
  else if (name == "lock-timeout")
    options.lock_timeout = seconds_in(name, value);
  else if (name == "plugin-timeout")
    options.plugin_timeout = seconds_in(name, value);
  else if (name == "ldconfig")
    options.ldconfig = one_of_its_words(name, value);
  else if (name == "progress")
    options.progress = one_of_its_words(name, value);
  else if (name == "no-ldconfig")
    options.run_ldconfig = false;
  else if (name == "host-root")
    options.host_root = value;
  else if (name == "plugin-dir")
    options.plugin_directories.push_back(value);
  else if (name == "recipe-dir")
    options.recipe_directories.push_back(value);
  else if (name == "list-plugins" || name == "list-options") {
    options.mode = name == "list-plugins" ? Mode::list_plugins : Mode::list_options;
  } else if (name == "quiet")
    --options.verbosity;
  else if (name == "verbose")
    ++options.verbosity;
  else
    return false;
  return true;
}

/// Options that mean nothing to what is asked are mistakes, not to be passed over.
void check_answers(const Options& options) {
  const bool changes = options.mode == Mode::inject || options.mode == Mode::undo;
  if (options.json && !changes && options.mode != Mode::status && options.mode != Mode::list_plugins)
    throw Error(
        {Stage::command_line, "invalid option: --json", "", "--lib-path and its kin answer in lines"});
  if (options.dry_run && !changes)
    throw Error({Stage::command_line, "invalid option: --dry-run", "nothing would be changed anyway",
                 "it goes with an injection or --undo"});
}

/// The values of one of the core's options, before the plugins' are known.
std::vector<std::string> values_in(const std::vector<std::string>& words, const std::string& name) {
  std::vector<std::string> values;
  for (const po::option& option : options_in(words, KnownOptions({})))
    if (option.string_key == name && !option.value.front().empty()) values.push_back(option.value.front());
  return values;
}

}  // namespace

std::vector<std::string> plugin_directories_in(const std::vector<std::string>& words) {
  return values_in(words, "plugin-dir");
}

std::vector<std::string> recipe_directories_in(const std::vector<std::string>& words) {
  return values_in(words, "recipe-dir");
}

std::chrono::seconds plugin_timeout_in(const std::vector<std::string>& words) {
  const std::vector<std::string> values = values_in(words, "plugin-timeout");
  try {
    return values.empty() ? Options{}.plugin_timeout : seconds_in("plugin-timeout", values.back());
  } catch (const Error&) {
    return Options{}.plugin_timeout;
  }
}

bool json_in(const std::vector<std::string>& words, const std::vector<SwitchGroup>& groups) {
  const std::vector<po::option> options = options_in(words, KnownOptions(groups));
  return std::any_of(options.begin(), options.end(),
                     [](const po::option& one) { return one.string_key == "json"; });
}

std::optional<Mode> help_in(const std::vector<std::string>& words, const std::vector<SwitchGroup>& groups) {
  for (const po::option& option : options_in(words, KnownOptions(groups))) {
    if (option.string_key == "help") return Mode::help;
    if (option.string_key == "version") return Mode::version;
  }
  return std::nullopt;
}

Options parse_command_line(const std::vector<std::string>& words, const std::vector<SwitchGroup>& groups,
                           const std::vector<std::string>& refused) {
  Options options;
  // Whoever asks for help gets it, whatever else is wrong on the line.
  if (const auto mode = help_in(words, groups)) {
    options.mode = *mode;
    return options;
  }
  const bool ended = std::find(words.begin(), words.end(), "--") != words.end();
  for (const po::option& option : parse(words, KnownOptions(groups), groups, refused).options) {
    const std::string value = option.value.empty() ? "" : option.value.front();
    if (option.position_key < 0 || !ended) refuse_other_dashes(option, groups);
    if (option.position_key >= 0) {
      set_image(options, value);
      continue;
    }
    if (!option.value.empty() && value.empty())
      must_not_be_empty("--" + option.string_key.substr(0, option.string_key.find('=')));
    if (!set_core_option(options, option.string_key, value))
      options.arguments.push_back({option.string_key, value});
  }
  const bool needs_image = options.mode != Mode::list_plugins && options.mode != Mode::list_options;
  if (needs_image && options.image.empty())
    throw Error({Stage::command_line, "no image specified", "", "try: ch-fromhost --help"});
  const bool injects = options.mode == Mode::inject;
  check_answers(options);
  if (!injects && options.mode != Mode::print_paths && needs_image && !options.arguments.empty())
    throw Error({Stage::command_line, "invalid option: --" + options.arguments.front().name,
                 "nothing is injected with " + options.asked, "two runs do both"});
  return options;
}

bool is_core_switch(const Switch& candidate) {
  for (const CoreOption& option : kCoreOptions)
    if (candidate.name == option.name || (candidate.letter != 0 && candidate.letter == option.letter))
      return true;
  return false;
}

}  // namespace fromhost::core
