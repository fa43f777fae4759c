// SPDX-License-Identifier: Apache-2.0
// Provider: a constant with pointers, as it lies in a shared object: zeros, and relocations that say what the
// loader would write there. Through libelf.
#include "core/provider/entry_in_file.hpp"

#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "core/provider/plugin_library.hpp"

namespace fromhost::core {
namespace {

// The psABI documents of the machines, each in its table of relocation types.
#if defined(__x86_64__)
constexpr std::uint64_t kRelative = R_X86_64_RELATIVE, kSymbol = R_X86_64_64;
#elif defined(__aarch64__)
constexpr std::uint64_t kRelative = R_AARCH64_RELATIVE, kSymbol = R_AARCH64_ABS64;
#elif defined(__powerpc64__)
constexpr std::uint64_t kRelative = R_PPC64_RELATIVE, kSymbol = R_PPC64_ADDR64;
#elif defined(__s390x__)
constexpr std::uint64_t kRelative = R_390_RELATIVE, kSymbol = R_390_64;
#elif defined(__riscv)
constexpr std::uint64_t kRelative = R_RISCV_RELATIVE, kSymbol = R_RISCV_64;
#else
#error "name this machine's relocation types here"
#endif

constexpr std::size_t kLongestText = 4096;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kMostRelocations = 1u << 18;  // a plugin with a C++ run time of its own has thousands

/// Only the loader can tell.
struct Unusual {};

using Address = std::uint64_t;

class LoadedLater {
 public:
  explicit LoadedLater(int fd)
      : fd_(fd), elf_((::elf_version(EV_CURRENT), ::elf_begin(fd, ELF_C_READ, nullptr)), ::elf_end) {
    if (!elf_) throw Unusual();
    read_segments();
    read_sections();
  }

  Address entry() const {
    if (!entry_) throw Unusual();
    return *entry_;
  }

  /// What will lie at `from`, pointers aside; what the file does not have there is zero.
  template <typename Value>
  Value value(Address from) {
    Value value;
    if (read(from, &value, sizeof value) != sizeof value) throw Unusual();
    return value;
  }

  /// Where the pointer at `at` will point to; 0: it is null.
  Address pointer(Address at) {
    const auto sorted = std::lower_bound(relative_.begin(), relative_.end(), std::pair(at, Address{0}));
    if (sorted != relative_.end() && sorted->first == at) return sorted->second;
    for (const auto& [where, target] : by_symbol_)
      if (where == at) return target ? *target : throw Unusual();
    // Another kind of relocation, or one that keeps its addend here (DT_REL, DT_RELR), is not looked at.
    return value<Address>(at) == 0 ? 0 : throw Unusual();
  }

  std::string text(Address at) {
    std::string text(kLongestText, '\0');
    text.resize(read(at, text.data(), text.size()));
    const std::size_t end = text.find('\0');
    if (end == std::string::npos) throw Unusual();
    return text.substr(0, end);
  }

 private:
  void read_segments() {
    std::size_t count = 0;
    if (::elf_getphdrnum(elf_.get(), &count) != 0) throw Unusual();
    for (std::size_t i = 0; i < count; ++i) {
      GElf_Phdr header;
      if (!::gelf_getphdr(elf_.get(), static_cast<int>(i), &header)) throw Unusual();
      if (header.p_type == PT_LOAD) segments_.push_back(header);
    }
  }

  void read_sections() {
    Elf_Scn* symbols = nullptr;
    std::vector<Elf_Scn*> relocations;
    for (Elf_Scn* section = ::elf_nextscn(elf_.get(), nullptr); section;
         section = ::elf_nextscn(elf_.get(), section)) {
      GElf_Shdr header;
      if (!::gelf_getshdr(section, &header)) throw Unusual();
      if (header.sh_type == SHT_DYNSYM) symbols = section;
      if (header.sh_type == SHT_RELA && (header.sh_flags & SHF_ALLOC)) relocations.push_back(section);
    }
    if (!symbols) throw Unusual();
    find_entry(symbols);
    for (Elf_Scn* section : relocations) read_relocations(section);
    if (!std::is_sorted(relative_.begin(), relative_.end())) std::sort(relative_.begin(), relative_.end());
  }

  void find_entry(Elf_Scn* section) {
    GElf_Shdr header;
    Elf_Data* data = ::elf_getdata(section, nullptr);
    if (!::gelf_getshdr(section, &header) || !data) throw Unusual();
    symbols_ = data;
    GElf_Sym symbol;
    for (int i = 0; ::gelf_getsym(data, i, &symbol); ++i) {
      if (symbol.st_shndx == SHN_UNDEF) continue;
      const char* name = ::elf_strptr(elf_.get(), header.sh_link, symbol.st_name);
      if (name && std::strcmp(name, FH_ENTRY_SYMBOL) == 0) entry_ = symbol.st_value;
    }
  }

  void read_relocations(Elf_Scn* section) {
    Elf_Data* data = ::elf_getdata(section, nullptr);
    if (!data) throw Unusual();
    GElf_Rela one;
    for (int i = 0; ::gelf_getrela(data, i, &one); ++i) {
      if (relative_.size() + by_symbol_.size() > kMostRelocations) throw Unusual();
      const auto addend = static_cast<Address>(one.r_addend);
      if (GELF_R_TYPE(one.r_info) == kRelative) {
        relative_.emplace_back(one.r_offset, addend);
      } else if (GELF_R_TYPE(one.r_info) == kSymbol) {
        GElf_Sym symbol;
        const bool own = ::gelf_getsym(symbols_, static_cast<int>(GELF_R_SYM(one.r_info)), &symbol) &&
                         symbol.st_shndx != SHN_UNDEF;
        by_symbol_.emplace_back(one.r_offset, own ? std::optional(symbol.st_value + addend) : std::nullopt);
      }
    }
  }

  std::size_t read(Address from, void* to, std::size_t bytes) {
    std::size_t done = 0;
    for (const GElf_Phdr& one : segments_) {
      if (from < one.p_vaddr || from - one.p_vaddr >= one.p_filesz) continue;
      const Address inside = from - one.p_vaddr;
      const std::size_t most = std::min<Address>(bytes, one.p_filesz - inside);
      while (done < most) {
        const std::string_view piece = piece_at(one.p_offset + inside + done).substr(0, most - done);
        if (piece.empty()) break;
        std::memcpy(static_cast<char*>(to) + done, piece.data(), piece.size());
        done += piece.size();
      }
      break;
    }
    return done;
  }

  /// What is there from this offset on, at least a byte; empty at the end. Constants and texts lie together
  /// each, so the pages are kept.
  std::string_view piece_at(std::uint64_t offset) {
    std::string& page = pages_[offset / kPage];
    if (page.empty()) {
      page.resize(kPage);
      const ssize_t got = ::pread(fd_, page.data(), kPage, static_cast<off_t>(offset / kPage * kPage));
      page.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    }
    return std::string_view(page).substr(std::min<std::size_t>(offset % kPage, page.size()));
  }

  const int fd_;
  const std::unique_ptr<Elf, int (*)(Elf*)> elf_;
  std::vector<GElf_Phdr> segments_;
  Elf_Data* symbols_ = nullptr;
  std::optional<Address> entry_;
  std::map<std::uint64_t, std::string> pages_;
  std::vector<std::pair<Address, Address>> relative_;                  // where, and what it points to
  std::vector<std::pair<Address, std::optional<Address>>> by_symbol_;  // nullopt: into another library
};

class Reader {
 public:
  explicit Reader(int fd) : file_(fd), into_(std::make_unique<EntryInFile>()) {}

  std::unique_ptr<EntryInFile> read() {
    const Address at = file_.entry();
    fh_entry& entry = into_->entry;
    const auto number = [&](std::size_t offset) { return file_.value<std::uint32_t>(at + offset); };
    entry.abi_major = number(offsetof(fh_entry, abi_major));
    entry.abi_minor = number(offsetof(fh_entry, abi_minor));
    entry.size = number(offsetof(fh_entry, size));
    entry.option_size = number(offsetof(fh_entry, option_size));
    if (entry.abi_major != FH_ABI_MAJOR || entry.size > sizeof entry ||
        entry.size < offsetof(fh_entry, declare) || entry.option_size != sizeof(fh_option))
      throw Unusual();
    entry.id = text(at + offsetof(fh_entry, id));
    entry.version = text(at + offsetof(fh_entry, version));
    entry.summary = text(at + offsetof(fh_entry, summary));
    entry.option_count = file_.value<std::uint64_t>(at + offsetof(fh_entry, option_count));
    if (entry.option_count > kMostOptions) throw Unusual();
    read_options(file_.pointer(at + offsetof(fh_entry, options)));
    read_patterns(file_.pointer(at + offsetof(fh_entry, claim_patterns)));
    if (file_.pointer(at + offsetof(fh_entry, create)))
      entry.create = [](const fh_host*) -> fh_provider* { return nullptr; };
    if (entry.size > offsetof(fh_entry, declare) && file_.pointer(at + offsetof(fh_entry, declare)))
      entry.declare = [](const fh_host*) -> fh_status { return FH_FAILED; };
    return std::move(into_);
  }

 private:
  /// The text that the pointer at `at` leads to; null where that is null.
  const char* text(Address at) {
    const Address target = file_.pointer(at);
    return target ? into_->texts.emplace_back(file_.text(target)).c_str() : nullptr;
  }

  void read_options(Address at) {
    if (!at) return;
    for (std::uint64_t i = 0; i < into_->entry.option_count; ++i, at += sizeof(fh_option)) {
      auto option = file_.value<fh_option>(at);
      option.name = text(at + offsetof(fh_option, name));
      option.argument = text(at + offsetof(fh_option, argument));
      option.help = text(at + offsetof(fh_option, help));
      into_->options.push_back(option);
    }
    into_->entry.options = into_->options.data();
  }

  void read_patterns(Address at) {
    if (!at) return;
    std::vector<const char*>& patterns = into_->claim_patterns;
    do {
      if (patterns.size() > kMostOptions) throw Unusual();
      patterns.push_back(text(at));
      at += sizeof(const char*);
    } while (patterns.back());
    into_->entry.claim_patterns = patterns.data();
  }

  LoadedLater file_;
  std::unique_ptr<EntryInFile> into_;
};

}  // namespace

std::unique_ptr<EntryInFile> read_entry_in_file(int fd) try {
  return Reader(fd).read();
} catch (const Unusual&) {
  return nullptr;
}

}  // namespace fromhost::core
