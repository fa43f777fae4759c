// SPDX-License-Identifier: Apache-2.0
// ELF: what the loader would read of a file, by its program headers, through libelf. Never mapped, never
// executed.
#include "core/host/elf_file.hpp"

#include <gelf.h>
#include <libelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>
#include <string_view>

namespace fromhost::core {
namespace {

// Far above what linkers write; they bound the memory that a hostile file can make us use.
constexpr std::uint64_t kMaxDynamicBytes = 1u << 20;
constexpr std::size_t kMaxNeeded = 4096;
constexpr std::uint64_t kMaxVersionBytes = 1u << 16;
constexpr std::size_t kMaxVersions = 4096;
constexpr std::uint64_t kMaxNameBytes = 4096;  // PATH_MAX: a longer name cannot be opened
constexpr std::uint64_t kMaxSearchPathBytes =
    65536;                                       // stores with one directory a package fill some thousands
constexpr std::size_t kMaxTextBytes = 1u << 20;  // all names of one file together
// Offsets beyond this cannot be asked of the kernel, and below it offset + size does not wrap.
constexpr std::uint64_t kMaxOffset = std::numeric_limits<std::int64_t>::max();

/// A part of the file, or of a segment.
struct Range {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

/// Fewer bytes than asked for: the file ends there, or an error; the caller cannot use it either way.
std::size_t read_at(int fd, void* to, std::size_t bytes, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < bytes && offset <= kMaxOffset - done) {
    const ssize_t got =
        ::pread(fd, static_cast<char*>(to) + done, bytes - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

/// Strings of a part of the file. A string table is not worth reading for the few that we want; but those lie
/// together, so the last piece that was read is kept.
class Strings {
 public:
  Strings(int fd, Range range) : fd_(fd), range_(range) {}

  /// The string at `start`; nullopt if it does not end within the range, the file and `limit` bytes, or if
  /// there have been too many.
  std::optional<std::string> at(std::uint64_t start, std::uint64_t limit) {
    if (start >= range_.bytes) return std::nullopt;
    const std::uint64_t most = std::min(range_.bytes - start, limit);
    std::string text;
    while (text.size() < most) {
      const std::string_view piece = piece_at(start + text.size());
      if (piece.empty()) return std::nullopt;
      const std::size_t length = std::min(piece.find('\0'), piece.size());
      text.append(piece.substr(0, std::min<std::uint64_t>(length, most - text.size())));
      total_ += length;
      if (total_ > kMaxTextBytes) return std::nullopt;
      if (length < piece.size() && text.size() < most) return text;
    }
    return std::nullopt;
  }

 private:
  /// What is there of the range from `start` on, at least a byte; empty where the file or the range ends.
  std::string_view piece_at(std::uint64_t start) {
    if (start < start_ || start - start_ >= piece_.size()) {
      start_ = start;
      piece_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(4096, range_.bytes - start)));
      piece_.resize(read_at(fd_, piece_.data(), piece_.size(), range_.offset + start));
    }
    return std::string_view(piece_).substr(std::min<std::size_t>(start - start_, piece_.size()));
  }

  const int fd_;
  const Range range_;
  std::uint64_t start_ = 0;
  std::string piece_;
  std::size_t total_ = 0;
};

/// A size in the file header makes libelf allocate before it looks whether the file is that long. Both fields
/// that have their true value elsewhere (PN_XNUM; no section count but a section table) occur in core dumps
/// and giant object files only, and let four bytes ask for terabytes. Zero and 0xffff are the same in both
/// byte orders.
template <typename Header>
bool has_extended_counts(const unsigned char* bytes) {
  Header header;
  std::memcpy(&header, bytes, sizeof header);
  return header.e_phnum == PN_XNUM || (header.e_shnum == 0 && header.e_shoff != 0);
}

bool is_plain_elf(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  unsigned char bytes[sizeof(Elf64_Ehdr)] = {};
  const std::size_t got = read_at(fd, bytes, sizeof bytes, 0);
  // libelf would open an archive as well, and this must be the ELF file itself.
  if (got < sizeof(Elf32_Ehdr) || std::memcmp(bytes, ELFMAG, SELFMAG) != 0) return false;
  switch (bytes[EI_CLASS]) {
    case ELFCLASS32:
      return !has_extended_counts<Elf32_Ehdr>(bytes);
    case ELFCLASS64:
      return got == sizeof bytes && !has_extended_counts<Elf64_Ehdr>(bytes);
    default:
      return false;
  }
}

/// Where the bytes of a virtual address are in the file; bytes past p_filesz are zeros, not file content.
std::optional<Range> in_file(const std::vector<GElf_Phdr>& loads, std::uint64_t address) {
  for (const GElf_Phdr& load : loads) {
    if (address < load.p_vaddr || address - load.p_vaddr >= load.p_filesz || load.p_offset > kMaxOffset)
      continue;
    const std::uint64_t skipped = address - load.p_vaddr;
    if (skipped > kMaxOffset - load.p_offset) return std::nullopt;
    return Range{load.p_offset + skipped, load.p_filesz - skipped};
  }
  return std::nullopt;
}

/// The bytes of a version table, from an address to the end of its segment, within bounds.
std::vector<char> version_table(int fd, const std::vector<GElf_Phdr>& loads, std::uint64_t address) {
  const auto range = in_file(loads, address);
  if (!range) return {};
  std::vector<char> bytes(static_cast<std::size_t>(std::min<std::uint64_t>(range->bytes, kMaxVersionBytes)));
  bytes.resize(read_at(fd, bytes.data(), bytes.size(), range->offset));
  return bytes;
}

template <typename Struct>
std::optional<Struct> struct_at(const std::vector<char>& bytes, std::size_t at) {
  if (at > bytes.size() || bytes.size() - at < sizeof(Struct)) return std::nullopt;
  Struct found;
  std::memcpy(&found, bytes.data() + at, sizeof found);
  return found;
}

/// DT_VERNEED: a list of libraries, each with a list of versions. The structs are the same for both classes.
/// Offsets are forward only and entries are counted, so that a hostile list ends.
template <typename Name>
void read_version_needs(const std::vector<char>& bytes, Name name, ElfFacts& facts) {
  std::size_t entries = 0;
  for (std::size_t at = 0;;) {
    const auto library = struct_at<Elf64_Verneed>(bytes, at);
    if (!library) return;
    const auto soname = name(library->vn_file);
    std::size_t version_at = at + library->vn_aux;
    for (unsigned i = 0; i < library->vn_cnt; ++i) {
      const auto version = struct_at<Elf64_Vernaux>(bytes, version_at);
      if (!version || ++entries > kMaxVersions) return;
      const auto text = name(version->vna_name);
      if (soname && text)
        facts.version_needs.push_back({*soname, *text, (version->vna_flags & VER_FLG_WEAK) != 0});
      if (version->vna_next == 0) break;
      version_at += version->vna_next;
    }
    if (library->vn_next == 0 || ++entries > kMaxVersions) return;
    at += library->vn_next;
  }
}

/// DT_VERDEF: a list of versions, the name first in each one's own list; the base is the file's own name.
template <typename Name>
void read_versions(const std::vector<char>& bytes, Name name, ElfFacts& facts) {
  std::size_t entries = 0;
  for (std::size_t at = 0; ++entries <= kMaxVersions;) {
    const auto version = struct_at<Elf64_Verdef>(bytes, at);
    if (!version) return;
    const auto first = struct_at<Elf64_Verdaux>(bytes, at + version->vd_aux);
    if (first && (version->vd_flags & VER_FLG_BASE) == 0)
      if (const auto text = name(first->vda_name)) facts.versions.push_back(*text);
    if (version->vd_next == 0) return;
    at += version->vd_next;
  }
}

/// Fills in what PT_DYNAMIC says; false if it is malformed. Where a tag is repeated the last one counts, as
/// in glibc.
bool read_dynamic(int fd, Elf* elf, const GElf_Phdr& segment, const std::vector<GElf_Phdr>& loads,
                  ElfFacts& facts) {
  const std::size_t entry_bytes = gelf_fsize(elf, ELF_T_DYN, 1, EV_CURRENT);
  if (entry_bytes == 0 || segment.p_filesz > kMaxDynamicBytes || segment.p_offset > kMaxOffset) return false;
  const std::size_t entries = static_cast<std::size_t>(segment.p_filesz) / entry_bytes;
  if (entries == 0) return false;
  Elf_Data* data = elf_getdata_rawchunk(elf, static_cast<std::int64_t>(segment.p_offset),
                                        entries * entry_bytes, ELF_T_DYN);
  if (!data) return false;

  std::optional<std::uint64_t> table, table_bytes, soname, rpath, runpath, version_needs, versions;
  std::vector<std::uint64_t> needed;
  for (std::size_t i = 0; i < entries; ++i) {
    GElf_Dyn entry;
    if (!gelf_getdyn(data, static_cast<int>(i), &entry)) return false;
    if (entry.d_tag == DT_NULL) break;
    switch (entry.d_tag) {
      case DT_STRTAB:
        table = entry.d_un.d_ptr;
        break;
      case DT_STRSZ:
        table_bytes = entry.d_un.d_val;
        break;
      case DT_SONAME:
        soname = entry.d_un.d_val;
        break;
      case DT_VERNEED:
        version_needs = entry.d_un.d_ptr;
        break;
      case DT_VERDEF:
        versions = entry.d_un.d_ptr;
        break;
      case DT_RPATH:
        rpath = entry.d_un.d_val;
        break;
      case DT_RUNPATH:
        runpath = entry.d_un.d_val;
        break;
      case DT_FLAGS_1:
        facts.position_independent_program = (entry.d_un.d_val & DF_1_PIE) != 0;
        break;
      case DT_NEEDED:
        if (needed.size() == kMaxNeeded) return false;
        needed.push_back(entry.d_un.d_val);
        break;
      default:
        break;
    }
  }

  std::optional<Range> table_range = table ? in_file(loads, *table) : Range{};
  if (!table_range) return false;
  if (table_bytes) table_range->bytes = std::min(table_range->bytes, *table_bytes);
  Strings strings(fd, *table_range);
  const auto take = [&](const std::optional<std::uint64_t>& start, std::uint64_t limit, std::string& into) {
    if (!start) return true;
    std::optional<std::string> text = strings.at(*start, limit);
    if (text) into = std::move(*text);
    return text.has_value();
  };
  for (std::uint64_t start : needed)
    if (!take(start, kMaxNameBytes, facts.needed.emplace_back())) return false;
  constexpr auto kOurData = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
  const auto name = [&](std::uint64_t start) { return strings.at(start, kMaxNameBytes); };
  if (version_needs && facts.data == kOurData)
    read_version_needs(version_table(fd, loads, *version_needs), name, facts);
  if (versions && facts.data == kOurData) read_versions(version_table(fd, loads, *versions), name, facts);
  return take(soname, kMaxNameBytes, facts.soname) && take(rpath, kMaxSearchPathBytes, facts.rpath) &&
         take(runpath, kMaxSearchPathBytes, facts.runpath);
}

/// The build-id among the notes of a segment, if it is there. A linker writes few and small ones.
std::optional<std::string> read_build_id(int fd, const GElf_Phdr& segment) {
  constexpr std::size_t kMostNotes = 4096, kMostId = 64;
  std::string notes(static_cast<std::size_t>(std::min<std::uint64_t>(segment.p_filesz, kMostNotes)), '\0');
  notes.resize(read_at(fd, notes.data(), notes.size(), segment.p_offset));
  const std::size_t alignment = segment.p_align == 8 ? 8 : 4;
  const auto aligned = [&](std::size_t size) { return (size + alignment - 1) / alignment * alignment; };
  for (std::size_t at = 0; notes.size() - at >= sizeof(Elf64_Nhdr);) {
    Elf64_Nhdr header;  // the same in both classes
    std::memcpy(&header, notes.data() + at, sizeof header);
    const std::size_t name = at + sizeof header, room = notes.size() - name;
    if (header.n_namesz > room || header.n_descsz > room) return std::nullopt;
    const std::size_t id = name + aligned(header.n_namesz);
    if (id > notes.size() || header.n_descsz > notes.size() - id) return std::nullopt;
    if (header.n_type == NT_GNU_BUILD_ID && notes.compare(name, header.n_namesz, "GNU\0", 4) == 0 &&
        header.n_descsz <= kMostId) {
      static constexpr char kDigits[] = "0123456789abcdef";
      std::string text;
      for (std::size_t i = id; i < id + header.n_descsz; ++i) {
        const auto byte = static_cast<unsigned char>(notes[i]);
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
      }
      return text;
    }
    const std::size_t next = id + aligned(header.n_descsz);
    if (next > notes.size()) return std::nullopt;
    at = next;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ElfFacts> read_elf(int fd) {
  if (!is_plain_elf(fd)) return std::nullopt;
  elf_version(EV_CURRENT);
  // Not mapped: the file may be truncated under us, which would be a SIGBUS.
  const std::unique_ptr<Elf, int (*)(Elf*)> elf(elf_begin(fd, ELF_C_READ, nullptr), elf_end);
  GElf_Ehdr header;
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF || !gelf_getehdr(elf.get(), &header)) return std::nullopt;

  ElfFacts facts;
  facts.elf_class = header.e_ident[EI_CLASS];
  facts.data = header.e_ident[EI_DATA];
  facts.machine = header.e_machine;
  facts.type = header.e_type;
  if (header.e_phnum == 0) return facts;
  // The loader refuses any other size too.
  if (header.e_phentsize != gelf_fsize(elf.get(), ELF_T_PHDR, 1, EV_CURRENT)) return std::nullopt;

  std::vector<GElf_Phdr> loads;
  std::optional<GElf_Phdr> dynamic, interpreter;
  for (int i = 0; i < header.e_phnum; ++i) {
    GElf_Phdr segment;
    if (!gelf_getphdr(elf.get(), i, &segment)) return std::nullopt;
    if (segment.p_type == PT_NOTE && facts.build_id.empty() &&
        facts.data == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB))
      facts.build_id = read_build_id(fd, segment).value_or("");
    if (segment.p_type == PT_LOAD) loads.push_back(segment);
    if (segment.p_type == PT_DYNAMIC) dynamic = segment;                     // the loader takes the last
    if (segment.p_type == PT_INTERP && !interpreter) interpreter = segment;  // the kernel takes the first
  }
  if (interpreter) {
    const auto text = Strings(fd, {interpreter->p_offset, interpreter->p_filesz}).at(0, kMaxNameBytes);
    if (!text) return std::nullopt;
    facts.interpreter = *text;
  }
  if (dynamic) {
    facts.dynamic = true;
    if (!read_dynamic(fd, elf.get(), *dynamic, loads, facts)) return std::nullopt;
  }
  return facts;
}

bool is_static_program(const ElfFacts& facts) {
  return facts.interpreter.empty() && facts.needed.empty() &&
         (facts.type == ET_EXEC || (facts.type == ET_DYN && facts.position_independent_program));
}

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_386:
      return "i386";
    case EM_X86_64:
      return "x86-64";
    case EM_ARM:
      return "ARM";
    case EM_AARCH64:
      return "AArch64";
    case EM_PPC:
      return "PowerPC";
    case EM_PPC64:
      return "PowerPC64";
    case EM_S390:
      return "S/390";
    case EM_RISCV:
      return "RISC-V";
    default:
      return "machine " + std::to_string(machine);
  }
}

}  // namespace fromhost::core
