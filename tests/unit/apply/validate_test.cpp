// SPDX-License-Identifier: Apache-2.0
// After ldconfig: each injected library is what the image's loader finds, or the run ends.
#include "core/apply/validate.hpp"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "core/error.hpp"
#include "tests/support/cache_bytes.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::cache_bytes;
using test::TempImage;
using testing::HasSubstr;

class Validate : public testing::Test {
 protected:
  Validate() { image_.with_link("/lib", "usr/lib").with_directory("/usr/lib").with_directory("/opt/other"); }

  /// Puts a library into the image as if it had been injected.
  void inject(const std::string& directory, const std::string& name, const std::string& soname) {
    image_.with_library((directory == "/lib" ? "/usr/lib" : directory) + "/" + name);
    PlannedFile file;
    file.source = HostPath("/host/" + name);
    file.directory = ImagePath(directory);
    file.name = name;
    file.role = FileRole::library;
    plan_.files.push_back(file);
    ElfFacts facts;
    facts.elf_class = ELFCLASS64;
    facts.machine = EM_X86_64;
    facts.dynamic = true;
    facts.soname = soname;
    preflight_.facts.emplace_back(facts);
  }
  void cached(const std::string& soname, const std::string& path) {
    entries_.push_back({soname, path, *cache_flags(EM_X86_64, ELFCLASS64), 0});
  }
  /// What is wrong; "" if nothing.
  std::string verdict() {
    image_.with_file("/etc/ld.so.cache", cache_bytes(entries_));
    const ImageRoot root = image_.open();
    try {
      looked_up_ = validate(plan_, preflight_, root, {ImagePath("/lib"), ImagePath("/usr/lib")});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  TempImage image_;
  Plan plan_;
  Preflight preflight_;
  std::vector<LdSoCacheEntry> entries_;
  std::size_t looked_up_ = 0;
};

TEST_F(Validate, ALibraryThatTheCacheNamesIsFound) {
  inject("/usr/lib", "libfoo.so.1.2", "libfoo.so.1");
  image_.with_link("/usr/lib/libfoo.so.1", "libfoo.so.1.2");
  cached("libfoo.so.1", "/lib/libfoo.so.1");
  EXPECT_EQ(verdict(), "");
}

TEST_F(Validate, ALibraryThatIsNotInTheCacheIsAProblem) {
  inject("/usr/lib", "libfoo.so.1.2", "libfoo.so.1");
  EXPECT_EQ(
      verdict(),
      "validate: the image's loader does not find libfoo.so.1 from /usr/lib/libfoo.so.1.2: it is not in the "
      "image's ld.so.cache after ldconfig");
}

TEST_F(Validate, AnotherFileUnderItsSonameIsAProblemWithTheWayOut) {
  inject("/usr/lib", "libfoo.so.1.2", "libfoo.so.1");
  image_.with_library("/opt/other/libfoo.so.1.9").with_link("/opt/other/libfoo.so.1", "libfoo.so.1.9");
  cached("libfoo.so.1", "/opt/other/libfoo.so.1");
  cached("libfoo.so.1", "/usr/lib/libfoo.so.1.2");
  EXPECT_EQ(verdict(),
            "validate: the image's loader does not find libfoo.so.1 from /usr/lib/libfoo.so.1.2: it finds "
            "/opt/other/libfoo.so.1.9; remove that one from the image, or put --dest /opt/other before "
            "/host/libfoo.so.1.2");
}

TEST_F(Validate, ACacheThatLeadsNowhereIsAProblem) {
  inject("/usr/lib", "libfoo.so.1", "libfoo.so.1");
  cached("libfoo.so.1", "/gone/libfoo.so.1");
  EXPECT_THAT(verdict(), HasSubstr("it finds /gone/libfoo.so.1"));
}

TEST_F(Validate, TheSameBytesUnderAnotherNameAreNoProblem) {
  inject("/usr/lib", "libfoo.so", "libfoo.so.1");
  image_.with_file("/usr/lib/libfoo.so.1.0", image_.content("/usr/lib/libfoo.so"));
  cached("libfoo.so.1", "/usr/lib/libfoo.so.1.0");
  EXPECT_EQ(verdict(), "");
  image_.with_file("/usr/lib/libfoo.so.1.0", image_.content("/usr/lib/libfoo.so") + "x");
  EXPECT_THAT(verdict(), HasSubstr("it finds /usr/lib/libfoo.so.1.0; remove that one from the image"));
}

TEST_F(Validate, AnotherFileOfTheSameRunIsNoProblem) {
  inject("/usr/lib", "libfoo.so.1.1", "libfoo.so.1");
  inject("/usr/lib", "libfoo.so.1.0", "libfoo.so.1");
  cached("libfoo.so.1", "/usr/lib/libfoo.so.1.1");
  EXPECT_EQ(verdict(), "");
}

TEST_F(Validate, CountsWhatItLookedUp) {
  inject("/usr/lib", "libfoo.so.1", "libfoo.so.1");
  inject("/usr/lib", "libbar.so.1", "libbar.so.1");
  inject("/opt/other", "libnot.so.1", "libnot.so.1");
  cached("libfoo.so.1", "/usr/lib/libfoo.so.1");
  cached("libbar.so.1", "/usr/lib/libbar.so.1");
  EXPECT_EQ(verdict(), "");
  EXPECT_EQ(looked_up_, 2u);
}

TEST_F(Validate, AnotherMachinesEntryDoesNotHelp) {
  inject("/usr/lib", "libfoo.so.1", "libfoo.so.1");
  entries_.push_back({"libfoo.so.1", "/usr/lib/libfoo.so.1", *cache_flags(EM_AARCH64, ELFCLASS64), 0});
  EXPECT_THAT(verdict(), HasSubstr("it is not in the image's ld.so.cache"));
}

TEST_F(Validate, WithoutSonameTheFilesNameCounts) {
  inject("/usr/lib", "libfoo.so", "");
  EXPECT_THAT(verdict(), HasSubstr("does not find libfoo.so from"));
  cached("libfoo.so", "/usr/lib/libfoo.so");
  EXPECT_EQ(verdict(), "");
}

TEST_F(Validate, TheDirectoryMayBeReachedByAnotherName) {
  inject("/lib", "libfoo.so.1", "libfoo.so.1");
  EXPECT_THAT(verdict(), HasSubstr("does not find libfoo.so.1")) << "it is one of ldconfig's directories";
  cached("libfoo.so.1", "/usr/lib/libfoo.so.1");
  EXPECT_EQ(verdict(), "");
}

TEST_F(Validate, WhatLdconfigDoesNotLookAtIsNotAskedFor) {
  struct Row {
    const char* name;
    std::function<void(PlannedFile&, Seldom<ElfFacts>&)> change;
  };
  const Row rows[] = {
      {"not a library", [](PlannedFile& f, Seldom<ElfFacts>&) { f.role = FileRole::program; }},
      {"not ELF", [](PlannedFile&, Seldom<ElfFacts>& e) { e = std::nullopt; }},
      {"not dynamic", [](PlannedFile&, Seldom<ElfFacts>& e) { e->dynamic = false; }},
      {"a plugin's name", [](PlannedFile& f, Seldom<ElfFacts>&) { f.name = "foo.so"; }},
      {"in a directory that ldconfig does not scan",
       [](PlannedFile& f, Seldom<ElfFacts>&) { f.directory = ImagePath("/opt/other"); }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    plan_.files.clear();
    preflight_.facts.clear();
    inject("/usr/lib", "libfoo.so.1", "libfoo.so.1");
    EXPECT_NE(verdict(), "") << "or this test proves nothing";
    row.change(plan_.files[0], preflight_.facts[0]);
    EXPECT_EQ(verdict(), "");
  }
}

TEST_F(Validate, EachProblemIsToldInThePlansOrder) {
  inject("/usr/lib", "libz.so.1", "libz.so.1");
  inject("/usr/lib", "libgood.so.1", "libgood.so.1");
  inject("/usr/lib", "liba.so.1", "liba.so.1");
  cached("libgood.so.1", "/usr/lib/libgood.so.1");
  const std::string said = verdict();
  EXPECT_LT(said.find("libz.so.1 from"), said.find("liba.so.1 from"));
  EXPECT_EQ(said.find("libgood"), std::string::npos);
}

TEST_F(Validate, AMissingCacheFindsNothing) {
  inject("/usr/lib", "libfoo.so.1", "libfoo.so.1");
  const ImageRoot root = image_.open();
  EXPECT_THROW(validate(plan_, preflight_, root, {ImagePath("/usr/lib")}), Error);
}

}  // namespace
}  // namespace fromhost::core
