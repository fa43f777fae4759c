// SPDX-License-Identifier: Apache-2.0
// argv to options: what each word means, that their order is kept, and the words of every refusal.
#include "core/cli/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "core/cli/core_options.hpp"
#include "core/error.hpp"

namespace fromhost::core {
namespace {

using Words = std::vector<std::string>;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Switches as the generic and a hardware plugin have them.
std::vector<SwitchGroup> groups() {
  return {{"generic",
           "files that you list",
           {{"cmd", 'c', "CMD", "list by command"},
            {"file", 'f', "FILE", "list in a file"},
            {"path", 'p', "PATH", "one file"}}},
          {"nvidia", "NVIDIA GPUs", {{"nvidia", 0, "", "inject the driver"}}}};
}

Options parsed(const Words& words) {
  return parse_command_line(words, groups());
}

/// Arguments as "name=value", in order.
Words arguments_of(const Words& words) {
  Words found;
  for (const Argument& one : parsed(words).arguments) found.push_back(one.name + "=" + one.value);
  return found;
}

/// What is said of a wrong command line; "" if nothing.
std::string refusal(const Words& words, const Words& refused_plugins = {}) {
  try {
    parse_command_line(words, groups(), refused_plugins);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(CommandLine, EveryCoreOptionDoesWhatItSays) {
  struct Row {
    const char* option;
    Words words;
    std::function<bool(const Options&)> holds;
  };
  const Row rows[] = {
      {"dest", {"--dest", "/opt"}, [](const Options& o) { return o.arguments.at(0).value == "/opt"; }},
      {"dest", {"-d", "/opt"}, [](const Options& o) { return o.arguments.at(0).name == "dest"; }},
      {"lib-path",
       {"--lib-path"},
       [](const Options& o) {
         return o.mode == Mode::print_paths && o.print_lib && !o.print_fi && !o.print_cray_fi;
       }},
      {"print-lib",
       {"--print-lib"},
       [](const Options& o) {
         return o.mode == Mode::print_paths && o.print_lib && !o.print_fi && !o.print_cray_fi;
       }},
      {"fi-path",
       {"--fi-path"},
       [](const Options& o) {
         return o.mode == Mode::print_paths && !o.print_lib && o.print_fi && o.print_cray_fi;
       }},
      {"print-fi",
       {"--print-fi"},
       [](const Options& o) {
         return o.mode == Mode::print_paths && !o.print_lib && o.print_fi && !o.print_cray_fi;
       }},
      {"print-cray-fi",
       {"--print-cray-fi"},
       [](const Options& o) {
         return o.mode == Mode::print_paths && !o.print_lib && !o.print_fi && o.print_cray_fi;
       }},
      {"host-root", {"--host-root", "/h"}, [](const Options& o) { return o.host_root == "/h"; }},
      {"no-ldconfig", {"--no-ldconfig"}, [](const Options& o) { return !o.run_ldconfig; }},
      {"plugin-dir",
       {"--plugin-dir", "/p"},
       [](const Options& o) { return o.plugin_directories == Words{"/p"}; }},
      {"recipe-dir",
       {"--recipe-dir", "/r", "--recipe-dir=/s"},
       [](const Options& o) {
         return o.recipe_directories == Words{"/r", "/s"};
       }},
      {"status", {"--status"}, [](const Options& o) { return o.mode == Mode::status && !o.verify; }},
      {"verify", {"--verify"}, [](const Options& o) { return o.mode == Mode::status && o.verify; }},
      {"json", {"--status", "--json"}, [](const Options& o) { return o.mode == Mode::status && o.json; }},
      {"json", {"--json"}, [](const Options& o) { return o.mode == Mode::inject && o.json; }},
      {"dry-run", {"--dry-run"}, [](const Options& o) { return o.mode == Mode::inject && o.dry_run; }},
      {"dry-run", {"-n", "--undo"}, [](const Options& o) { return o.mode == Mode::undo && o.dry_run; }},
      {"undo", {"--undo"}, [](const Options& o) { return o.mode == Mode::undo && o.undo_provider.empty(); }},
      {"undo",
       {"--undo=nvidia"},
       [](const Options& o) { return o.mode == Mode::undo && o.undo_provider == "nvidia"; }},
      {"eject", {"--eject"}, [](const Options& o) { return o.mode == Mode::undo; }},
      {"eject",
       {"--eject=nvidia"},
       [](const Options& o) { return o.mode == Mode::undo && o.undo_provider == "nvidia"; }},
      {"force", {"--force"}, [](const Options& o) { return o.mode == Mode::inject && o.force; }},
      {"force-copy", {"--force-copy"}, [](const Options& o) { return o.force_copy && !o.force; }},
      {"strict", {"--strict"}, [](const Options& o) { return o.mode == Mode::inject && o.strict; }},
      {"sync", {"--sync"}, [](const Options& o) { return o.mode == Mode::inject && o.sync; }},
      {"ldconfig", {"--ldconfig", "image"}, [](const Options& o) { return o.ldconfig == "image"; }},
      {"progress", {"--progress=never"}, [](const Options& o) { return o.progress == "never"; }},
      {"lock-timeout",
       {"--lock-timeout", "7"},
       [](const Options& o) { return o.lock_timeout == std::chrono::seconds(7); }},
      {"plugin-timeout",
       {"--plugin-timeout", "7"},
       [](const Options& o) { return o.plugin_timeout == std::chrono::seconds(7); }},
      {"list-plugins", {"--list-plugins"}, [](const Options& o) { return o.mode == Mode::list_plugins; }},
      {"list-options", {"--list-options"}, [](const Options& o) { return o.mode == Mode::list_options; }},
      {"help", {"--help"}, [](const Options& o) { return o.mode == Mode::help; }},
      {"help", {"-h"}, [](const Options& o) { return o.mode == Mode::help; }},
      {"quiet", {"--quiet"}, [](const Options& o) { return o.verbosity == -1; }},
      {"quiet", {"-q"}, [](const Options& o) { return o.verbosity == -1; }},
      {"verbose", {"--verbose"}, [](const Options& o) { return o.verbosity == 1; }},
      {"verbose", {"-v"}, [](const Options& o) { return o.verbosity == 1; }},
      {"version", {"--version"}, [](const Options& o) { return o.mode == Mode::version; }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.words.front());
    Words words = row.words;
    words.emplace_back("img");
    const Options options = parsed(words);
    EXPECT_TRUE(row.holds(options));
    EXPECT_EQ(options.image, options.mode == Mode::help || options.mode == Mode::version ? "" : "img");
  }
  for (const CoreOption& option : kCoreOptions)
    EXPECT_TRUE(std::any_of(std::begin(rows), std::end(rows),
                            [&](const Row& row) { return row.option == option.name; }))
        << option.name << " has no row here";
}

TEST(CommandLine, WithoutOptionsItInjectsQuietlyWithLdconfig) {
  const Options options = parsed({"img"});
  EXPECT_EQ(options.mode, Mode::inject);
  EXPECT_TRUE(options.run_ldconfig);
  EXPECT_EQ(options.verbosity, 0);
  EXPECT_TRUE(options.arguments.empty());
  EXPECT_TRUE(options.plugin_directories.empty());
  EXPECT_FALSE(options.print_lib || options.print_fi || options.print_cray_fi);
}

TEST(CommandLine, ProvidersSwitchesAndDestKeepTheirOrder) {
  EXPECT_THAT(
      arguments_of({"-p", "/a", "-d", "/x", "--nvidia", "--path", "/b", "img", "--dest=/y", "-f", "l"}),
      ElementsAre("path=/a", "dest=/x", "nvidia=", "path=/b", "dest=/y", "file=l"));
}

TEST(CommandLine, AValueMayBeWrittenInEachOfTheUsualWays) {
  struct Row {
    const char* name;
    Words words;
    const char* argument;
  };
  const Row rows[] = {
      {"long, next word", {"--path", "/a", "img"}, "path=/a"},
      {"long, with =", {"--path=/a", "img"}, "path=/a"},
      {"short, next word", {"-p", "/a", "img"}, "path=/a"},
      {"short, same word", {"-p/a", "img"}, "path=/a"},
      {"with = inside", {"--path=/a=b", "img"}, "path=/a=b"},
      {"a flag before the letter", {"-vp", "/a", "img"}, "path=/a"},
      {"a flag before, same word", {"-vp/a", "img"}, "path=/a"},
      {"with blanks and quotes", {"--cmd", "cat 'a b' | sort", "img"}, "cmd=cat 'a b' | sort"},
      {"standard input", {"--file", "-", "img"}, "file=-"},
      {"standard input, short", {"-f", "-", "img"}, "file=-"},
      {"standard input, same word", {"-f-", "img"}, "file=-"},
      {"begins with a dash, with =", {"--path=-rt/dir", "img"}, "path=-rt/dir"},
      {"begins with a dash, next word", {"--path", "-rt/dir", "img"}, "path=-rt/dir"},
      {"with a newline", {"--path", "/a\nb", "img"}, "path=/a\nb"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    try {
      EXPECT_THAT(arguments_of(row.words), ElementsAre(row.argument));
      EXPECT_EQ(parsed(row.words).image, "img");
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

TEST(CommandLine, OptionsMayFollowTheImage) {
  const Options options = parsed({"img", "-v", "--path", "/a", "--no-ldconfig"});
  EXPECT_EQ(options.image, "img");
  EXPECT_EQ(options.verbosity, 1);
  EXPECT_FALSE(options.run_ldconfig);
  EXPECT_EQ(options.arguments.at(0).value, "/a");
}

TEST(CommandLine, CountsVerboseAndQuiet) {
  EXPECT_EQ(parsed({"-vv", "img"}).verbosity, 2);
  EXPECT_EQ(parsed({"-v", "img", "-v", "--verbose"}).verbosity, 3);
  EXPECT_EQ(parsed({"-qqq", "img"}).verbosity, -3);
  EXPECT_EQ(parsed({"-vvq", "img"}).verbosity, 1);
}

TEST(CommandLine, TwoDashesEndTheOptions) {
  EXPECT_EQ(parsed({"-v", "--", "--help"}).image, "--help");
  EXPECT_EQ(parsed({"--", "-v"}).mode, Mode::inject);
  EXPECT_THAT(refusal({"img", "--", "--path"}), HasSubstr("duplicate image: --path"));
}

TEST(CommandLine, DoesNotGuessAbbreviatedNames) {
  for (const char* word : {"--pat", "--ver", "--no-ld", "--nvidi", "--d"}) {
    SCOPED_TRACE(word);
    EXPECT_THAT(refusal({word, "img"}), HasSubstr(std::string("invalid option: ") + word));
  }
}

TEST(CommandLine, NamesOfOptionsAreInLowerCase) {
  EXPECT_THAT(refusal({"--HELP"}), HasSubstr("invalid option: --HELP"));
  EXPECT_THAT(refusal({"-V", "img"}), HasSubstr("invalid option: -V"));
}

TEST(CommandLine, AskingForPathsAddsUp) {
  const Options options = parsed({"--print-cray-fi", "--lib-path", "img"});
  EXPECT_TRUE(options.print_lib);
  EXPECT_FALSE(options.print_fi);
  EXPECT_TRUE(options.print_cray_fi);
}

TEST(CommandLine, HelpAndVersionWinOverListingWinsOverPaths) {
  EXPECT_EQ(parsed({"--help", "--version"}).mode, Mode::help);
  EXPECT_EQ(parsed({"--version", "--help"}).mode, Mode::version);
  for (const Words& words : {Words{"--list-plugins", "--version"}, Words{"--version", "--list-plugins"}})
    EXPECT_EQ(parsed(words).mode, Mode::version);
  for (const Words& words : {Words{"--list-plugins", "--help"}, Words{"--lib-path", "-h"}})
    EXPECT_EQ(parsed(words).mode, Mode::help);
  for (const Words& words : {Words{"--list-plugins", "--lib-path"}, Words{"--lib-path", "--list-plugins"}})
    EXPECT_EQ(parsed(words).mode, Mode::list_plugins);
}

TEST(CommandLine, WhoeverAsksForHelpGetsItWhateverElseIsWrong) {
  EXPECT_EQ(parsed({"--frobnicate", "--help"}).mode, Mode::help);
  EXPECT_EQ(parsed({"--path", "", "-h", "one", "two"}).mode, Mode::help);
  EXPECT_EQ(parsed({"--dest", "--version", "--version"}).mode, Mode::version);
  EXPECT_EQ(parsed({"-vh"}).mode, Mode::help);
}

TEST(CommandLine, AnArgumentIsNoOptionWhateverItLooksLike) {
  for (const char* word : {"-h", "--help", "--version", "--json", "--", "-", "-n", "--path", "-vp"}) {
    SCOPED_TRACE(word);
    for (const Words& words : {Words{"--path", word, "img"}, Words{"-p", word, "img"},
                               Words{"-vp", word, "img"}, Words{"img", "--path", word}}) {
      EXPECT_THAT(arguments_of(words), ElementsAre(std::string("path=") + word));
      EXPECT_EQ(parsed(words).image, "img");
      EXPECT_EQ(parsed(words).mode, Mode::inject);
      EXPECT_FALSE(parsed(words).json);
      EXPECT_FALSE(json_in(words, groups()));
      EXPECT_EQ(help_in(words, groups()), std::nullopt);
    }
  }
  EXPECT_EQ(parsed({"-ph", "img"}).mode, Mode::inject);
  EXPECT_EQ(parsed({"--dest", "-h", "-h"}).mode, Mode::help);
  EXPECT_TRUE(json_in({"--path", "--json", "--json"}, groups()));
}

TEST(CommandLine, OnlyInjectingAndAskingForPathsNeedAnImage) {
  for (const char* word : {"--help", "--version", "--list-plugins", "--list-options"})
    EXPECT_EQ(refusal({word}), "") << word;
  for (const char* word : {"--lib-path", "--fi-path", "--nvidia", "--no-ldconfig", "-v"})
    EXPECT_THAT(refusal({word}), HasSubstr("no image specified")) << word;
  EXPECT_THAT(refusal({}), HasSubstr("command line: no image specified; try: ch-fromhost --help"));
}

TEST(CommandLine, AnEmptyWordIsNoImage) {
  EXPECT_THAT(refusal({""}), HasSubstr("no image specified"));
}

TEST(CommandLine, RefusesASecondImageByName) {
  const std::string said = refusal({"one", "-v", "foo"});
  EXPECT_THAT(said, HasSubstr("duplicate image: foo"));
  EXPECT_THAT(said, HasSubstr("one"));
}

TEST(CommandLine, AnEmptyOrMissingValueIsToldWithTheOptionsLongName) {
  struct Row {
    const char* name;
    Words words;
    const char* said;
  };
  const Row rows[] = {
      {"cmd, empty", {"--cmd", "", "img"}, "command line: --cmd must not be empty"},
      {"cmd, empty after =", {"--cmd=", "img"}, "command line: --cmd must not be empty"},
      {"cmd, missing", {"img", "--cmd"}, "command line: --cmd must not be empty"},
      {"cmd, short, empty", {"-c", "", "img"}, "command line: --cmd must not be empty"},
      {"cmd, short, missing", {"img", "-c"}, "command line: --cmd must not be empty"},
      {"file, empty", {"--file", "", "img"}, "command line: --file must not be empty"},
      {"file, empty after =", {"--file=", "img"}, "command line: --file must not be empty"},
      {"file, missing", {"img", "--file"}, "command line: --file must not be empty"},
      {"file, short, empty", {"-f", "", "img"}, "command line: --file must not be empty"},
      {"file, short, missing", {"img", "-f"}, "command line: --file must not be empty"},
      {"path, empty", {"--path", "", "img"}, "command line: --path must not be empty"},
      {"path, empty after =", {"--path=", "img"}, "command line: --path must not be empty"},
      {"path, missing", {"img", "--path"}, "command line: --path must not be empty"},
      {"path, short, empty", {"-p", "", "img"}, "command line: --path must not be empty"},
      {"path, short, missing", {"img", "-p"}, "command line: --path must not be empty"},
      {"dest, empty", {"--dest", "", "img"}, "command line: --dest must not be empty"},
      {"dest, empty after =", {"--dest=", "img"}, "command line: --dest must not be empty"},
      {"dest, missing", {"img", "--dest"}, "command line: --dest must not be empty"},
      {"dest, short, empty", {"-d", "", "img"}, "command line: --dest must not be empty"},
      {"dest, short, missing", {"img", "-d"}, "command line: --dest must not be empty"},
      {"dest, short, missing after a flag", {"img", "-vd"}, "command line: --dest must not be empty"},
      {"plugin-dir, empty", {"--plugin-dir=", "img"}, "command line: --plugin-dir must not be empty"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(refusal(row.words), row.said);
  }
}

TEST(CommandLine, AMisspeltOptionIsAnsweredWithTheNearest) {
  EXPECT_EQ(refusal({"--nvida", "img"}), "command line: invalid option: --nvida; did you mean --nvidia?");
  EXPECT_THAT(refusal({"--no-ldconfg", "img"}), HasSubstr("did you mean --no-ldconfig?"));
  EXPECT_THAT(refusal({"--ptah=/a", "img"}), HasSubstr("did you mean --path?"));
  EXPECT_EQ(refusal({"--frobnicate", "img"}),
            "command line: invalid option: --frobnicate; try: ch-fromhost --help");
}

TEST(CommandLine, AnUnknownLetterIsNamed) {
  EXPECT_THAT(refusal({"-x", "img"}), HasSubstr("invalid option: -x"));
  EXPECT_THAT(refusal({"-vx", "img"}), HasSubstr("invalid option: -vx"));
}

TEST(CommandLine, AnUnknownOptionMayHaveBeenARefusedPlugins) {
  const std::string said = refusal({"--frobnicate", "img"}, {"frob.so", "other.so"});
  EXPECT_THAT(said, HasSubstr("frob.so, other.so"));
  EXPECT_THAT(said, HasSubstr("ch-fromhost --list-plugins"));
  EXPECT_THAT(said, HasSubstr("; try: ch-fromhost --help; or is it an option of a plugin"));
  EXPECT_THAT(refusal({"--nvida", "img"}, {"nvidia.so"}),
              HasSubstr("--nvidia? Or is it an option of a plugin"));
  EXPECT_THAT(refusal({"--frobnicate", "img"}), Not(HasSubstr("refused")));
}

TEST(CommandLine, AWordOrNumberThatAnOptionDoesNotKnowIsRefused) {
  for (const char* option : {"--ldconfig", "--progress"})
    for (const char* value : {"hosts", "", "HOST", "AUTO", "aut", "auto|host|image", "|"})
      EXPECT_THAT(refusal({std::string(option) + "=" + value, "img"}), HasSubstr(option)) << value;
  EXPECT_THAT(refusal({"--progress", "yes", "img"}),
              HasSubstr("invalid option: --progress=yes: it is none of auto, always, never"));
  for (const char* option : {"--lock-timeout", "--plugin-timeout"})
    for (const char* value : {"-1", "soon", "1.5", "99999999999999999999", ""})
      EXPECT_THAT(refusal({std::string(option) + "=" + value, "img"}), HasSubstr(option)) << value;
  EXPECT_EQ(parsed({"--lock-timeout=0", "img"}).lock_timeout.count(), 0);
}

TEST(CommandLine, NamesWithAnotherDashAreRefusedNotTakenForFilesOrImages) {
  for (const char* word : {"-path", "-path=/x", "\u2013path", "\u2014path", "\u2212path"}) {
    const std::string name = std::string(word).substr(0, std::string(word).find('='));
    EXPECT_THAT(refusal({word, "/usr/bin/x", "img"}), HasSubstr("invalid option: " + name));
    EXPECT_THAT(refusal({word, "/usr/bin/x", "img"}), HasSubstr("did you mean --path?"));
  }
  EXPECT_EQ(refusal({"-pa", "--path", "-path", "-p", "\u2013path", "img"}), "");
  EXPECT_EQ(parsed({"--", "\u2013path"}).image, "\u2013path");
}

TEST(CommandLine, OneThingIsAskedOfARun) {
  const struct {
    Words words;
    std::string said;
  } rows[] = {
      {{"--verify", "--eject", "img"}, "--verify and --eject exclude each other; give one after the other"},
      {{"--lib-path", "--undo=nvidia", "img"}, "--lib-path and --undo=nvidia exclude each other"},
      {{"--status", "--print-lib", "img"}, "--status and --print-lib exclude each other"},
      {{"--undo=nvidia", "--undo=generic", "img"}, "--undo=nvidia and --undo=generic exclude each other"},
      {{"--undo", "--undo=generic", "img"}, "--undo and --undo=generic exclude each other"},
      {{"--eject=nvidia", "--nvidia", "img"}, "--nvidia: nothing is injected with --eject=nvidia"},
      {{"--verify", "--nvidia", "img"}, "--nvidia: nothing is injected with --verify"},
  };
  for (const auto& row : rows) EXPECT_THAT(refusal(row.words), HasSubstr(row.said));
  EXPECT_EQ(refusal({"--status", "--verify", "img"}), "");
  EXPECT_EQ(refusal({"--undo=nvidia", "--undo=nvidia", "img"}), "");
  EXPECT_EQ(refusal({"--lib-path", "--fi-path", "--lib-path", "img"}), "");
}

TEST(CommandLine, LookingUndoingAndInjectingExcludeEachOther) {
  for (const Words& words : {Words{"--status", "--undo", "img"}, Words{"--undo", "--nvidia", "img"},
                             Words{"--status", "--path", "/x", "img"}, Words{"--verify", "--eject", "img"}})
    EXPECT_NE(refusal(words), "") << words[0] << " " << words[1];
}

TEST(CommandLine, WhatChangesNothingAnywayHasNoDryRunAndLinesAreNoJson) {
  for (const char* word : {"--status", "--verify", "--lib-path", "--list-plugins"})
    EXPECT_THAT(refusal({"-n", word, "img"}), HasSubstr("invalid option: --dry-run")) << word;
  for (const char* word : {"--lib-path", "--fi-path", "--print-fi"})
    EXPECT_THAT(refusal({"--json", word, "img"}), HasSubstr("invalid option: --json")) << word;
  for (const char* word : {"--nvidia", "--undo", "--status", "--verify", "--list-plugins", "--dry-run"})
    EXPECT_EQ(refusal({"--json", word, "img"}), "") << word;
}

TEST(CommandLine, JsonIsRecognisedOnALineThatIsWrong) {
  EXPECT_TRUE(json_in({"--frobnicate", "--json", "--path"}, groups()));
  EXPECT_FALSE(json_in({"--frobnicate", "--", "--json"}, groups()));
  EXPECT_FALSE(json_in({}, groups()));
}

TEST(CommandLine, AFlagTakesNoArgument) {
  for (const char* word : {"--no-ldconfig=yes", "--nvidia=all", "--verbose=2", "--help=me"}) {
    SCOPED_TRACE(word);
    const std::string said = refusal({word, "img"});
    EXPECT_THAT(said,
                HasSubstr("invalid option: " + std::string(word).substr(0, std::string(word).find('='))));
    EXPECT_THAT(said, HasSubstr("it takes no argument"));
  }
}

TEST(CommandLine, AFlagDoesNotSwallowTheImage) {
  EXPECT_EQ(parsed({"--nvidia", "img"}).image, "img");
}

TEST(CommandLine, TheImageIsKeptByteForByte) {
  for (const char* word : {"/var/tmp/a b", "./img/", "a=b", "-", "\xc3\xbc"})
    EXPECT_EQ(parsed({word}).image, word);
}

TEST(CommandLine, WordsWithSpecialMeaningElsewhereAreWordsHere) {
  // No response files, no DOS options.
  EXPECT_EQ(parsed({"@file"}).image, "@file");
  EXPECT_EQ(parsed({"/help"}).image, "/help");
}

TEST(PluginDirectories, AreFoundInOrderBeforeThePluginsAreKnown) {
  EXPECT_THAT(plugin_directories_in({"--nvida", "--plugin-dir", "/a", "--frob=1", "-x", "img",
                                     "--plugin-dir=/b", "--path", "/c"}),
              ElementsAre("/a", "/b"));
  EXPECT_THAT(plugin_directories_in({"img"}), ElementsAre());
}

TEST(PluginDirectories, AMistakeIsLeftToTheSecondPass) {
  EXPECT_THAT(plugin_directories_in({"--plugin-dir"}), ElementsAre());
}

TEST(RecipeDirectories, AreFoundAmongOptionsThatNobodyKnowsYet) {
  const Words words = {"--verbs", "--recipe-dir", "/a", "--plugin-dir=/p", "img", "--recipe-dir=/b"};
  EXPECT_THAT(recipe_directories_in(words), ElementsAre("/a", "/b"));
  EXPECT_THAT(plugin_directories_in(words), ElementsAre("/p"));
}

TEST(PluginDirectories, NothingAfterTwoDashesCounts) {
  EXPECT_THAT(plugin_directories_in({"--", "--plugin-dir", "/a"}), ElementsAre());
}

TEST(PluginTimeout, IsFoundBeforeThePluginsAreKnown) {
  using std::chrono::seconds;
  EXPECT_EQ(plugin_timeout_in({"--unknown", "--plugin-timeout", "7", "img"}), seconds(7));
  EXPECT_EQ(plugin_timeout_in({"--plugin-timeout=7", "--plugin-timeout=0", "img"}), seconds(0));
  EXPECT_EQ(plugin_timeout_in({"img"}), seconds(300));
  EXPECT_EQ(plugin_timeout_in({"--plugin-timeout=soon", "img"}), seconds(300))
      << "the second pass refuses it";
}

TEST(CoreSwitch, APluginCannotTakeANameOrLetterOfTheCore) {
  for (const CoreOption& option : kCoreOptions) {
    EXPECT_TRUE(is_core_switch({std::string(option.name), 0, "", ""})) << option.name;
    if (option.letter) {
      EXPECT_TRUE(is_core_switch({"mine", option.letter, "", ""})) << option.letter;
    }
  }
  EXPECT_FALSE(is_core_switch({"nvidia", 0, "", ""}));
  EXPECT_FALSE(is_core_switch({"mine", 'z', "", ""}));
}

}  // namespace
}  // namespace fromhost::core
