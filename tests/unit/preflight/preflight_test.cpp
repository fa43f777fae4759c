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
#include <functional>

#include "core/host/linux_host.hpp"
#include "core/preflight/destinations.hpp"
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

/// `visit_all` foretells.
std::vector<Finding> looked_at(const Plan& plan, const ImageRoot& root,
                               const std::function<void(const ChangeVisitor&)>& visit_all) {
  Destinations destinations(plan, root);
  visit_all([&](Change&& change) { destinations.look_at(change); });
  return destinations.take_findings();
}

std::vector<Finding> looked_at(const Plan& plan, const ImageRoot& root, const HostSystem& host) {
  Preflight preflight = check(plan, root, host);
  for (Finding& one : looked_at(plan, root, [&](const ChangeVisitor& visit) {
         visit_injection(plan, preflight, {}, root, false, visit);
       }))
    preflight.findings.push_back(std::move(one));
  check_space(preflight, plan, root);
  return preflight.findings;
}

std::string refusal(const Plan& plan, const TempImage& image, const HostSystem& host) {
  try {
    const ImageRoot root = image.open();
    stop_at_errors(looked_at(plan, root, host));
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
      {"/host/directory",
       "preflight: cannot inject: /host/directory: Is a directory; list the files themselves"},
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
  const std::string way_out = "; remove it from the image";
  const Row rows[] = {
      {"file, new name", file("/new"), ""},
      {"file over file", file("/r"), ""},
      {"file over a dangling link", file("/l"), ""},
      {"file over directory", file("/d"), "preflight: cannot inject: /d/x" + is_directory},
      {"file over directory through a link", file("/to_d"), "preflight: cannot inject: /d/x" + is_directory},
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
      {"text over directory", text("/d"), "preflight: cannot write: /d" + is_directory + way_out},
      {"text over FIFO", text("/p/x"), "preflight: cannot write: /p/x" + is_special + way_out},
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
            "preflight: not a directory: /nowhere\n"
            "preflight: not a directory: /file\n"
            "preflight: cannot inject: /d/x: the image has a directory of that name");
}

TEST(Preflight, WhatGoesIsCheckedWhereItGoes) {
  const TempImage image = TempImage{}.with_directory("/d").with_file("/file");
  Plan plan;
  plan.removals = {{ImagePath("/d/x"), "", false, "", ""},
                   {ImagePath("/d/gone/x"), "0", false, "", ""},
                   {ImagePath("/file/x"), "1", false, "", ""}};
  const ImageRoot root = image.open();
  const auto findings = looked_at(plan, root, [&](const ChangeVisitor& visit) {
    visit_undo({plan, {}}, {}, root, false, visit);
  });
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].problem.sentence(), "not a directory: /file");
}

TEST(Preflight, EveryNameThatARunWritesIsLookedAtByTheSameRule) {
  const std::string cache = "/etc/ld.so.cache", manifest = kManifest, archive = kArchive;
  struct Row {
    const char* name;
    std::string path;  // a directory, or a FIFO, lies there
    std::string said;
    std::string said_of_fifo;
  };
  const std::string directory = ": the image has a directory of that name";
  const std::string special = ": the image has a special file there";
  const std::string way_out = "; remove it from the image";
  const auto both = [&](const std::string& what, const std::string& end) {
    return std::pair("preflight: " + what + directory + end, "preflight: " + what + special + end);
  };
  const auto row = [&](const char* name, const std::string& path, const std::string& what,
                       const std::string& end) {
    const auto [said, of_fifo] = both(what, end);
    return Row{name, path, said, of_fifo};
  };
  const auto parent = [&](const char* name, const std::string& path) {
    return Row{name, path, "", "preflight: not a directory: " + path};
  };
  const Row rows[] = {
      row("file", "/srv/x", "cannot inject: /srv/x", ""),
      row("link", "/srv/l", "cannot inject: /srv/l", ""),
      row("link by soname", "/srv/s.so.1", "cannot inject: /srv/s.so.1", ""),
      row("text", "/etc/ld.so.conf.d/t", "cannot write: /etc/ld.so.conf.d/t", way_out),
      row("cache", cache, "cannot write: " + cache, way_out),
      row("manifest", manifest, "cannot write: " + manifest, way_out),
      Row{"kept in the archive", archive + "/7", "", ""},  // the next number is taken
      parent("ch", "/ch"),
      parent("ch/fromhost", "/ch/fromhost"),
      parent("archive", archive),
      parent("ld.so.conf.d", "/etc/ld.so.conf.d"),
  };
  FakeHost host;
  host.with_file("/host/x", "x");
  Plan plan;
  plan.files = {planned("/host/x", "/srv"), planned("/host/x", "/opt")};
  plan.links = {{ImagePath("/srv/l"), "x", "", ""}};
  plan.texts = {{ImagePath("/etc/ld.so.conf.d/t"), "t", ""}};
  Manifest known;
  known.next_kept = 7;
  for (const Row& one : rows)
    for (const bool fifo : {false, true}) {
      SCOPED_TRACE(std::string(one.name) + (fifo ? ", FIFO" : ", directory"));
      TempImage image = TempImage{}.with_directory("/srv").with_directory("/etc").with_file("/opt/x", "own");
      const std::filesystem::path at = image.at(one.path);
      std::filesystem::create_directories(fifo ? at.parent_path() : at);
      if (fifo) {
        ASSERT_EQ(::mkfifo(at.c_str(), 0644), 0);
      }
      const ImageRoot root = image.open();
      Preflight preflight = check(plan, root, host);
      preflight.soname_links = {{ImagePath("/srv/s.so.1"), "s.so.1.0", "", ""}};
      std::string said;
      for (const Finding& finding : looked_at(plan, root, [&](const ChangeVisitor& visit) {
             visit_injection(plan, preflight, known, root, true, visit);
           }))
        said += (said.empty() ? "" : "\n") + finding.problem.text();
      EXPECT_EQ(said, fifo ? one.said_of_fifo : one.said);
    }
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
    // 1048576 bytes: too few for what a run needs besides.
    plan.files = {planned("/host/x", "/")};
    {
      const ImageRoot root = ImageRoot::open(image.at("/mounted"));
      Preflight preflight = check(plan, root, host);
      check_space(preflight, plan, root);
      EXPECT_EQ(preflight.findings.size(), 1u);
      EXPECT_EQ(preflight.findings.empty() ? "" : preflight.findings[0].problem.sentence(),
                "not enough space for the image: " + image.at("/mounted") +
                    ": 2 MB needed, 1 MB free; free some, or unpack the image where there is more");
    }
    std::filesystem::create_directory(image.at("/mounted/new"));
    if (::mount("tmpfs", image.at("/mounted").c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m") == 0) {
      // The image itself on a read-only file system.
      plan.files = {planned("/host/x", "/"), planned("/host/x", "/new")};
      try {
        const ImageRoot root = ImageRoot::open(image.at("/mounted"));
        stop_at_errors(looked_at(plan, root, host));
        ADD_FAILURE() << "a read-only image passed";
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("cannot write: the image, " + image.at("/mounted") +
                                            ": Read-only file system; unpack the image where you may"));
        EXPECT_THAT(error.what(), testing::Not(HasSubstr("cannot write: /new")));  // it is once for all
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
