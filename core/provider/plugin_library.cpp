// SPDX-License-Identifier: Apache-2.0
// Provider: the one file with Boost.DLL. A plugin directory may hold anything; each wrong file gets its
// reason.
#define BOOST_DLL_USE_STD_FS
#include "core/provider/plugin_library.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <string_view>
#include <vector>
// Boost 1.74's library_info.hpp uses std::vector without including it.
#include <boost/dll/library_info.hpp>
#include <boost/dll/shared_library.hpp>

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

/// Boost's library_info believes the section header that names the sections: a size of gigabytes is
/// allocated, an empty table or one without a NUL at its end is read beyond.
void check_section_names(int fd, const Elf64_Ehdr& header, std::uint64_t bytes) {
  if (header.e_shnum == 0 || header.e_shoff == 0)
    throw PluginRefused(std::string("is no provider plugin: it has no section ") + FH_ENTRY_SECTION);
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

/// Boost reads sections of whatever it is given, and dlopen says "No such file" of a library for another CPU:
/// the header is looked at first.
void check_header(const std::string& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) throw PluginRefused("cannot be read: " + errno_text(errno));
  struct stat facts;
  if (::fstat(fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) throw PluginRefused("is not a regular file");
  Elf64_Ehdr header;
  if (::pread(fd.get(), &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    throw PluginRefused("is not an ELF file");
  constexpr auto kOurData = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != kOurData ||
      header.e_machine != kOurMachine)
    throw PluginRefused("is for another machine: " + machine_name(header.e_machine) + ", not " +
                        machine_name(kOurMachine));
  if (header.e_type != ET_DYN) throw PluginRefused("is not a shared object");
  check_section_names(fd.get(), header, static_cast<std::uint64_t>(facts.st_size));
}

void check_section(const std::string& file) {
  std::vector<std::string> sections;
  try {
    sections = boost::dll::library_info(file).sections();
  } catch (const std::exception& error) {
    throw PluginRefused(std::string("has unreadable sections: ") + error.what());
  }
  if (std::find(sections.begin(), sections.end(), FH_ENTRY_SECTION) != sections.end()) return;
  constexpr std::string_view kStem = "fromhost_abi_";
  for (const std::string& section : sections)
    if (section.compare(0, kStem.size(), kStem) == 0)
      throw PluginRefused("is built for plugin interface " + section.substr(kStem.size()) +
                              ", this ch-fromhost has " + std::to_string(FH_ABI_MAJOR) +
                              "; install matching versions",
                          Part::abi);
  throw PluginRefused(std::string("is no provider plugin: it has no section ") + FH_ENTRY_SECTION);
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
  if (!is_name(entry.id)) throw PluginRefused("has a malformed id", Part::entry);
  if (!entry.version || !entry.summary || !entry.create)
    throw PluginRefused("has an incomplete entry", Part::entry);
  if (entry.option_count > kMostOptions || (entry.option_count > 0 && !entry.options))
    throw PluginRefused("has a malformed option table", Part::options);
  for (std::uint64_t i = 0; i < entry.option_count; ++i) {
    const fh_option& option = entry.options[i];
    if (!is_well_formed(option))
      throw PluginRefused("has a malformed option, number " + std::to_string(i + 1), Part::options);
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
  const std::string before = "dlerror system message: ";
  const auto begin = what.find(before), end = what.rfind(')');
  if (begin != std::string::npos && end != std::string::npos && begin + before.size() < end)
    what = what.substr(begin + before.size(), end - begin - before.size());
  for (const std::string& noise : {std::string("boost::dll::shared_library::load() failed: "),
                                   std::string("boost::dll::shared_library::get() failed: "), file + ": "})
    for (auto at = what.find(noise); at != std::string::npos; at = what.find(noise))
      what.erase(at, noise.size());
  return what;
}

}  // namespace

bool is_well_formed(const fh_option& option) {
  const bool letter_fits = option.letter == 0 || (option.letter >= 'A' && option.letter <= 'Z') ||
                           (option.letter >= 'a' && option.letter <= 'z');
  return is_name(option.name) && option.help && letter_fits;
}

Switch switch_of(const fh_option& option) {
  return {option.name, option.letter, option.argument ? option.argument : "", option.help,
          (option.flags & FH_OPTION_SETTING) != 0};
}

fh_status (*PluginLibrary::declare() const)(const fh_host*) {
  constexpr std::size_t kNeeded = offsetof(fh_entry, declare) + sizeof(fh_entry::declare);
  return entry_->size >= kNeeded ? entry_->declare : nullptr;
}

PluginLibrary::PluginLibrary(std::unique_ptr<Handle> handle, const fh_entry* entry)
    : handle_(std::move(handle)), entry_(entry) {}
PluginLibrary::PluginLibrary(PluginLibrary&&) noexcept = default;
PluginLibrary& PluginLibrary::operator=(PluginLibrary&&) noexcept = default;
PluginLibrary::~PluginLibrary() = default;

void PluginLibrary::look_at(const std::string& file) {
  check_header(file);
  check_section(file);
}

PluginLibrary PluginLibrary::open(const std::string& file) {
  look_at(file);
  auto handle = std::make_unique<Handle>();
  try {
    // Now, so that a missing symbol is known before anything was asked of the plugin; local, so that two
    // plugins with the same names inside do not meet.
    handle->library.load(file, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (const std::exception& error) {
    throw PluginRefused("cannot be loaded: " + loader_words(file, error.what()), Part::loading);
  }
  const fh_entry* entry = nullptr;
  try {
    entry = &handle->library.get<const fh_entry>(FH_ENTRY_SYMBOL);
  } catch (const std::exception&) {
    throw PluginRefused(std::string("does not export ") + FH_ENTRY_SYMBOL, Part::symbol);
  }
  check_entry(*entry);
  return PluginLibrary(std::move(handle), entry);
}

}  // namespace fromhost::core
