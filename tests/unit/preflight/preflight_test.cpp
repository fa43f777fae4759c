// SPDX-License-Identifier: Apache-2.0
// What can be known to go wrong is found before anything is written, all of it at once.
#include "core/preflight/preflight.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "core/host/linux_host.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/ordinary_user.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::FakeHost;
using test::TempImage;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PlannedFile planned(const std::string& source, const std::string& directory, FileRole role = FileRole::data) {
  PlannedFile file;
  file.source = HostPath(source);
  file.directory = ImagePath(directory);
  file.name = std::string(file.source.name());
  file.role = role;
  return file;
}

PlannedFile with_new_directory(PlannedFile file) {
  file.make_directory = true;
  return file;
}

std::string refusal(const Plan& plan, const TempImage& image, const HostSystem& host) {
  try {
    const ImageRoot root = image.open();
    stop_at_errors(check(plan, root, host).findings);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Preflight, CountsBytesAndReadsTheElfFactsOfWhatIsNoData) {
  FakeHost host;
  host.with_real_file("/host/libstdc++.so.6", test::a_real_library())
      .with_file("/host/tool", "#!/bin/sh\n", 0755);
  host.with_real_file("/host/data", test::a_real_library());
  const TempImage image = TempImage{}.with_directory("/usr/lib");
  Plan plan;
  plan.files = {planned("/host/libstdc++.so.6", "/usr/lib", FileRole::library),
                planned("/host/tool", "/usr/lib", FileRole::program), planned("/host/data", "/usr/lib")};
  const ImageRoot root = image.open();
  const Preflight found = check(plan, root, host);
  EXPECT_EQ(found.bytes, 2 * std::filesystem::file_size(test::a_real_library()) + 10);
  ASSERT_EQ(found.facts.size(), 3u);
  ASSERT_TRUE(found.facts[0]);
  EXPECT_EQ(found.facts[0]->soname, "libstdc++.so.6");
  EXPECT_FALSE(found.facts[1]);
  EXPECT_FALSE(found.facts[2]) << "nobody needs to look into data";
  EXPECT_THAT(found.findings, IsEmpty());
}

TEST(Preflight, WarnsOfAFileThatIsPlacedByItsPathAloneAndIsNothingOfTheKind) {
  struct Row {
    const char* name;
    const char* source;
    bool by_path_alone;
    bool warned;
  };
  const Row rows[] = {
      {"text named like a library", "/host/lib/readme", true, true},
      {"executable script", "/host/bin/script", true, false},
      {"ELF without the executable bit", "/host/lib/libx.so", true, false},
      {"somebody said what it is", "/host/lib/readme", false, false},
  };
  FakeHost host;
  host.with_file("/host/lib/readme", "text").with_file("/host/bin/script", "#!/bin/sh\n", 0755);
  host.with_real_file("/host/lib/libx.so", test::a_real_library());
  const TempImage image = TempImage{}.with_directory("/usr/lib");
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Plan plan;
    plan.files = {planned(row.source, "/usr/lib", FileRole::library)};
    plan.files[0].by_path_alone = row.by_path_alone;
    plan.files[0].rule = "path contains /lib";
    const ImageRoot root = image.open();
    const Preflight found = check(plan, root, host);
    if (row.warned) {
      ASSERT_EQ(found.findings.size(), 1u);
      EXPECT_EQ(found.findings[0].severity, Severity::warning);
      EXPECT_EQ(found.findings[0].problem.sentence(),
                "/host/lib/readme goes to /usr/lib because its path contains /lib, but it is neither ELF "
                "nor executable; --dest places it elsewhere");
    } else {
      EXPECT_THAT(found.findings, IsEmpty());
    }
  }
}

TEST(Preflight, AProgramThatNobodyMayRunIsToldOnce) {
  FakeHost host;
  host.with_file("/host/bin/text", "text").with_file("/host/bin/script", "#!/bin/sh\n", 0700);
  host.with_file("/host/bin/its-x-was-lost", "#!/bin/sh\n");
  host.with_real_file("/host/bin/elf", test::a_real_library());
  const TempImage image = TempImage{}.with_directory("/usr/bin").with_directory("/usr/lib");
  struct Row {
    const char* source;
    FileRole role;
    bool by_path_alone;
    const char* kind;  // "": no finding
  };
  const Row rows[] = {
      {"/host/bin/script", FileRole::program, true, ""},
      {"/host/bin/elf", FileRole::program, true, "not-executable"},
      {"/host/bin/elf", FileRole::library, true, ""},
      {"/host/bin/its-x-was-lost", FileRole::program, false, "not-executable"},
      {"/host/bin/its-x-was-lost", FileRole::program, true, "placed-by-path"},
      {"/host/bin/text", FileRole::program, false, ""},
      {"/host/bin/text", FileRole::program, true, "placed-by-path"},
      {"/host/bin/text", FileRole::data, false, ""},
  };
  const ImageRoot root = image.open();
  for (const Row& row : rows) {
    SCOPED_TRACE(row.source);
    Plan plan;
    plan.files = {planned(row.source, "/usr/bin", row.role)};
    plan.files[0].by_path_alone = row.by_path_alone;
    plan.files[0].rule = "path contains /bin";
    const auto findings = check(plan, root, host).findings;
    if (!*row.kind) {
      EXPECT_THAT(findings, IsEmpty());
    } else {
      ASSERT_EQ(findings.size(), 1u);
      EXPECT_EQ(to_string(findings[0].kind), row.kind);
      EXPECT_EQ(findings[0].severity, Severity::warning);
    }
  }
}

TEST(Preflight, OfAScriptAsMuchIsKeptAsTheKernelReads) {
  FakeHost host;
  const std::string line = "#!/bin/sh " + std::string(500, 'x');
  host.with_file("/host/bin/script", line, 0755).with_file("/host/bin/text", "text", 0755);
  const TempImage image = TempImage{}.with_directory("/usr/bin");
  Plan plan;
  plan.files = {planned("/host/bin/text", "/usr/bin", FileRole::program),
                planned("/host/bin/script", "/usr/bin", FileRole::program)};
  const ImageRoot root = image.open();
  const Preflight found = check(plan, root, host);
  EXPECT_THAT(found.scripts, ElementsAre(testing::Pair(1u, line.substr(0, 256))));
}

TEST(Preflight, ASourceThatCannotBeReadIsNamedWithTheReason) {
  FakeHost host;
  host.with_bad_file("/host/locked", EACCES).with_bad_file("/host/directory", EISDIR);
  const TempImage image;
  struct Row {
    const char* source;
    const char* said;
  };
  const Row rows[] = {
      {"/host/missing", "preflight: cannot inject: /host/missing: No such file or directory"},
      {"/host/locked", "preflight: cannot inject: /host/locked: Permission denied"},
      {"/host/directory", "preflight: cannot inject: /host/directory: Is a directory"},
  };
  for (const Row& row : rows) {
    Plan plan;
    plan.files = {planned(row.source, "/")};
    EXPECT_EQ(refusal(plan, image, host), row.said);
  }
}

TEST(Preflight, ASourceThatIsNoRegularFileIsNamedWithItsKindAndDoesNotHoldUs) {
  const TempImage files = TempImage{}.with_fifo("/fifo");
  Plan plan;
  plan.files = {planned(files.at("/fifo"), "/")};
  EXPECT_THAT(refusal(plan, TempImage{}, LinuxHost()), HasSubstr("not a regular file (FIFO)"));
}

TEST(Preflight, WhatStandsInTheWayIsNamed) {
  FakeHost host;
  host.with_file("/host/x", "x");
  TempImage image;
  image.with_file("/file").with_directory("/d/x").with_fifo("/p/x").with_file("/r/x").with_link("/l/x",
                                                                                                "/nowhere");
  image.with_link("/dangling", "nowhere")
      .with_link("/to_d", "/d")
      .with_link("/loop", "loop")
      .with_directory("/new");
  struct Row {
    const char* name;
    Plan plan;
    std::string said;  // "": nothing
  };
  const auto file = [](const char* directory) {
    Plan plan;
    plan.files = {planned("/host/x", directory)};
    return plan;
  };
  const auto data = [](const char* directory) {
    Plan plan;
    plan.files = {with_new_directory(planned("/host/x", directory))};
    return plan;
  };
  const auto directory = [](const char* path) {
    Plan plan;
    plan.directories = {{ImagePath(path), "", ""}};
    return plan;
  };
  const auto link = [](const char* path) {
    Plan plan;
    plan.links = {{ImagePath(path), "t", "", ""}};
    return plan;
  };
  const auto text = [](const char* path) {
    Plan plan;
    plan.texts = {{ImagePath(path), "t", ""}};
    return plan;
  };
  const std::string is_directory = ": the image has a directory of that name";
  const std::string is_special = ": the image has a special file there";
  const Row rows[] = {
      {"file, new name", file("/new"), ""},
      {"file over file", file("/r"), ""},
      {"file over a dangling link", file("/l"), ""},
      {"file over directory", file("/d"), "preflight: cannot inject: /d/x" + is_directory},
      {"file over directory through a link", file("/to_d"),
       "preflight: cannot inject: /to_d/x" + is_directory},
      {"file over FIFO", file("/p"), "preflight: cannot inject: /p/x" + is_special},
      {"file into a file", file("/file"), "preflight: not a directory: /file"},
      {"file into a missing directory", file("/nowhere"), "preflight: not a directory: /nowhere"},
      {"file into a loop", file("/loop"), "preflight: not a directory: /loop"},
      {"data into a directory to be made", data("/new/a/b"), ""},
      {"data into a directory below a file", data("/file/a"), "preflight: not a directory: /file"},
      {"data into a directory below a dangling link", data("/dangling/a"),
       "preflight: not a directory: /dangling"},
      {"directory, new", directory("/new/a/b"), ""},
      {"directory that is there", directory("/d"), ""},
      {"directory through a link", directory("/to_d"), ""},
      {"directory where a file is", directory("/file"), "preflight: not a directory: /file"},
      {"directory where a dangling link is", directory("/dangling"), "preflight: not a directory: /dangling"},
      {"link, new", link("/new/l"), ""},
      {"link over link", link("/dangling"), ""},
      {"link over file", link("/file"), ""},
      {"link over directory", link("/d"), "preflight: cannot inject: /d" + is_directory},
      {"link over FIFO", link("/p/x"), "preflight: cannot inject: /p/x" + is_special},
      {"text, new in a new directory", text("/new/etc/t"), ""},
      {"text over directory", text("/d"), "preflight: cannot inject: /d" + is_directory},
      {"text over FIFO", text("/p/x"), "preflight: cannot inject: /p/x" + is_special},
      {"text below a file", text("/file/t"), "preflight: not a directory: /file"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(refusal(row.plan, image, host), row.said);
  }
}

TEST(Preflight, EveryFindingIsToldAtOnce) {
  const TempImage image = TempImage{}.with_directory("/d/x").with_file("/file");
  FakeHost host;
  host.with_file("/host/x", "x");
  Plan plan;
  plan.files = {planned("/host/missing", "/"), planned("/host/x", "/d"), planned("/host/gone", "/nowhere")};
  plan.directories = {{ImagePath("/file"), "", ""}};
  EXPECT_EQ(refusal(plan, image, host),
            "preflight: cannot inject: /host/missing: No such file or directory\n"
            "preflight: cannot inject: /host/gone: No such file or directory\n"
            "preflight: cannot inject: /d/x: the image has a directory of that name\n"
            "preflight: not a directory: /nowhere\n"
            "preflight: not a directory: /file");
}

TEST(Preflight, WhatGoesIsCheckedWhereItGoes) {
  const TempImage image = TempImage{}.with_directory("/d").with_file("/file");
  Plan plan;
  plan.removals = {{ImagePath("/d/x"), "", false, "", ""},
                   {ImagePath("/d/gone/x"), "0", false, "", ""},
                   {ImagePath("/file/x"), "", false, "", ""}};
  const ImageRoot root = image.open();
  const auto found = check_undo(plan, root, FakeHost()).findings;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].problem.sentence(), "not a directory: /file");
  EXPECT_EQ(refusal(plan, image, FakeHost()), "preflight: not a directory: /file");
}

TEST(Preflight, MoreThanTheFileSystemHoldsIsRefusedInNumbers) {
  FakeHost host;
  host.with_huge_file("/host/huge", std::uint64_t{1} << 60);
  Plan plan;
  plan.files = {planned("/host/huge", "/")};
  const TempImage image;
  EXPECT_THAT(refusal(plan, image, host), testing::StartsWith("preflight: not enough space for the image: " +
                                                              image.root() + ": 1152921504608 MB needed, "));
}

TEST(Preflight, AnotherFileSystemInsideTheImageIsRefused) {
  const TempImage image = TempImage{}.with_directory("/mounted");
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", image.at("/mounted").c_str(), "tmpfs", 0, "size=1m") != 0)
      ::_exit(77);
    FakeHost host;
    host.with_file("/host/x", "x");
    Plan plan;
    plan.files = {planned("/host/x", "/mounted")};
    EXPECT_THAT(refusal(plan, image, host),
                HasSubstr("cannot write: /mounted: another file system is mounted there; unmount it"));
    plan.files = {with_new_directory(planned("/host/x", "/mounted/new/deep"))};
    EXPECT_THAT(refusal(plan, image, host), HasSubstr("another file system is mounted there"));
    if (::mount("tmpfs", image.at("/mounted").c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m") == 0) {
      // The image itself on a read-only file system.
      plan.files = {planned("/host/x", "/")};
      try {
        const ImageRoot root = ImageRoot::open(image.at("/mounted"));
        stop_at_errors(check(plan, root, host).findings);
        ADD_FAILURE() << "a read-only image passed";
      } catch (const Error& error) {
        EXPECT_THAT(error.what(),
                    HasSubstr("cannot write: /: Read-only file system; unpack the image where you may"));
      }
    }
    std::fflush(nullptr);
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "cannot mount a tmpfs here";
  EXPECT_EQ(WEXITSTATUS(status), 0) << "its failures are above";
}

TEST(Preflight, AnothersDirectoryIsRefusedWithTheOwnerBeforeAnythingIsWritten) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a directory of another user";
  const TempImage image = TempImage{}
                              .with_directory("/theirs")
                              .with_directory("/theirs_open", 0777)
                              .with_owner("", test::kNobody, test::kNobody);
  // The image's parent must be passed through by nobody.
  ASSERT_EQ(::chmod(std::filesystem::path(image.root()).parent_path().c_str(), 0755), 0);
  const bool possible = test::as_ordinary_user([&] {
    FakeHost host;
    host.with_file("/host/x", "x");
    Plan plan;
    plan.files = {planned("/host/x", "/theirs")};
    EXPECT_EQ(refusal(plan, image, host),
              "preflight: cannot write: /theirs: Permission denied; it belongs to user 0");
    plan.files = {planned("/host/x", "/theirs_open")};
    EXPECT_EQ(refusal(plan, image, host), "");
  });
  if (!possible) GTEST_SKIP() << "cannot become an ordinary user here";
}

TEST(Preflight, OurOwnUnwritableDirectoryIsNoProblem) {
  const bool possible = test::as_ordinary_user([] {
    const TempImage image = TempImage{}.with_directory("/ours/deep", 0555).with_mode("/ours", 0555);
    FakeHost host;
    host.with_file("/host/x", "x");
    Plan plan;
    plan.files = {planned("/host/x", "/ours/deep"), with_new_directory(planned("/host/x", "/ours/new"))};
    EXPECT_EQ(refusal(plan, image, host), "");
  });
  if (!possible) GTEST_SKIP() << "cannot become an ordinary user here";
}

TEST(Preflight, WritesNothing) {
  const TempImage image =
      TempImage{}.with_directory("/usr/lib", 0555).with_file("/usr/lib/x").with_old_times();
  FakeHost host;
  host.with_file("/host/x", "x");
  Plan plan;
  plan.files = {planned("/host/x", "/usr/lib"), with_new_directory(planned("/host/x", "/new/deep"))};
  plan.links = {{ImagePath("/l/m"), "t", "", ""}};
  const std::string before = image.tree({true, true});
  EXPECT_EQ(refusal(plan, image, host), "");
  EXPECT_EQ(image.tree({true, true}), before);
}

}  // namespace
}  // namespace fromhost::core
