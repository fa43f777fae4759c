// SPDX-License-Identifier: Apache-2.0
// What is remembered of ELF files: which file is another one, and how much there is room for.
#include "core/host/elf_memory.hpp"

#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/support/elf_bytes.hpp"

namespace fromhost::core {
namespace {

using test::elf64;

class OpenFile {
 public:
  explicit OpenFile(const std::string& bytes) : fd_(::memfd_create("elf", MFD_CLOEXEC)) { write(bytes); }
  void write(const std::string& bytes) const {
    EXPECT_EQ(::pwrite(fd_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  int fd() const { return fd_.get(); }
  struct stat status() const {
    struct stat facts {};
    EXPECT_EQ(::fstat(fd_.get(), &facts), 0);
    return facts;
  }

 private:
  UniqueFd fd_;
};

TEST(ElfMemory, KnownFileIsNotOpened) {
  const OpenFile file(elf64(EM_AARCH64));
  ElfMemory memory;
  int opened = 0;
  const auto open = [&] {
    ++opened;
    return UniqueFd(::dup(file.fd()));
  };
  for (int i = 0; i < 3; ++i) {
    const ElfMemory::Facts facts = memory.of(file.status(), open);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->machine, EM_AARCH64);
  }
  EXPECT_EQ(opened, 1);
}

TEST(ElfMemory, FileThatIsNoElfIsRememberedToo) {
  const OpenFile file("#!/bin/sh\n");
  ElfMemory memory;
  EXPECT_FALSE(memory.find(file.status()));
  EXPECT_FALSE(memory.read(file.fd(), file.status()));
  ASSERT_TRUE(memory.find(file.status()));
  EXPECT_FALSE(*memory.find(file.status()));
}

TEST(ElfMemory, AnyChangeOfTheIdentityIsAnotherFile) {
  const OpenFile file(elf64(EM_AARCH64));
  const struct stat was = file.status();
  ElfMemory memory;
  memory.read(file.fd(), was);
  ASSERT_TRUE(memory.find(was));
  struct Row {
    const char* name;
    void (*change)(struct stat&);
  };
  for (const Row& row : {Row{"device", [](struct stat& now) { ++now.st_dev; }},
                         Row{"inode", [](struct stat& now) { ++now.st_ino; }},
                         Row{"size", [](struct stat& now) { ++now.st_size; }},
                         Row{"time of modification", [](struct stat& now) { ++now.st_mtim.tv_nsec; }},
                         Row{"time of change", [](struct stat& now) { ++now.st_ctim.tv_nsec; }}}) {
    struct stat now = was;
    row.change(now);
    EXPECT_FALSE(memory.find(now)) << row.name;
  }
  struct stat looked_at = was;  // by somebody
  ++looked_at.st_atim.tv_sec;
  EXPECT_TRUE(memory.find(looked_at));
}

TEST(ElfMemory, ChangedFileIsReadAnew) {
  const OpenFile file(elf64(EM_AARCH64));
  ElfMemory memory;
  EXPECT_EQ(memory.read(file.fd(), file.status())->machine, EM_AARCH64);
  file.write(elf64(EM_X86_64) + "longer");
  EXPECT_EQ(memory.read(file.fd(), file.status())->machine, EM_X86_64);
}

TEST(ElfMemory, WhatIsOpenedCountsNotWhatWasThereBefore) {
  const OpenFile before(elf64(EM_AARCH64)), swapped(elf64(EM_X86_64));
  ElfMemory memory;
  const auto facts = memory.of(before.status(), [&] { return UniqueFd(::dup(swapped.fd())); });
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->machine, EM_X86_64);
  EXPECT_FALSE(memory.find(before.status()));
  EXPECT_TRUE(memory.find(swapped.status()));
}

TEST(ElfMemory, FileThatCannotBeOpenedIsNoElf) {
  const OpenFile file(elf64(EM_AARCH64));
  ElfMemory memory;
  EXPECT_FALSE(memory.of(file.status(), [] { return UniqueFd(); }));
}

TEST(ElfMemory, FullOneStillReads) {
  std::vector<OpenFile> files;
  for (int i = 0; i < 20; ++i) files.emplace_back(elf64(EM_AARCH64));
  ElfMemory memory(4096);
  std::size_t kept = 0;
  for (const OpenFile& file : files) {
    EXPECT_TRUE(memory.read(file.fd(), file.status()));
    kept += memory.find(file.status()) ? 1 : 0;
  }
  EXPECT_GT(kept, 0u);
  EXPECT_LT(kept * sizeof(ElfFacts), 4096u);
}

TEST(ElfMemory, FactsAreCountedWithAllTheirTexts) {
  ElfFacts facts;
  const std::size_t empty = bytes_of(facts);
  facts.needed = {std::string(1000, 'n')};
  facts.versions = {std::string(2000, 'v')};
  facts.version_needs = {{std::string(3000, 'l'), std::string(4000, 'w'), false}};
  facts.runpath = std::string(5000, 'r');
  EXPECT_GE(bytes_of(facts), empty + 15000);
}

}  // namespace
}  // namespace fromhost::core
