// SPDX-License-Identifier: Apache-2.0
// What each check looks at. The plugin's file first, then its constant, then what it does: each where nothing
// before it stands in the way, so that one mistake fails one check.
#include "sdk/validate/checks.hpp"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "core/cli/command_line.hpp"
#include "core/host/linux_host.hpp"
#include "core/provider/plugin_catalog.hpp"
#include "core/provider/plugin_library.hpp"
#include "core/provider/search_directories.hpp"

namespace fromhost::validate {
namespace {

using core::PluginLibrary;
using core::PluginRefused;
using Part = PluginRefused::Part;
using Kind = Call::Kind;

constexpr std::size_t kLongestSummary = 60;
constexpr std::size_t kLongestHelp = 72;

/// ch-fromhost's own opinion on this part of the plugin.
Verdict refused_for(const Subject& subject, std::initializer_list<Part> parts) {
  try {
    PluginLibrary::open(subject.file);
  } catch (const PluginRefused& refused) {
    if (std::find(parts.begin(), parts.end(), refused.part()) != parts.end()) return failed(refused.what());
  }
  return passed();
}

Verdict check_file(const Subject& subject) {
  try {
    PluginLibrary::look_at(subject.file);
  } catch (const PluginRefused& refused) {
    if (refused.part() == Part::file) return failed(refused.what());
  }
  return passed();
}
Verdict check_loads(const Subject& subject) {
  return refused_for(subject, {Part::loading});
}
Verdict check_abi(const Subject& subject) {
  return refused_for(subject, {Part::abi});
}

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};

/// Names that other shared objects could bind to.
std::vector<std::string> exports_of(const std::string& file) {
  elf_version(EV_CURRENT);
  const core::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  const std::unique_ptr<Elf, ElfEnd> elf(elf_begin(fd.get(), ELF_C_READ, nullptr));
  std::vector<std::string> names;
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf.get(), section)) != nullptr;) {
    GElf_Shdr header;
    Elf_Data* data = nullptr;
    if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNSYM || header.sh_entsize == 0 ||
        !(data = elf_getdata(section, nullptr)))
      continue;
    for (std::size_t i = 0; i < header.sh_size / header.sh_entsize; ++i) {
      GElf_Sym symbol;
      if (!gelf_getsym(data, static_cast<int>(i), &symbol)) break;
      if (symbol.st_shndx == SHN_UNDEF || GELF_ST_BIND(symbol.st_info) == STB_LOCAL) continue;
      const char* name = elf_strptr(elf.get(), header.sh_link, symbol.st_name);
      if (name) names.emplace_back(name);
    }
  }
  return names;
}

Verdict check_exports(const Subject& subject) {
  if (Verdict verdict = refused_for(subject, {Part::symbol}); verdict.result != Verdict::Result::passed)
    return verdict;
  std::vector<std::string> others = exports_of(subject.file);
  std::erase(others, FH_ENTRY_SYMBOL);
  if (others.empty()) return passed();
  // Of a C++ plugin they may be hundreds, all of one cause.
  constexpr std::size_t kMostTold = 3;
  std::string told;
  for (std::size_t i = 0; i < std::min(others.size(), kMostTold); ++i) told += ' ' + others[i];
  if (others.size() > kMostTold) told += " and " + std::to_string(others.size() - kMostTold) + " more";
  return failed("it exports more than its entry, where another plugin's may be bound to it:" + told +
                "; use fromhost_add_provider(), or link it with"
                " -Wl,--version-script=PREFIX/share/fromhost-sdk/provider.map");
}

bool declares(const fh_entry& entry) {
  return entry.size >= offsetof(fh_entry, declare) + sizeof(fh_entry::declare) && entry.declare;
}

Verdict proper_entry(const fh_entry& entry) {
  const std::string version = entry.version, summary = entry.summary;
  if (version.empty() || version.find_first_of(" \t\n") != std::string::npos)
    return failed("its version is not one word: \"" + version + "\"");
  if (summary.empty() || summary.size() > kLongestSummary || summary.find('\n') != std::string::npos)
    return failed("its summary is not a line of 1 to " + std::to_string(kLongestSummary) + " characters: \"" +
                  summary + "\"");
  if (entry.option_count == 0 && !entry.claim_patterns && !declares(entry))
    return failed("it has neither an option nor a claim pattern, so nobody can ask it for anything");
  for (const char* const* pattern = entry.claim_patterns; pattern && *pattern; ++pattern)
    if (!**pattern || std::strchr(*pattern, '/'))
      return failed(std::string("a claim pattern is a glob on a file name, without slash: \"") + *pattern +
                    "\"");
  return passed();
}

Verdict check_entry(const Subject& subject) {
  try {
    return proper_entry(PluginLibrary::open(subject.file).entry());
  } catch (const PluginRefused& refused) {
    return refused.part() == Part::entry ? failed(refused.what())
                                         : passed();  // the options are the next check
  }
}

/// The plugin of the ch-fromhost beside us that has this name or letter, and is not this plugin; "": none.
/// Nothing of it is run, so what a plugin declares is not known.
std::string taken_by(const fh_entry& own, const fh_option& wanted) {
  const auto has_it = [&](const fh_option& other) {
    return std::string_view(wanted.name) == other.name || (wanted.letter && wanted.letter == other.letter);
  };
  for (const core::PluginPlace& place : core::plugin_search_path({}, core::LinuxHost()))
    for (const std::string& file : core::files_of(place.directory, ".so")) try {
        const auto other = PluginLibrary::describe(file);
        if (!other || std::string_view(other->entry().id) == own.id) continue;
        const fh_option* options = other->entry().options;
        if (std::any_of(options, options + other->entry().option_count, has_it)) return file;
      } catch (const PluginRefused&) {  // who is refused has no option
      }
  return "";
}

Verdict check_option(const fh_entry& own, const fh_option& option) {
  const std::string name = std::string("--") + option.name, help = option.help;
  const std::string wants =
      "it wants " + name + (option.letter ? std::string(" or -") + option.letter : "") + ", an option of ";
  if (core::is_core_switch({option.name, option.letter, "", "", false}))
    return failed(wants + "ch-fromhost itself");
  if (const std::string file = taken_by(own, option); !file.empty())
    return failed(wants + file + "; whichever of them is found first would have it");
  if (help.empty() || help.back() == '.' || help.find('\n') != std::string::npos)
    return failed("the help of " + name + " is not a phrase without full stop: \"" + help + "\"");
  if (help.size() > kLongestHelp * 3) return failed("the help of " + name + " is longer than three lines");
  if (option.argument && (!*option.argument || std::strpbrk(option.argument, " \t\n")))
    return failed("the argument of " + name + " has no name of one word");
  if (option.flags & ~FH_OPTION_SETTING) return failed(name + " has flags that mean nothing");
  return passed();
}

Verdict check_options(const Subject& subject) {
  if (Verdict verdict = refused_for(subject, {Part::options}); verdict.result != Verdict::Result::passed)
    return verdict;
  const PluginLibrary library = PluginLibrary::open(subject.file);
  for (std::uint64_t i = 0; i < library.entry().option_count; ++i)
    if (Verdict verdict = check_option(library.entry(), library.entry().options[i]);
        verdict.result != Verdict::Result::passed)
      return verdict;
  if (declares(library.entry())) return passed();  // what was named may be one of those
  const auto end = library.entry().options + library.entry().option_count;
  const auto has = [&](const std::string& name) {
    return std::any_of(library.entry().options, end,
                       [&](const fh_option& option) { return name == option.name; });
  };
  for (const auto& [name, value] : subject.requests)
    if (!has(name)) return failed("--request " + name + ": it has no such option");
  return passed();
}

/// The plugin on a made-up host that `set_up` has changed.
template <typename SetUp>
Exercise on_made_up_host(const Subject& subject, SetUp set_up) {
  const PluginLibrary library = PluginLibrary::open(subject.file);
  MadeUpGround ground(subject);
  set_up(ground.host());
  return exercise(library.entry(), subject, ground);
}
Exercise on_empty_host(const Subject& subject) {
  return on_made_up_host(subject, [](fake::FakeHost&) {});
}
Exercise on_failing_host(const Subject& subject) {
  return on_made_up_host(subject,
                         [](fake::FakeHost& host) { host.with_failing_services("Input/output error"); });
}
Exercise on_old_host(const Subject& subject) {
  return on_made_up_host(subject, [](fake::FakeHost& host) {
    for (const char* id : {FH_FILES, FH_COMMANDS, FH_LIBRARIES, FH_IMAGE}) host.without_extension(id);
  });
}
Exercise on_this_host(const Subject& subject) {
  const PluginLibrary library = PluginLibrary::open(subject.file);
  RealGround ground(subject);
  return exercise(library.entry(), subject, ground);
}

/// What any call anywhere has to keep to.
Verdict proper_answers(const Exercise& done) {
  for (const Call& call : done.calls) {
    if (call.threw) return failed("an exception left " + call.name + ": " + call.thrown);
    if (call.status != FH_OK && call.status != FH_NOT_HERE && call.status != FH_FAILED)
      return failed(call.name + " answered " + std::to_string(call.status) + ", which is no answer");
    if (call.kind != Kind::create && call.status == FH_FAILED && call.notes.message.empty() &&
        call.notes.refused.empty())
      return failed(call.name + " answered FH_FAILED without saying why by fail()");
  }
  return passed();
}

Verdict check_answers(const Subject& subject) {
  return proper_answers(on_empty_host(subject));
}

/// What a plugin that declares options on this ground does wrong with them.
Verdict proper_declaration(const fh_entry& own, const Exercise& done) {
  for (const Call& call : done.calls) {
    if (call.kind != Kind::declare) continue;
    for (const fake::DeclaredOption& one : call.notes.options) {
      fh_option option{};
      option.name = one.name.c_str();
      option.argument = one.argument ? one.argument->c_str() : nullptr;
      option.help = one.help.c_str();
      option.letter = one.letter;
      option.flags = one.flags;
      if (!core::is_well_formed(option))
        return failed("it declares a malformed option: \"" + one.name + "\"");
      if (Verdict verdict = check_option(own, option); verdict.result != Verdict::Result::passed)
        return verdict;
    }
    if (!call.notes.not_declared.empty())
      return failed("it declares an option that is refused: " + call.notes.not_declared);
  }
  return passed();
}

Verdict check_create(const Subject& subject) {
  const Exercise done = on_empty_host(subject);
  return done.no_provider.empty() ? passed() : failed(done.no_provider);
}

/// "CARD_HOME is not set": the plugin was asked for without what it is told by, which is the person's
/// mistake.
bool names_unset_variable(const Call& call) {
  return std::any_of(call.notes.unset.begin(), call.notes.unset.end(), [&](const std::string& name) {
    return call.notes.message.find(name) != std::string::npos;
  });
}

Verdict check_empty_host(const Subject& subject) {
  for (const Call& call : on_empty_host(subject).calls) {
    if (call.kind == Kind::declare && call.status == FH_FAILED && call.notes.not_declared.empty())
      return failed("declare() failed on a host that has nothing: " + call.notes.message);
    // An argument may well name what is not there; that is an error of whoever gave it.
    if (call.kind == Kind::claims && call.status == FH_FAILED)
      return failed(call.name + " failed rather than answer no: " + call.notes.message);
    if ((call.kind != Kind::option && call.kind != Kind::setting) || call.takes_argument) continue;
    if (call.status == FH_FAILED && call.notes.refused.empty() && !names_unset_variable(call) &&
        !subject.may_fail.count(call.name.substr(2)))
      return failed(call.name + " failed on a host that has nothing, rather than answer FH_NOT_HERE: " +
                    call.notes.message);
    if (call.kind == Kind::option && call.status == FH_OK && call.notes.items.empty() &&
        call.notes.refused.empty())
      return failed(call.name +
                    " answered FH_OK and contributed nothing: FH_NOT_HERE would tell the person so");
  }
  return passed();
}

Verdict check_failing_host(const Subject& subject) {
  return proper_answers(on_failing_host(subject));
}
Verdict check_old_host(const Subject& subject) {
  return proper_answers(on_old_host(subject));
}

Verdict sane_items(const Exercise& done) {
  for (const Call& call : done.calls) {
    if (call.kind == Kind::declare) continue;  // options are not its items
    if (!call.notes.refused.empty()) return failed(call.name + " " + call.notes.refused);
    if (!call.wrong_item.empty()) return failed(call.name + ": " + call.wrong_item);
  }
  return passed();
}

/// The first of both grounds that does not pass. What --request names is on the real one only.
template <typename Judge>
Verdict on_both(const Subject& subject, Judge judge) {
  if (!subject.requests.empty()) return judge(on_this_host(subject));
  const Verdict verdict = judge(on_empty_host(subject));
  return verdict.result == Verdict::Result::passed ? judge(on_this_host(subject)) : verdict;
}

Verdict check_declares(const Subject& subject) {
  // What the others do when they are asked is the business of the checks that follow.
  const PluginLibrary library = PluginLibrary::open(subject.file);
  if (!declares(library.entry())) return passed();
  return on_both(subject, [&](const Exercise& done) { return proper_declaration(library.entry(), done); });
}

Verdict check_items(const Subject& subject) {
  return on_both(subject, sane_items);
}

/// Everywhere, for those who look on from outside.
Verdict go_everywhere(const Subject& subject) {
  on_empty_host(subject);
  on_failing_host(subject);
  on_this_host(subject);
  return passed();
}

Verdict nothing_written(const Ended& ended) {
  if (!ended.writes_watched) return not_judged("this kernel cannot tell of writes (seccomp notifications)");
  if (ended.written.empty()) return passed();
  return failed("the plugin itself changes files, which are ch-fromhost's to change: " +
                ended.written.front());
}

Verdict nothing_printed(const Ended& ended) {
  if (ended.output.empty()) return passed();
  return failed("it prints, which is ch-fromhost's to do (log, fail): " +
                ended.output.substr(0, ended.output.find('\n')));
}

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
std::size_t bytes_in_use() {
  const struct mallinfo2 all = ::mallinfo2();
  return all.uordblks + all.hblkhd;
}
#else
std::size_t bytes_in_use() {
  return 0;
}
#endif

std::size_t open_files() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

Verdict check_leaks(const Subject& subject) {
  constexpr std::size_t kRounds = 32, kBatches = 4;
  // Less than the smallest piece that malloc gives.
  constexpr std::size_t kNoise = 16;
  const PluginLibrary library = PluginLibrary::open(subject.file);
  const auto live = [&] {
    for (std::size_t i = 0; i < kRounds; ++i) {
      MadeUpGround ground(subject);
      exercise(library.entry(), subject, ground);
    }
  };
  // What is kept for good is made at first. What malloc itself keeps at hand comes and goes: a leak is what
  // grows in every batch.
  live();
  const std::size_t files = open_files();
  std::size_t least = SIZE_MAX;
  for (std::size_t i = 0; i < kBatches; ++i) {
    const std::size_t before = bytes_in_use();
    live();
    const std::size_t after = bytes_in_use();
    least = std::min(least, after > before ? (after - before) / kRounds : 0);
  }
  if (open_files() > files) return failed("descriptors stay open after destroy()");
  if (least < kNoise) return passed();
  return failed(std::to_string(least) + " bytes stay allocated after each destroy()");
}

std::vector<std::string> answers_in(const Exercise& done) {
  std::vector<std::string> lines;
  const auto add = [&](auto... parts) {
    std::ostringstream text;
    (text << ... << parts);
    lines.push_back(text.str());
  };
  for (const Call& call : done.calls) {
    add(call.name, ": ", call.status, " ", call.notes.message);
    for (const fake::Item& item : call.notes.items) add(call.name, ": ", item);
    for (const fake::DeclaredOption& one : call.notes.options)
      add(call.name, ": --", one.name, " ", one.argument.value_or(""), ": ", one.help);
  }
  return lines;
}

template <typename Go>
Verdict same_twice(const Subject& subject, Go go) {
  // One library for both: what a plugin keeps in static variables survives its provider.
  const PluginLibrary library = PluginLibrary::open(subject.file);
  std::vector<std::string> first = answers_in(go(subject)), second = answers_in(go(subject));
  const std::size_t most = std::max(first.size(), second.size());
  first.resize(most);
  second.resize(most);
  const auto [one, other] = std::mismatch(first.begin(), first.end(), second.begin());
  if (one == first.end()) return passed();
  return failed("first \"" + *one + "\", then \"" + *other + "\"");
}

Verdict check_same_answer(const Subject& subject) {
  const Verdict verdict = same_twice(subject, on_empty_host);
  return verdict.result == Verdict::Result::passed ? same_twice(subject, on_this_host) : verdict;
}

Verdict check_threads(const Subject& subject) {
  const PluginLibrary library = PluginLibrary::open(subject.file);  // its threads end with it at the latest
  const auto threads = [] {
    const std::filesystem::directory_iterator all("/proc/self/task");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  };
  const std::size_t before = threads();
  const Verdict verdict = on_both(subject, [](const Exercise& done) {
    for (const Call& call : done.calls)
      if (call.notes.other_thread) return failed(call.name + " called the host from another thread");
    return passed();
  });
  if (verdict.result == Verdict::Result::passed && threads() > before)
    return failed("a thread of its still runs after destroy()");
  return verdict;
}

Verdict check_time(const Subject& subject) {
  return go_everywhere(subject);
}

}  // namespace

const std::vector<Check>& checks() {
  static const std::vector<Check> all = {
      {"file", "is a shared object for this machine with the section of a plugin", true, check_file},
      {"loads", "has no symbol undefined and no library missing, and survives being loaded", true,
       check_loads},
      {"abi", "is built for a plugin interface that this ch-fromhost has", true, check_abi},
      {"exports", "exports its entry, and nothing that another plugin could be bound to", false,
       check_exports},
      {"entry", "has id, version and a summary of one line, and something to be asked for", true,
       check_entry},
      {"options", "has options that are well formed, and that neither ch-fromhost nor a plugin beside it has",
       true, check_options},
      {"declares", "declares, if any, options that are as well formed, and that nobody else has", true,
       check_declares},
      {"answers", "answers in the three words of the interface, says why it fails, and throws nothing", true,
       check_answers},
      {"create", "makes a complete provider on a host that has nothing", true, check_create},
      {"empty-host", "answers \"not here\" on a host that has nothing, and does not fail", false,
       check_empty_host},
      {"failing-host", "survives a host whose every service fails, and says what failed", false,
       check_failing_host},
      {"old-host", "survives a host that has none of the services", false, check_old_host},
      {"items", "contributes in collect() alone, and absolute, existing, sane items with a reason", false,
       check_items},
      {"no-writes", "changes no file itself", false, go_everywhere, nothing_written, true},
      {"no-output", "prints nothing itself", false, go_everywhere, nothing_printed},
      {"leaks", "gives back memory and descriptors, over and over", false, check_leaks},
      {"same-answer", "contributes the same when asked again", false, check_same_answer},
      {"threads", "calls the host on its own thread, and leaves none behind", false, check_threads},
      {"time", "does all that in time", false, check_time},
  };
  return all;
}

}  // namespace fromhost::validate
