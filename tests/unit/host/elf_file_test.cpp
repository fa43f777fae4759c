// SPDX-License-Identifier: Apache-2.0
// ELF files: the machine's own, ones made here by the compiler, and all the ways in which one of those can be
// broken.
#include "core/host/elf_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/host/unique_fd.hpp"

namespace fromhost::core {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class TempDirectory {
 public:
  TempDirectory() {
    std::string name = (fs::temp_directory_path() / "elf_file_test.XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TempDirectory() { fs::remove_all(path_); }
  fs::path operator/(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

std::optional<ElfFacts> read_elf_at(const fs::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_TRUE(fd) << path;
  return read_elf(fd.get());
}

/// The bytes as a file of their own.
std::optional<ElfFacts> read_elf_of(const std::string& bytes) {
  const UniqueFd fd(::memfd_create("elf", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return read_elf(fd.get());
}

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Compiles a library without libc; small, so that each of its bytes can be tried.
fs::path library(const TempDirectory& directory, const char* name, const std::string& options) {
  const fs::path path = directory / name;
  const std::string command = "echo 'int f(void) { return 1; }' | cc -x c -shared -fPIC -nostdlib -s -o '" +
                              path.string() + "' - " + options;
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return path;
}

/// Small libraries with all that is read of one: names; symbol versions, defined and needed; a build-id.
const std::vector<std::string>& small_libraries() {
  static const std::vector<std::string> all = [] {
    const TempDirectory directory;
    const std::string small = "-Wl,-z,max-page-size=512 -Wl,-z,noseparate-code ";
    std::ofstream((directory / "map").c_str()) << "SMALL_1 { global: f; local: *; }; SMALL_2 {} SMALL_1;";
    const std::string map = "-Wl,--version-script=" + (directory / "map").string();
    return std::vector{
        content(library(directory, "liba.so",
                        small + "-Wl,-soname,libsmall.so.1 -Wl,--enable-new-dtags,-rpath,/small "
                                "-Wl,--build-id=none")),
        content(library(directory, "libb.so",
                        small + "-Wl,-soname,libsmall.so.1 -Wl,--no-as-needed -lc -Wl,--build-id " + map)),
        content(library(directory, "libc.so",
                        small + "-Wl,-soname,libsmall.so.1 -Wl,--hash-style=sysv "
                                "-Wl,--disable-new-dtags,-rpath,/old"))};
  }();
  return all;
}

std::string small_library() {
  static const std::string bytes = [] {
    const TempDirectory directory;
    return content(library(directory, "libsmall.so",
                           "-Wl,-soname,libsmall.so.1 -Wl,-z,max-page-size=512 -Wl,-z,noseparate-code "
                           "-Wl,--enable-new-dtags,-rpath,/small -Wl,--build-id=none"));
  }();
  return bytes;
}

template <typename Header>
void change_header(std::string& bytes, const auto& change) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  change(header);
  std::memcpy(bytes.data(), &header, sizeof header);
}

/// Changes the first entry of this tag in a 64-bit library of our byte order.
void change_dynamic(std::string& bytes, std::int64_t tag, const auto& change) {
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes.data() + header.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_type != PT_DYNAMIC) continue;
    for (std::size_t at = segment.p_offset; at < segment.p_offset + segment.p_filesz;
         at += sizeof(Elf64_Dyn)) {
      Elf64_Dyn entry;
      std::memcpy(&entry, bytes.data() + at, sizeof entry);
      if (entry.d_tag != tag) continue;
      change(entry);
      std::memcpy(bytes.data() + at, &entry, sizeof entry);
      return;
    }
  }
  FAIL() << "no such tag";
}

TEST(ElfFile, ShellHasInterpreterAndNeedsLibc) {
  const auto shell = read_elf_at(fs::canonical("/bin/sh"));
  ASSERT_TRUE(shell);
  const auto ourselves = read_elf_at("/proc/self/exe");
  ASSERT_TRUE(ourselves);
  EXPECT_EQ(shell->machine, ourselves->machine);
  EXPECT_EQ(shell->elf_class, sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32);
  EXPECT_TRUE(fs::exists(shell->interpreter)) << shell->interpreter;
  EXPECT_TRUE(shell->dynamic);
  EXPECT_EQ(shell->soname, "");
  EXPECT_EQ(std::count(shell->needed.begin(), shell->needed.end(), "libc.so.6"), 1);
}

TEST(ElfFile, LibcTellsItsSoname) {
  // Mapped into this very process, so its path is known.
  std::ifstream maps("/proc/self/maps");
  std::string line, path;
  while (path.empty() && std::getline(maps, line))
    if (line.ends_with("/libc.so.6")) path = line.substr(line.find('/'));
  ASSERT_NE(path, "");
  const auto libc = read_elf_at(path);
  ASSERT_TRUE(libc);
  EXPECT_EQ(libc->soname, "libc.so.6");
  EXPECT_EQ(libc->type, ET_DYN);
}

TEST(ElfFile, LibraryTellsSonameNeededAndRunpath) {
  const TempDirectory directory;
  const fs::path first = library(directory, "liba.so", "-Wl,-soname,liba.so.1");
  const fs::path second = library(directory, "libb.so", "");
  const auto facts =
      read_elf_at(library(directory, "libc.so",
                          "-Wl,-soname,libc.so.3 -Wl,--enable-new-dtags,-rpath,'$ORIGIN/../x:/y' " +
                              ("-Wl,--no-as-needed -L" + first.parent_path().string()) + " -la -lb"));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->soname, "libc.so.3");
  // A library without a soname is needed by the name that the linker found it under.
  EXPECT_EQ(facts->needed, (Names{"liba.so.1", "libb.so"}));
  EXPECT_EQ(facts->runpath, "$ORIGIN/../x:/y");
  EXPECT_EQ(facts->rpath, "");
  EXPECT_EQ(facts->interpreter, "");
  EXPECT_EQ(facts->type, ET_DYN);
  EXPECT_TRUE(facts->dynamic);
}

TEST(ElfFile, OldTagIsRpathNotRunpath) {
  const TempDirectory directory;
  const auto facts = read_elf_at(library(directory, "liba.so", "-Wl,--disable-new-dtags,-rpath,/old"));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->rpath, "/old");
  EXPECT_EQ(facts->runpath, "");
}

TEST(ElfFile, SearchPathOfSomeThousandBytesIsReadInFull) {
  const TempDirectory directory;
  std::string path;
  for (int i = 0; i < 200; ++i) path += "/opt/store/package-" + std::to_string(i) + "-0123456789abcdef/lib:";
  path.pop_back();
  const auto facts = read_elf_at(library(directory, "liba.so", "-Wl,--enable-new-dtags,-rpath," + path));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->runpath, path);
}

TEST(ElfFile, MissingSectionHeadersDoNotMatter) {
  std::string bytes = small_library();
  change_header<Elf64_Ehdr>(bytes, [](Elf64_Ehdr& header) {
    header.e_shoff = 0;
    header.e_shnum = header.e_shstrndx = 0;
  });
  const auto facts = read_elf_of(bytes);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->soname, "libsmall.so.1");
  EXPECT_EQ(facts->runpath, "/small");
}

TEST(ElfFile, OffsetOfTheDescriptorDoesNotMatter) {
  const TempDirectory directory;
  const UniqueFd fd(::open(library(directory, "liba.so", "").c_str(), O_RDONLY | O_CLOEXEC));
  ::lseek(fd.get(), 100, SEEK_SET);
  EXPECT_TRUE(read_elf(fd.get()));
}

TEST(ElfFile, ObjectFileHasFactsButNothingDynamic) {
  const TempDirectory directory;
  const auto facts = read_elf_at(library(directory, "a.o", "-c"));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->type, ET_REL);
  EXPECT_FALSE(facts->dynamic);
}

TEST(ElfFile, FileOfTheOtherByteOrderAndClassIsRead) {
  Elf32_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2MSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = __builtin_bswap16(ET_DYN);
  header.e_machine = __builtin_bswap16(EM_PPC);
  header.e_version = __builtin_bswap32(EV_CURRENT);
  const auto facts = read_elf_of(std::string(reinterpret_cast<const char*>(&header), sizeof header));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->elf_class, ELFCLASS32);
  EXPECT_EQ(facts->data, ELFDATA2MSB);
  EXPECT_EQ(facts->machine, EM_PPC);
  EXPECT_EQ(facts->type, ET_DYN);
}

TEST(ElfFile, WhatIsNoRegularElfFileHasNoFacts) {
  const TempDirectory directory;
  ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
  EXPECT_FALSE(read_elf_at(directory / "fifo"));
  EXPECT_FALSE(read_elf_at(directory / "."));
  EXPECT_FALSE(read_elf_at("/dev/zero"));
  EXPECT_FALSE(read_elf(-1));
  EXPECT_FALSE(read_elf_of(""));
  EXPECT_FALSE(read_elf_of("\177ELF"));
  EXPECT_FALSE(read_elf_of("#!/bin/sh\nexit 0\n" + std::string(100, '\n')));
  // An archive may hold ELF files, but is none.
  EXPECT_FALSE(read_elf_of("!<arch>\n" + std::string(100, ' ')));
}

TEST(ElfFile, EveryTruncationIsSurvived) {
  for (const std::string& whole : small_libraries()) {
    ASSERT_TRUE(read_elf_of(whole));
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
      const auto facts = read_elf_of(whole.substr(0, bytes));
      EXPECT_TRUE(!facts || facts->soname == "libsmall.so.1") << bytes;
    }
  }
}

TEST(ElfFile, EveryFlippedByteIsSurvived) {
  for (std::string bytes : small_libraries()) {
    const UniqueFd file(::memfd_create("elf", MFD_CLOEXEC));
    ASSERT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (const int flip : {0x01, 0x80, 0xff}) {
        const char flipped = static_cast<char>(bytes[at] ^ flip);
        ASSERT_EQ(::pwrite(file.get(), &flipped, 1, static_cast<off_t>(at)), 1);
        read_elf(file.get());
      }
      ASSERT_EQ(::pwrite(file.get(), &bytes[at], 1, static_cast<off_t>(at)), 1);
    }
    EXPECT_TRUE(read_elf(file.get())) << "whole again";
  }
}

TEST(ElfFile, CountsKeptElsewhereAreRefusedBeforeMemoryIsAskedFor) {
  std::string sections = small_library();
  change_header<Elf64_Ehdr>(sections, [&](Elf64_Ehdr& header) {
    header.e_shnum = 0;
    Elf64_Shdr first{};
    first.sh_size = 0xfffffff0;  // a terabyte of libelf's descriptors
    header.e_shoff = sections.size();
    sections.append(reinterpret_cast<const char*>(&first), sizeof first);
  });
  EXPECT_FALSE(read_elf_of(sections));

  std::string segments = small_library();
  change_header<Elf64_Ehdr>(segments, [](Elf64_Ehdr& header) { header.e_phnum = PN_XNUM; });
  EXPECT_FALSE(read_elf_of(segments));
}

TEST(ElfFile, LyingDynamicEntriesAreMalformed) {
  struct Row {
    const char* name;
    std::int64_t tag;
    std::uint64_t value;
  };
  for (const Row& row :
       {Row{"soname past the strings", DT_SONAME, 1u << 30},
        Row{"soname past everything", DT_SONAME, ~std::uint64_t{0}},
        Row{"runpath past the strings", DT_RUNPATH, ~std::uint64_t{0} - 16},
        Row{"strings at no segment", DT_STRTAB, 1ull << 40},
        Row{"strings at the end of memory", DT_STRTAB, ~std::uint64_t{0}}, Row{"no strings", DT_STRSZ, 0}}) {
    std::string bytes = small_library();
    change_dynamic(bytes, row.tag, [&](Elf64_Dyn& entry) { entry.d_un.d_val = row.value; });
    EXPECT_FALSE(read_elf_of(bytes)) << row.name;
  }
}

TEST(ElfFile, StringThatDoesNotEndWithinItsTableIsMalformed) {
  std::string bytes = small_library();
  std::uint64_t start = 0;
  change_dynamic(bytes, DT_SONAME, [&](const Elf64_Dyn& entry) { start = entry.d_un.d_val; });
  change_dynamic(bytes, DT_STRSZ, [&](Elf64_Dyn& entry) { entry.d_un.d_val = start + 3; });
  EXPECT_FALSE(read_elf_of(bytes));
}

TEST(ElfFile, HugeStringSizeIsCutToTheSegment) {
  std::string bytes = small_library();
  change_dynamic(bytes, DT_STRSZ, [](Elf64_Dyn& entry) { entry.d_un.d_val = ~std::uint64_t{0}; });
  const auto facts = read_elf_of(bytes);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->soname, "libsmall.so.1");
}

TEST(ElfFile, MachinesHaveNames) {
  EXPECT_EQ(machine_name(EM_X86_64), "x86-64");
  EXPECT_EQ(machine_name(EM_AARCH64), "AArch64");
  EXPECT_EQ(machine_name(0xfffe), "machine 65534");
}

}  // namespace
}  // namespace fromhost::core
