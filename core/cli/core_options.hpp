// SPDX-License-Identifier: Apache-2.0
// The core's own options: one table that parsing and --help share.
#pragma once

#include <array>
#include <string_view>

namespace fromhost::core {

struct CoreOption {
  std::string_view name;
  char letter;
  std::string_view argument;  ///< empty: takes none; "[=X]": may be left out; "a|b|c": one of these words
  std::string_view help;
  std::string_view group;  ///< heading in --help
  bool takes_argument() const { return !argument.empty() && argument.front() != '['; }
};

inline constexpr std::string_view kDestinationGroup = "Destination within image:";
inline constexpr std::string_view kAnswersGroup = "Answers about IMGDIR, instead of injecting:";
inline constexpr std::string_view kInjectedGroup = "What is injected already, instead of injecting:";
inline constexpr std::string_view kOptionsGroup = "Options:";

inline constexpr std::array kCoreOptions = {
    CoreOption{"dest", 'd', "DST",
               "place files specified later in directory IMGDIR/DST, overriding inference",
               kDestinationGroup},
    CoreOption{"lib-path", 0, "", "print the inferred destination for shared libraries", kAnswersGroup},
    CoreOption{"print-lib", 0, "", "same as --lib-path", kAnswersGroup},
    CoreOption{"fi-path", 0, "", "print the inferred destinations for libfabric providers and replacement",
               kAnswersGroup},
    CoreOption{"print-fi", 0, "", "print only the one for libfabric providers", kAnswersGroup},
    CoreOption{"print-cray-fi", 0, "", "print only the one for libfabric replacement", kAnswersGroup},
    CoreOption{"status", 0, "",
               "what is injected, and is it still what this host has? Exit status 0: yes; 3: inject again; "
               "4: nothing is injected",
               kInjectedGroup},
    CoreOption{"verify", 0, "", "same as --status, and compare every file's contents", kInjectedGroup},
    CoreOption{
        "undo", 0, "[=PROVIDER]",
        "give back the image as it was before the first injection; or take away what PROVIDER injected",
        kInjectedGroup},
    CoreOption{"eject", 0, "[=PROVIDER]", "same as --undo", kInjectedGroup},
    CoreOption{"dry-run", 'n', "",
               "change nothing; print what would be done, in order, and all that is wrong with it",
               kOptionsGroup},
    CoreOption{
        "force", 0, "",
        "inject also what has not changed, and what will not run in the image; undo also what somebody "
        "changed since",
        kOptionsGroup},
    CoreOption{"force-copy", 0, "", "copy also what is there and unchanged", kOptionsGroup},
    CoreOption{"host-root", 0, "DIR",
               "look for the host's files below DIR, such as a driver container's root", kOptionsGroup},
    CoreOption{"json", 0, "", "answer with one JSON document on standard output", kOptionsGroup},
    CoreOption{
        "ldconfig", 0, "auto|host|image",
        "which ldconfig is run, confined to the image; the default, auto, is the host's as long as it can",
        kOptionsGroup},
    CoreOption{"lock-timeout", 0, "SECONDS", "wait this long for another run on the same image (default 60)",
               kOptionsGroup},
    CoreOption{"no-ldconfig", 0, "", "don't run ldconfig even if we injected shared libraries",
               kOptionsGroup},
    CoreOption{"plugin-dir", 0, "DIR", "look for plugins in DIR first; can be repeated", kOptionsGroup},
    CoreOption{"plugin-timeout", 0, "SECONDS",
               "end the run if a plugin does not answer in this time (default 300; 0: never)", kOptionsGroup},
    CoreOption{"progress", 0, "auto|always|never",
               "show how far the copying is; the default, auto, does on a terminal, if it takes long",
               kOptionsGroup},
    CoreOption{"recipe-dir", 0, "DIR",
               "look for recipes, each a file with a switch, in DIR first; can be repeated", kOptionsGroup},
    CoreOption{"list-plugins", 0, "",
               "list the plugins, also refused ones with the reason, and exit; with -v, where they were "
               "looked for",
               kOptionsGroup},
    CoreOption{"list-options", 0, "",
               "list every option, for programs such as a shell's completion, and exit", kOptionsGroup},
    CoreOption{"help", 'h', "", "print this help and exit", kOptionsGroup},
    CoreOption{"quiet", 'q', "", "don't say what was done; twice: no warnings; thrice: no errors",
               kOptionsGroup},
    CoreOption{"verbose", 'v', "", "list the injected files; twice: each decision and command",
               kOptionsGroup},
    CoreOption{"strict", 0, "", "inject nothing if it is doubtful that it will run in the image",
               kOptionsGroup},
    CoreOption{"sync", 0, "", "don't end before all is on disk", kOptionsGroup},
    CoreOption{"version", 0, "", "print version and exit", kOptionsGroup},
};

}  // namespace fromhost::core
