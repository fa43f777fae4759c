// SPDX-License-Identifier: Apache-2.0
// ELF: what the loader would read of a file, by its program headers, a few pieces of it. Never mapped, never
// executed; libelf knows the other byte order.
#include "core/host/elf_file.hpp"

#include <elf.h>
#include <libelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>

#include "core/host/our_machine.hpp"

namespace fromhost::core {
namespace {

// Far above what linkers write; they bound the memory that a hostile file can make us use.
constexpr std::uint64_t kMaxDynamicBytes = 1u << 20;
constexpr std::size_t kMaxNeeded = 4096;
constexpr std::uint64_t kMaxVersionBytes = 1u << 16;
constexpr std::size_t kMaxVersions = 4096;
constexpr std::size_t kMostNotes = 16;         // segments of them; linkers write one or two
constexpr std::uint64_t kMaxNameBytes = 4096;  // PATH_MAX: a longer name cannot be opened
constexpr std::uint64_t kMaxSearchPathBytes =
    65536;                                        // stores with one directory a package fill some thousands
constexpr std::size_t kMaxNamesBytes = 1u << 20;  // all names of one file together
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

/// A piece of the file. What belongs together lies together, so that one call reads all of it: the headers,
/// the notes and, of a small program, the names are in the first piece.
class Piece {
 public:
  /// What lies in `first` is not read again.
  explicit Piece(int fd, const Piece* first = nullptr) : fd_(fd), first_(first) {}
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;

  /// What is there from `offset` on, until something else is asked for: `wanted` bytes (at most kBytes) or
  /// more; fewer where the file ends.
  std::string_view at(std::uint64_t offset, std::size_t wanted) {
    if (first_)
      if (const std::string_view known = first_->known(offset); known.size() >= wanted) return known;
    if (const std::string_view known = this->known(offset); known.size() >= wanted) return known;
    start_ = offset;
    size_ = read_at(fd_, bytes_.data(), bytes_.size(), offset);
    return {bytes_.data(), size_};
  }

  static constexpr std::size_t kBytes = 8192;

 private:
  std::string_view known(std::uint64_t offset) const {
    if (offset < start_ || offset - start_ >= size_) return {};
    return std::string_view(bytes_.data(), size_).substr(static_cast<std::size_t>(offset - start_));
  }

  const int fd_;
  const Piece* const first_;
  std::uint64_t start_ = 0;
  std::size_t size_ = 0;
  std::array<char, kBytes> bytes_;
};

/// Strings of a part of the file. A string table is not worth reading for the few that we want; but those lie
/// together.
class Strings {
 public:
  Strings(Piece& piece, Range range) : piece_(piece), range_(range) {}

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
      if (total_ > kMaxNamesBytes) return std::nullopt;
      if (length < piece.size() && text.size() < most) return text;
    }
    return std::nullopt;
  }

 private:
  /// What is there of the range from `start` on, at least a byte; empty where the file or the range ends.
  std::string_view piece_at(std::uint64_t start) {
    if (start > kMaxOffset || range_.offset > kMaxOffset - start) return {};
    return piece_.at(range_.offset + start, 1).substr(0, range_.bytes - start);
  }

  Piece& piece_;
  const Range range_;
  std::size_t total_ = 0;
};

Elf64_Ehdr widened(const Elf32_Ehdr& from) {
  Elf64_Ehdr wide{};
  std::memcpy(wide.e_ident, from.e_ident, sizeof wide.e_ident);
  wide.e_type = from.e_type;
  wide.e_machine = from.e_machine;
  wide.e_phoff = from.e_phoff;
  wide.e_shoff = from.e_shoff;
  wide.e_phentsize = from.e_phentsize;
  wide.e_phnum = from.e_phnum;
  wide.e_shnum = from.e_shnum;
  return wide;
}
Elf64_Phdr widened(const Elf32_Phdr& from) {
  return {from.p_type,  from.p_flags,  from.p_offset, from.p_vaddr,
          from.p_paddr, from.p_filesz, from.p_memsz,  from.p_align};
}
Elf64_Dyn widened(const Elf32_Dyn& from) {
  Elf64_Dyn wide{};
  wide.d_tag = from.d_tag;
  wide.d_un.d_val = from.d_un.d_val;
  return wide;
}
template <typename Struct>
Struct widened(const Struct& from) {
  return from;
}

/// How a file writes its structures.
struct Encoding {
  unsigned char elf_class = 0;
  unsigned char data = 0;

  template <typename Narrow, typename Wide>
  std::size_t size() const {
    return elf_class == ELFCLASS32 ? sizeof(Narrow) : sizeof(Wide);
  }

  /// A structure of either class, in our byte order; nullopt where the bytes end.
  template <typename Narrow, typename Wide>
  std::optional<Wide> read(std::string_view bytes, Elf_Type type) const {
    return elf_class == ELFCLASS32 ? as<Narrow, Wide>(bytes, type, elf32_xlatetom)
                                   : as<Wide, Wide>(bytes, type, elf64_xlatetom);
  }

 private:
  template <typename Struct, typename Wide>
  std::optional<Wide> as(std::string_view bytes, Elf_Type type, decltype(elf64_xlatetom) translate) const {
    if (bytes.size() < sizeof(Struct)) return std::nullopt;
    Struct found;
    std::memcpy(&found, bytes.data(), sizeof found);
    if (data == kOurData) return widened(found);
    Elf_Data from{}, to{};
    Struct ours;
    from.d_buf = &found;
    to.d_buf = &ours;
    from.d_type = to.d_type = type;
    from.d_version = to.d_version = EV_CURRENT;
    from.d_size = to.d_size = sizeof found;
    if (!translate(&to, &from, data)) return std::nullopt;
    return widened(ours);
  }
};

/// How an ELF file is written; nullopt: this is none.
std::optional<Encoding> encoding_of(std::string_view bytes) {
  if (bytes.size() < EI_NIDENT || bytes.substr(0, SELFMAG) != std::string_view(ELFMAG, SELFMAG))
    return std::nullopt;
  const auto ident = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const Encoding found{ident(EI_CLASS), ident(EI_DATA)};
  if (found.elf_class != ELFCLASS32 && found.elf_class != ELFCLASS64) return std::nullopt;
  if (found.data != ELFDATA2LSB && found.data != ELFDATA2MSB) return std::nullopt;
  return ident(EI_VERSION) == EV_CURRENT ? std::optional(found) : std::nullopt;
}

/// Both fields that have their true value elsewhere (PN_XNUM; no section count but a section table) occur in
/// core dumps and giant object files only.
bool has_extended_counts(const Elf64_Ehdr& header) {
  return header.e_phnum == PN_XNUM || (header.e_shnum == 0 && header.e_shoff != 0);
}

/// Where the bytes of a virtual address are in the file; bytes past p_filesz are zeros, not file content.
std::optional<Range> in_file(const std::vector<Elf64_Phdr>& loads, std::uint64_t address) {
  for (const Elf64_Phdr& load : loads) {
    if (address < load.p_vaddr || address - load.p_vaddr >= load.p_filesz || load.p_offset > kMaxOffset)
      continue;
    const std::uint64_t skipped = address - load.p_vaddr;
    if (skipped > kMaxOffset - load.p_offset) return std::nullopt;
    return Range{load.p_offset + skipped, load.p_filesz - skipped};
  }
  return std::nullopt;
}

/// A version table, from an address to the end of its segment, within bounds.
class VersionTable {
 public:
  VersionTable(int fd, Piece& piece, const std::vector<Elf64_Phdr>& loads, std::uint64_t address) : fd_(fd) {
    if (const auto range = in_file(loads, address)) range_ = *range;
    range_.bytes = std::min(range_.bytes, kMaxVersionBytes);
    bytes_ = piece.at(range_.offset, 1).substr(0, static_cast<std::size_t>(range_.bytes));
  }

  template <typename Struct>
  std::optional<Struct> at(std::size_t offset) {
    if (offset > range_.bytes || range_.bytes - offset < sizeof(Struct)) return std::nullopt;
    // The linker's are some hundred bytes. All of a larger one, since its lists may lead to and fro.
    if (whole_.empty() && (offset > bytes_.size() || bytes_.size() - offset < sizeof(Struct))) {
      whole_.resize(static_cast<std::size_t>(range_.bytes));
      whole_.resize(read_at(fd_, whole_.data(), whole_.size(), range_.offset));
      bytes_ = whole_;
    }
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(Struct)) return std::nullopt;
    Struct found;
    std::memcpy(&found, bytes_.data() + offset, sizeof found);
    return found;
  }

 private:
  const int fd_;
  Range range_;
  std::string_view bytes_;  // in the piece, or all of them
  std::string whole_;
};

/// DT_VERNEED: a list of libraries, each with a list of versions. The structs are the same for both classes.
/// Offsets are forward only and entries are counted, so that a hostile list ends.
template <typename Name>
void read_version_needs(VersionTable&& table, Name name, ElfFacts& facts) {
  std::size_t entries = 0;
  for (std::size_t at = 0;;) {
    const auto library = table.at<Elf64_Verneed>(at);
    if (!library) return;
    const auto soname = name(library->vn_file);
    std::size_t version_at = at + library->vn_aux;
    for (unsigned i = 0; i < library->vn_cnt; ++i) {
      const auto version = table.at<Elf64_Vernaux>(version_at);
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
void read_versions(VersionTable&& table, Name name, ElfFacts& facts) {
  std::size_t entries = 0;
  for (std::size_t at = 0; ++entries <= kMaxVersions;) {
    const auto version = table.at<Elf64_Verdef>(at);
    if (!version) return;
    const auto first = table.at<Elf64_Verdaux>(at + version->vd_aux);
    if (first && (version->vd_flags & VER_FLG_BASE) == 0)
      if (const auto text = name(first->vda_name)) facts.versions.push_back(*text);
    if (version->vd_next == 0) return;
    at += version->vd_next;
  }
}

/// What is read of one file, piece by piece.
struct Source {
  explicit Source(int file) : fd(file), first(file), names(file, &first), tables(file, &first) {}
  const int fd;
  Piece first;   ///< its beginning
  Piece names;   ///< strings
  Piece tables;  ///< whatever else: PT_DYNAMIC, versions, notes
};

/// Fills in what PT_DYNAMIC says; false if it is malformed. Where a tag is repeated the last one counts, as
/// in glibc.
bool read_dynamic(Source& source, const Encoding& encoding, std::uint64_t file_bytes,
                  const Elf64_Phdr& segment, const std::vector<Elf64_Phdr>& loads, ElfFacts& facts) {
  const std::size_t entry_bytes = encoding.size<Elf32_Dyn, Elf64_Dyn>();
  if (segment.p_filesz > kMaxDynamicBytes || segment.p_offset > kMaxOffset) return false;
  const std::size_t entries = static_cast<std::size_t>(segment.p_filesz) / entry_bytes;
  if (entries == 0) return false;
  if (segment.p_offset > file_bytes || entries * entry_bytes > file_bytes - segment.p_offset) return false;

  std::optional<std::uint64_t> table, table_bytes, soname, rpath, runpath, version_needs, versions;
  std::vector<std::uint64_t> needed;
  for (std::size_t i = 0; i < entries; ++i) {
    const auto found = encoding.read<Elf32_Dyn, Elf64_Dyn>(
        source.tables.at(segment.p_offset + i * entry_bytes, entry_bytes), ELF_T_DYN);
    if (!found) return false;
    const Elf64_Dyn& entry = *found;
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
  Strings strings(source.names, *table_range);
  const auto take = [&](const std::optional<std::uint64_t>& start, std::uint64_t limit, std::string& into) {
    if (!start) return true;
    std::optional<std::string> text = strings.at(*start, limit);
    if (text) into = std::move(*text);
    return text.has_value();
  };
  for (std::uint64_t start : needed)
    if (!take(start, kMaxNameBytes, facts.needed.emplace_back())) return false;
  const auto name = [&](std::uint64_t start) { return strings.at(start, kMaxNameBytes); };
  if (version_needs && facts.data == kOurData)
    read_version_needs(VersionTable(source.fd, source.tables, loads, *version_needs), name, facts);
  if (versions && facts.data == kOurData)
    read_versions(VersionTable(source.fd, source.tables, loads, *versions), name, facts);
  return take(soname, kMaxNameBytes, facts.soname) && take(rpath, kMaxSearchPathBytes, facts.rpath) &&
         take(runpath, kMaxSearchPathBytes, facts.runpath);
}

/// The build-id among the notes of a segment, if it is there. A linker writes few and small ones.
std::optional<std::string> read_build_id(Piece& piece, const Elf64_Phdr& segment) {
  constexpr std::size_t kMostBytes = 4096, kMostId = 64;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(segment.p_filesz, kMostBytes));
  const std::string_view notes = piece.at(segment.p_offset, wanted).substr(0, wanted);
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
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? read_elf(fd, status) : std::nullopt;
}

std::optional<ElfFacts> read_elf(int fd, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  // Not mapped: the file may be truncated under us, which would be a SIGBUS.
  Source source(fd);
  const std::string_view beginning = source.first.at(0, sizeof(Elf64_Ehdr));
  const auto encoding = encoding_of(beginning);
  if (!encoding) return std::nullopt;
  elf_version(EV_CURRENT);
  const auto header = encoding->read<Elf32_Ehdr, Elf64_Ehdr>(beginning, ELF_T_EHDR);
  if (!header || has_extended_counts(*header)) return std::nullopt;

  ElfFacts facts;
  facts.elf_class = encoding->elf_class;
  facts.data = encoding->data;
  facts.machine = header->e_machine;
  facts.type = header->e_type;
  if (header->e_phnum == 0) return facts;
  // The loader refuses any other size too.
  const std::size_t entry_bytes = encoding->size<Elf32_Phdr, Elf64_Phdr>();
  if (header->e_phoff == 0 || header->e_phoff > kMaxOffset || header->e_phentsize != entry_bytes)
    return std::nullopt;

  std::vector<Elf64_Phdr> loads, notes;
  std::optional<Elf64_Phdr> dynamic, interpreter;
  for (std::size_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = encoding->read<Elf32_Phdr, Elf64_Phdr>(
        source.tables.at(header->e_phoff + i * entry_bytes, entry_bytes), ELF_T_PHDR);
    if (!segment) return std::nullopt;
    if (segment->p_type == PT_NOTE && notes.size() < kMostNotes) notes.push_back(*segment);
    if (segment->p_type == PT_LOAD) loads.push_back(*segment);
    if (segment->p_type == PT_DYNAMIC) dynamic = segment;                     // the loader takes the last
    if (segment->p_type == PT_INTERP && !interpreter) interpreter = segment;  // the kernel takes the first
  }
  if (facts.data == kOurData)
    for (const Elf64_Phdr& one : notes)
      if (facts.build_id.empty()) facts.build_id = read_build_id(source.tables, one).value_or("");
  if (interpreter) {
    const auto text =
        Strings(source.names, {interpreter->p_offset, interpreter->p_filesz}).at(0, kMaxNameBytes);
    if (!text) return std::nullopt;
    facts.interpreter = *text;
  }
  if (dynamic) {
    facts.dynamic = true;
    if (!read_dynamic(source, *encoding, static_cast<std::uint64_t>(status.st_size), *dynamic, loads, facts))
      return std::nullopt;
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
