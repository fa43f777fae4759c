// SPDX-License-Identifier: Apache-2.0
// Provider: the one file with Boost.DLL. A plugin directory may hold anything; each wrong file gets its
// reason.
#define BOOST_DLL_USE_STD_FS
#include "core/provider/plugin_library.hpp"

#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <string_view>

#include "core/error.hpp"
#include "core/host/elf_file.hpp"
#include "core/host/our_machine.hpp"
#include "core/host/unique_fd.hpp"

namespace fromhost::core {

struct PluginLibrary::Handle {
  boost::dll::shared_library library;
};

namespace {

using Part = PluginRefused::Part;

constexpr const char* kNoSection = "is no provider plugin: it has no section " FH_ENTRY_SECTION
                                   ", which FROMHOST_PROVIDER() at the end of its source makes";
constexpr const char* kNameRule = "lower case letters, digits and dashes are wanted, no dash first";

/// A cut file, or one whose section names do not end, is told from one that has no such section.
void check_section_names(int fd, const Elf64_Ehdr& header, std::uint64_t bytes) {
  if (header.e_shnum == 0 || header.e_shoff == 0) throw PluginRefused(kNoSection);
  if (header.e_shoff > bytes || header.e_shnum * sizeof(Elf64_Shdr) > bytes - header.e_shoff)
    throw PluginRefused("is truncated");
  Elf64_Shdr names{};
  const auto at = static_cast<off_t>(header.e_shoff + header.e_shstrndx * sizeof names);
  if (header.e_shentsize != sizeof names || header.e_shstrndx >= header.e_shnum ||
      ::pread(fd, &names, sizeof names, at) != static_cast<ssize_t>(sizeof names) || names.sh_size == 0)
    throw PluginRefused("has a damaged section table");
  if (names.sh_offset > bytes || names.sh_size > bytes - names.sh_offset) throw PluginRefused("is truncated");
  char last = 1;
  if (::pread(fd, &last, 1, static_cast<off_t>(names.sh_offset + names.sh_size - 1)) != 1 || last != 0)
    throw PluginRefused("has a damaged section table");
}

/// dlopen says "No such file" of a library for another CPU: the header is looked at first.
void check_header(int fd) {
  struct stat facts;
  if (::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) throw PluginRefused("is not a regular file");
  Elf64_Ehdr header;
  if (::pread(fd, &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    throw PluginRefused("is not an ELF file");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != kOurData ||
      header.e_machine != kOurMachine)
    throw PluginRefused("is for another machine: " + machine_name(header.e_machine) + ", not " +
                        machine_name(kOurMachine));
  if (header.e_type != ET_DYN) throw PluginRefused("is not a shared object");
  check_section_names(fd, header, static_cast<std::uint64_t>(facts.st_size));
}

void check_section(int fd) {
  ::elf_version(EV_CURRENT);
  const std::unique_ptr<Elf, int (*)(Elf*)> elf(::elf_begin(fd, ELF_C_READ, nullptr), ::elf_end);
  std::size_t names = 0;
  if (!elf || ::elf_getshdrstrndx(elf.get(), &names) != 0) throw PluginRefused("has a damaged section table");
  constexpr std::string_view kStem = "fromhost_abi_";
  std::string other;
  for (Elf_Scn* one = ::elf_nextscn(elf.get(), nullptr); one; one = ::elf_nextscn(elf.get(), one)) {
    GElf_Shdr section;
    const char* name =
        ::gelf_getshdr(one, &section) ? ::elf_strptr(elf.get(), names, section.sh_name) : nullptr;
    if (!name) throw PluginRefused("has a damaged section table");
    if (std::strcmp(name, FH_ENTRY_SECTION) == 0) return;
    if (std::string_view(name).substr(0, kStem.size()) == kStem) other = name + kStem.size();
  }
  if (!other.empty())
    throw PluginRefused("is built for plugin interface " + other + ", this ch-fromhost has " +
                            std::to_string(FH_ABI_MAJOR) + "; install matching versions",
                        Part::abi);
  throw PluginRefused(kNoSection);
}

UniqueFd open_checked(const std::string& file) {
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) throw PluginRefused("cannot be read: " + errno_text(errno));
  check_header(fd.get());
  check_section(fd.get());
  return fd;
}

/// As it is told: a file that is wrong may hold anything there.
std::string quoted(const char* text) {
  constexpr std::size_t kMost = 60;
  return '"' + std::string(text, ::strnlen(text, kMost)) + '"';
}

bool is_name(const char* text) {
  if (!text || !*text || *text == '-') return false;
  return std::all_of(text, text + std::strlen(text),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

/// The sizes of fh_entry, by minor version: it grew at its end, and whoever built an older plugin had no
/// more.
constexpr std::uint32_t kEntrySizes[] = {offsetof(fh_entry, declare), sizeof(fh_entry)};
static_assert(std::size(kEntrySizes) == FH_ABI_MINOR + 1 && kEntrySizes[0] == 72 && kEntrySizes[1] == 80);

/// "": none.
std::string fault_of(const fh_option& option) {
  if (!option.name) return "it has no name";
  const std::string name = quoted(option.name);
  if (option.name[0] == '-') return name + ": its name is written without the dashes in front";
  if (!is_name(option.name)) return name + ": " + kNameRule;
  if (!option.help) return name + ": it has no help";
  const bool letter_fits = option.letter == 0 || (option.letter >= 'A' && option.letter <= 'Z') ||
                           (option.letter >= 'a' && option.letter <= 'z');
  return letter_fits ? "" : name + ": its letter is none of A to Z or a to z";
}

void check_entry(const fh_entry& entry) {
  // The first twelve bytes never move; nothing behind them is read before they are right.
  if (entry.abi_major != FH_ABI_MAJOR)
    throw PluginRefused("is built for plugin interface " + std::to_string(entry.abi_major) +
                            ", this ch-fromhost has " + std::to_string(FH_ABI_MAJOR) +
                            "; install matching versions",
                        Part::abi);
  if (entry.abi_minor > FH_ABI_MINOR)
    throw PluginRefused("is built for plugin interface " + std::to_string(entry.abi_major) + "." +
                            std::to_string(entry.abi_minor) + ", newer than our " +
                            std::to_string(FH_ABI_MAJOR) + "." + std::to_string(FH_ABI_MINOR) +
                            "; upgrade ch-fromhost",
                        Part::abi);
  const std::uint32_t right_size = kEntrySizes[entry.abi_minor];
  if (entry.size != right_size || entry.option_size != sizeof(fh_option))
    throw PluginRefused("has an entry of the wrong size: " + std::to_string(entry.size) + " and " +
                            std::to_string(entry.option_size) + " bytes instead of " +
                            std::to_string(right_size) + " and " + std::to_string(sizeof(fh_option)),
                        Part::entry);
  if (!entry.id) throw PluginRefused("has no id", Part::entry);
  if (!is_name(entry.id))
    throw PluginRefused("has a malformed id, " + quoted(entry.id) + ": " + kNameRule, Part::entry);
  if (!entry.version || !entry.summary || !entry.create)
    throw PluginRefused("has an incomplete entry", Part::entry);
  if (entry.option_count > kMostOptions || (entry.option_count > 0 && !entry.options))
    throw PluginRefused("has a malformed option table", Part::options);
  for (std::uint64_t i = 0; i < entry.option_count; ++i) {
    const fh_option& option = entry.options[i];
    if (const std::string fault = fault_of(option); !fault.empty())
      throw PluginRefused("has a malformed option, number " + std::to_string(i + 1) + ": " + fault,
                          Part::options);
    for (std::uint64_t j = 0; j < i; ++j) {
      const fh_option& other = entry.options[j];
      if (std::strcmp(option.name, other.name) == 0)
        throw PluginRefused(std::string("has two options --") + option.name, Part::options);
      if (option.letter && option.letter == other.letter)
        throw PluginRefused(std::string("has two options -") + option.letter, Part::options);
    }
  }
}

/// The loader's words without Boost's and without the file's name, which stands beside them anyway.
std::string loader_words(const std::string& file, std::string what) {
  // "… failed (dlerror system message: WORDS): Bad file descriptor", where the last has no meaning.
  const std::string mark = "dlerror system message: ";
  const auto begin = what.find(mark), end = what.rfind(')');
  if (begin != std::string::npos && end != std::string::npos && begin + mark.size() < end)
    what = what.substr(begin + mark.size(), end - begin - mark.size());
  for (const std::string& noise : {std::string("boost::dll::shared_library::load() failed: "),
                                   std::string("boost::dll::shared_library::get() failed: "), file + ": "})
    for (auto at = what.find(noise); at != std::string::npos; at = what.find(noise))
      what.erase(at, noise.size());
  return what;
}

/// Who throws out of a plugin has another libgcc than we do (FROMHOST_STATIC): that one walks the stack, and
/// asks ours to set registers in our frames. Ours knows their sizes once it has walked itself, and aborts
/// before that (_Unwind_SetGR in unwind-dw2.c), so that no catch of ours would be reached.
void let_our_unwinder_start() {
  try {
    throw 0;
  } catch (int) {
  }
}

}  // namespace

bool is_well_formed(const fh_option& option) {
  return fault_of(option).empty();
}

Switch switch_of(const fh_option& option) {
  return {option.name, option.letter, option.argument ? option.argument : "", option.help,
          (option.flags & FH_OPTION_SETTING) != 0};
}

fh_status (*PluginLibrary::declare() const)(const fh_host*) {
  constexpr std::size_t kNeeded = offsetof(fh_entry, declare) + sizeof(fh_entry::declare);
  return entry_->size >= kNeeded ? entry_->declare : nullptr;
}

PluginLibrary::PluginLibrary(std::string file, std::unique_ptr<EntryInFile> described)
    : file_(std::move(file)), described_(std::move(described)) {
  if (described_) entry_ = &described_->entry;
}
PluginLibrary::PluginLibrary(PluginLibrary&&) noexcept = default;
PluginLibrary& PluginLibrary::operator=(PluginLibrary&&) noexcept = default;
PluginLibrary::~PluginLibrary() = default;

void PluginLibrary::look_at(const std::string& file) {
  open_checked(file);
}

std::optional<PluginLibrary> PluginLibrary::describe(const std::string& file) {
  auto described = read_entry_in_file(open_checked(file).get());
  if (!described) return std::nullopt;
  check_entry(described->entry);
  return PluginLibrary(file, std::move(described));
}

PluginLibrary PluginLibrary::open(const std::string& file) {
  look_at(file);
  PluginLibrary library(file, nullptr);
  library.load();
  return library;
}

void PluginLibrary::load() {
  let_our_unwinder_start();
  auto handle = std::make_unique<Handle>();
  try {
    // Now, so that a missing symbol is known before anything was asked of the plugin; local, so that two
    // plugins with the same names inside do not meet.
    handle->library.load(file_, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (const std::exception& error) {
    throw PluginRefused("cannot be loaded: " + loader_words(file_, error.what()), Part::loading);
  }
  const fh_entry* entry = nullptr;
  try {
    entry = &handle->library.get<const fh_entry>(FH_ENTRY_SYMBOL);
  } catch (const std::exception&) {
    throw PluginRefused(std::string("does not export ") + FH_ENTRY_SYMBOL, Part::symbol);
  }
  check_entry(*entry);
  if (described_ && std::strcmp(described_->entry.id, entry->id) != 0)
    throw PluginRefused(std::string("is no more what it was: ") + entry->id + ", not " + described_->entry.id,
                        Part::entry);
  handle_ = std::move(handle);
  entry_ = entry;
}

}  // namespace fromhost::core
