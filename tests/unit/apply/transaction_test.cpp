// SPDX-License-Identifier: Apache-2.0
// What a transaction does to an image, and says; transaction_faults_test.cpp has what happens when it fails.
#include "core/apply/transaction.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "core/apply/recovery.hpp"
#include "core/error.hpp"
#include "core/host/interruption.hpp"
#include "tests/support/transaction_scene.hpp"

namespace fromhost::core {
namespace {

using test::Attempt;
using test::attempt;
using test::comparable;
using test::End;
using test::FailingFileOperations;
using test::FakeHost;
using test::full_plan;
using test::host_with_files;
using test::image_for;
using test::Job;
using test::kAllTimes;
using test::kVariants;
using test::old_image;
using test::planned;
using test::TempImage;
using test::Variant;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class TransactionTest : public test::Everybody {
 protected:
  const Manifest nothing_{};
};

TEST_F(TransactionTest, WithoutAFailureTheImageIsTheNewOne) {
  as_everybody([] {
    for (const Variant& variant : kVariants) {
      SCOPED_TRACE(variant.name);
      const TempImage image = old_image(variant);
      const std::string outside = image.outside();
      const Attempt result = attempt(Job::first_injection, image);
      ASSERT_TRUE(result.succeeded) << result.said;
      EXPECT_GT(result.calls.size(), 50u) << "or the fault loops prove little";
      EXPECT_EQ(image.outside(), outside);
      EXPECT_EQ(image.content("/usr/lib/libold.so.1"), "new library\n");
      EXPECT_EQ(image.content("/usr/lib/libnew.so.2.0"), "newer\n");
      EXPECT_EQ(image.content("/usr/share/readonly/data"), "new data\n");
      EXPECT_EQ(image.content("/usr/share/fresh/deeper/more"), "more data\n");
      EXPECT_EQ(image.content("/opt/new/deep/more"), "more data\n");
      EXPECT_EQ(image.content("/opt/target"), "behind a link\n") << "wrote through a link";
      EXPECT_EQ(image.content("/opt/link_to_file"), "over a link\n");
      EXPECT_EQ(image.content("/etc/ld.so.conf"), "/opt/lib\ninclude /etc/ld.so.conf.d/*.conf\n");
      EXPECT_EQ(image.content("/etc/ld.so.cache"), "new cache\n");
      EXPECT_EQ(std::filesystem::read_symlink(image.at("/opt/current")), "releases/2");
      EXPECT_EQ(std::filesystem::read_symlink(image.at("/opt/new/links/first")), "/usr/lib");
      EXPECT_EQ(image.status("/usr/bin/tool").st_mode & 07777, 0755u);
      EXPECT_EQ(image.status("/etc/ld.so.conf").st_mode & 07777, 0640u);
      EXPECT_EQ(image.status("/usr/share/fresh/deeper").st_mode & 07777, 0755u);
      EXPECT_EQ(image.status("/usr/share/readonly").st_mode & 07777, 0555u);
      EXPECT_EQ(std::filesystem::read_symlink(image.at("/usr/lib/libnew.so.2")), "libnew.so.2.0");
      EXPECT_THAT(image.tree(), Not(HasSubstr("/.ch-fromhost"))) << "leaves its work directory";
    }
  });
}

TEST_F(TransactionTest, ANextInjectionTakesThePlaceOfTheOneBefore) {
  as_everybody([] {
    for (const Variant& variant : kVariants) {
      SCOPED_TRACE(variant.name);
      const TempImage image = image_for(Job::next_injection, variant);
      ASSERT_EQ(attempt(Job::next_injection, image).said, "");
      EXPECT_EQ(image.content("/usr/lib/libold.so.1"), "next library\n");
      EXPECT_EQ(image.content("/usr/bin/tool"), "old tool\n") << "the image's own comes back";
      EXPECT_EQ(image.status("/usr/bin/tool").st_mode & 07777, 0700u);
      EXPECT_FALSE(std::filesystem::exists(image.at("/usr/share/readonly/more")));
      EXPECT_EQ(image.content("/usr/lib/libnote.so"), "a note, to become a link\n");
      EXPECT_EQ(image.content("/opt/newer/data"), "next data\n");
    }
  });
}

TEST_F(TransactionTest, AnUndoGivesTheImageBeforeTheFirstInjectionBack) {
  as_everybody([] {
    for (const bool twice : {false, true})
      for (const Variant& variant : kVariants) {
        SCOPED_TRACE(std::string(variant.name) + (twice ? ", injected twice" : ""));
        const TempImage image = image_for(Job::undo, variant);
        if (twice) {
          ASSERT_EQ(attempt(Job::next_injection, image).said, "");
        }
        ASSERT_EQ(attempt(Job::undo, image).said, "");
        EXPECT_EQ(image.tree({false, true}), old_image(variant).tree({false, true}));
      }
  });
}

TEST_F(TransactionTest, StagingIsInvisibleOutsideItsOwnDirectoryWhichOthersCannotRead) {
  const TempImage image = old_image();
  const std::string before = image.tree();
  const FakeHost host = host_with_files();
  const ImageRoot root = image.open();
  FileOperations files;
  Transaction transaction(root, files, nothing_);
  transaction.stage(full_plan(), host);
  std::string now, work, line;
  for (std::istringstream lines(image.tree()); std::getline(lines, line);)
    (line.compare(0, 14, "/.ch-fromhost-") == 0 ? work : now) += line + "\n";
  EXPECT_EQ(now, before);
  EXPECT_THAT(work.substr(0, work.find('\n')), HasSubstr(" d 0700 "));
}

TEST_F(TransactionTest, TheObserverIsToldEachFileAndItsBytes) {
  const TempImage image = old_image();
  const FakeHost host = host_with_files();
  const ImageRoot root = image.open();
  FileOperations files;
  Transaction transaction(root, files, nothing_);
  const Plan plan = full_plan();
  std::vector<std::string> begun;
  std::map<std::string, std::uint64_t> bytes;
  transaction.stage(plan, host, [&](const HostPath& source, std::uint64_t piece) {
    if (piece == 0) begun.push_back(source.text());
    bytes[source.text()] += piece;
  });
  ASSERT_EQ(begun.size(), plan.files.size());
  for (std::size_t i = 0; i < begun.size(); ++i) EXPECT_EQ(begun[i], plan.files[i].source.text());
  std::map<std::string, std::uint64_t> staged;
  for (std::size_t i = 0; i < begun.size(); ++i) staged[begun[i]] += transaction.files()[i].facts.size;
  EXPECT_EQ(bytes, staged);
}

TEST_F(TransactionTest, TheJournalIsOnDiskBeforeTheFirstVisibleChange) {
  FailingFileOperations files;
  const TempImage image = old_image();
  test::inject(image.open(), files, full_plan(), host_with_files(), End::commit);
  const auto at = [&](const std::string& call, auto from) {
    return std::find_if(from, files.calls.end(), [&](const std::string& one) { return one == call; });
  };
  const auto journal = at("rename journal.new journal", files.calls.begin());
  ASSERT_NE(journal, files.calls.end());
  ASSERT_GT(journal - files.calls.begin(), 1);
  EXPECT_EQ(*(journal - 1), "sync") << "its bytes";
  EXPECT_EQ(*(journal + 1), "sync") << "its name";
  EXPECT_EQ(*(journal + 2), "sync") << "its directory's name";
  // Outside the work directory, nothing was renamed before.
  const auto visible = [](const std::string& call) {
    return call.compare(0, 8, "rename n") == 0 || call == "hard_link";
  };
  EXPECT_EQ(std::count_if(files.calls.begin(), journal, visible), 0);
  EXPECT_GT(std::count_if(journal, files.calls.end(), visible), 10);
  EXPECT_EQ(std::count(files.calls.begin(), files.calls.end(), "sync"), 4)
      << "the files' own bytes are not waited for";
}

TEST_F(TransactionTest, WithSyncEveryFileIsOnDiskBeforeTheCommit) {
  const TempImage image = old_image();
  const FakeHost host = host_with_files();
  const ImageRoot root = image.open();
  FailingFileOperations files;
  Transaction transaction(root, files, nothing_, true);
  transaction.stage(full_plan(), host);
  EXPECT_EQ(static_cast<std::size_t>(std::count(files.calls.begin(), files.calls.end(), "sync")),
            full_plan().files.size() + full_plan().texts.size());
  transaction.apply();
  const auto before = std::count(files.calls.begin(), files.calls.end(), "sync");
  transaction.commit();
  const auto done = std::find(files.calls.begin(), files.calls.end(), "rename journal done");
  EXPECT_GT(std::count(files.calls.begin(), done, "sync"), before) << "the directories, too";
}

TEST_F(TransactionTest, DoesNothingUntilItStages) {
  const TempImage image = old_image();
  const std::string before = image.tree(kAllTimes);
  const ImageRoot root = image.open();
  FailingFileOperations files;
  { const Transaction transaction(root, files, nothing_); }
  EXPECT_THAT(files.calls, ElementsAre());
  EXPECT_EQ(image.tree(kAllTimes), before);
}

TEST_F(TransactionTest, SaysWhatItDroppedOfWhichFile) {
  const TempImage image = old_image();
  const FakeHost host = host_with_files();
  const ImageRoot root = image.open();
  FileOperations files;
  Transaction transaction(root, files, nothing_);
  EXPECT_THAT(transaction.stage(full_plan(), host), ElementsAre("/host/tool: setuid bit not kept"));
}

TEST_F(TransactionTest, ASourceThatIsGoneByNowIsNamed) {
  const TempImage image = old_image();
  const std::string before = image.tree(kAllTimes);
  const ImageRoot root = image.open();
  FileOperations files;
  try {
    Transaction transaction(root, files, nothing_);
    transaction.stage(full_plan(), FakeHost());
    FAIL() << "staged a file that is not there";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "apply: cannot inject: /host/libold.so.1: No such file or directory");
  }
  EXPECT_EQ(image.tree(kAllTimes), before);
}

TEST_F(TransactionTest, AFullDiskIsToldWithTheGoodNews) {
  const TempImage image = old_image();
  const Attempt reference = attempt(Job::first_injection, old_image());
  const auto copy = std::find(reference.calls.begin(), reference.calls.end(), "copy");
  ASSERT_NE(copy, reference.calls.end());
  const int n = static_cast<int>(copy - reference.calls.begin()) + 1;
  EXPECT_EQ(attempt(Job::first_injection, image, {n, ENOSPC, false}).said,
            "apply: cannot inject: /host/libold.so.1: No space left on device; the image is as it was");
}

TEST_F(TransactionTest, AFailedChangeNamesTheFileInTheImage) {
  const Attempt reference = attempt(Job::first_injection, old_image());
  const auto rename = std::find(reference.calls.begin(), reference.calls.end(), "rename n0 libold.so.1");
  ASSERT_NE(rename, reference.calls.end());
  const int n = static_cast<int>(rename - reference.calls.begin()) + 1;
  EXPECT_THAT(attempt(Job::first_injection, old_image(), {n, EIO, false}).said,
              HasSubstr("apply: cannot write: /usr/lib/libold.so.1: Input/output error"));
}

TEST_F(TransactionTest, AReplacedFileIsANewOneSoThatWhoHasItOpenKeepsTheOld) {
  const TempImage image = old_image();
  const UniqueFd in_use(::open(image.at("/usr/lib/libold.so.1").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(attempt(Job::first_injection, image).succeeded);
  EXPECT_EQ(read_all(in_use.get(), 100, "old"), "old library\n");
  EXPECT_EQ(image.content("/usr/lib/libold.so.1"), "new library\n");
}

TEST_F(TransactionTest, AnotherNameOfAReplacedFileKeepsTheOldContent) {
  const TempImage image = old_image();
  std::filesystem::create_hard_link(image.at("/usr/lib/libold.so.1"), image.at("/opt/same"));
  ASSERT_TRUE(attempt(Job::first_injection, image).succeeded);
  EXPECT_EQ(image.content("/opt/same"), "old library\n");
}

TEST_F(TransactionTest, GivenBackAFileIsTheVerySameOne) {
  const TempImage image = old_image();
  std::filesystem::create_hard_link(image.at("/usr/lib/libold.so.1"), image.at("/opt/same"));
  const struct stat before = image.status("/usr/lib/libold.so.1");
  attempt(Job::first_injection, image, {}, End::none);
  EXPECT_TRUE(same_file(image.status("/usr/lib/libold.so.1"), before));
  EXPECT_EQ(image.status("/usr/lib/libold.so.1").st_nlink, 2u);
}

TEST_F(TransactionTest, DirectoriesInWhichNothingStaysKeepTheirTimes) {
  as_everybody([] {
    const TempImage image = old_image(kVariants[2]);
    const auto seconds = [&](const char* path) { return image.status(path).st_mtim.tv_sec; };
    const auto long_ago = seconds("");
    ASSERT_TRUE(attempt(Job::first_injection, image).succeeded);
    EXPECT_GT(seconds(""), long_ago) << "/ch is new";
    EXPECT_EQ(seconds("/root"), long_ago);
    EXPECT_GT(seconds("/usr/lib"), long_ago);
    EXPECT_GT(seconds("/opt"), long_ago);
  });
}

TEST_F(TransactionTest, RootGivesDirectoriesOfOthersTheirTimesBack) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may do that";
  TempImage image = old_image();
  for (const char* path : {"", "/usr/lib", "/usr/bin", "/etc", "/opt"})
    image.with_owner(path, test::kNobody, test::kNobody);
  const std::string before = image.tree(kAllTimes);
  attempt(Job::first_injection, image, {}, End::none);
  EXPECT_EQ(image.tree(kAllTimes), before);
}

TEST_F(TransactionTest, ATextKeepsModeAndOwnerOfTheFileThatItReplaces) {
  TempImage image = old_image();
  if (::geteuid() == 0) image.with_owner("/etc/ld.so.conf", 1234, 5678);
  const struct stat before = image.status("/etc/ld.so.conf");
  ASSERT_TRUE(attempt(Job::first_injection, image).succeeded);
  const struct stat after = image.status("/etc/ld.so.conf");
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_uid, before.st_uid);
  EXPECT_EQ(after.st_gid, before.st_gid);
}

TEST_F(TransactionTest, ADestinationThatLeadsOutOfTheImageStaysInside) {
  TempImage image = old_image();
  image.with_directory("/outside")
      .with_link("/opt/out", "../../../outside")
      .with_link("/usr/share/fresh", image.beside("outside"));
  const std::string outside = image.outside();
  Plan plan;
  plan.files = {planned("/host/data", "/opt/out", "data")};
  const FakeHost host = host_with_files();
  const ImageRoot root = image.open();
  FileOperations files;
  {
    Transaction transaction(root, files, nothing_);
    transaction.stage(plan, host);
    transaction.apply();
    transaction.commit();
  }
  EXPECT_EQ(image.content("/outside/data"), "new data\n");
  // An absolute link out leads nowhere inside: refused, and the old image given back.
  const std::string before = image.tree();
  EXPECT_FALSE(attempt(Job::first_injection, image).succeeded);
  EXPECT_EQ(image.tree(), before);
  EXPECT_EQ(image.outside(), outside);
}

TEST_F(TransactionTest, ADirectoryAtADestinationIsRefusedSinceNoHardLinkCouldGiveItBack) {
  const TempImage image = TempImage{}.with_directory("/srv/x/inside").with_directory("/etc/ld.so.cache");
  const std::string before = image.tree(kAllTimes);
  const ImageRoot root = image.open();
  FileOperations files;
  {
    Transaction transaction(root, files, nothing_);
    EXPECT_THROW(transaction.stage_link({ImagePath("/srv/x"), "y", "", ""}), std::exception);
  }
  {
    Transaction transaction(root, files, nothing_);
    EXPECT_THROW(transaction.stage_cache(), std::exception);
  }
  EXPECT_EQ(image.tree(kAllTimes), before);
}

TEST_F(TransactionTest, ASignalThatArrivesMeanwhileGivesTheOldImageBack) {
  struct Row {
    const char* name;
    int signal;
    int stages;  // that pass before it arrives
  };
  const Row rows[] = {
      {"before staging", SIGINT, 0}, {"before applying", SIGTERM, 1}, {"before the commit", SIGHUP, 2}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const TempImage image = old_image();
    const std::string before = image.tree(kAllTimes);
    const FakeHost host = host_with_files();
    const Plan plan = full_plan();
    const ImageRoot root = image.open();
    FileOperations files;
    const HeldSignals held;
    const auto arrives = [&](int stage) {
      if (stage == row.stages) ::raise(row.signal);
    };
    std::string said;
    try {
      Transaction transaction(root, files, nothing_);
      arrives(0);
      transaction.stage(plan, host);
      arrives(1);
      transaction.apply();
      arrives(2);
      transaction.commit();
    } catch (const Error& error) {
      said = error.what();
    }
    // Taken away here, since it would end the tests when it is let through.
    sigset_t waiting;
    sigemptyset(&waiting);
    sigaddset(&waiting, row.signal);
    const struct timespec now = {0, 0};
    EXPECT_EQ(::sigtimedwait(&waiting, nullptr, &now), row.signal);
    EXPECT_THAT(said, HasSubstr("apply: interrupted"));
    EXPECT_EQ(image.tree(kAllTimes), before);
  }
}

TEST_F(TransactionTest, WhicheverCallFailsWhileSeveralFilesAreCopiedTheOldImageComesBack) {
  FakeHost host;
  Plan plan;
  for (int i = 0; i < 6; ++i) {
    const std::string name = "libhuge" + std::to_string(i) + ".so";
    host.with_huge_file("/host/" + name, 20u << 20);  // nothing but holes
    plan.files.push_back(test::planned("/host/" + name, "/usr/lib", name));
  }
  const TempImage image = old_image();
  const std::string before = image.tree(kAllTimes);
  const ImageRoot root = image.open();
  int tried = 0;
  for (int n = 1;; ++n, ++tried) {
    SCOPED_TRACE("call " + std::to_string(n));
    FailingFileOperations files({n, EIO, false});
    std::string said;
    try {
      Transaction transaction(root, files, nothing_);
      transaction.stage(plan, host);
      transaction.apply();
    } catch (const Error& error) {
      said = error.what();
    }
    ASSERT_EQ(image.tree(kAllTimes), before);
    if (said.empty()) break;
  }
  EXPECT_GT(tried, 30);
}

TEST_F(TransactionTest, ACommittedTransactionIsNotRolledBack) {
  const TempImage image = old_image();
  const FakeHost host = host_with_files();
  Plan plan;
  plan.files = {planned("/host/data", "/opt", "data")};
  const ImageRoot root = image.open();
  FailingFileOperations files;
  std::size_t calls = 0;
  {
    Transaction transaction(root, files, nothing_);
    transaction.stage(plan, host);
    transaction.apply();
    transaction.commit();
    calls = files.calls.size();
  }
  EXPECT_EQ(files.calls.size(), calls) << "the destructor did something";
  EXPECT_EQ(image.content("/opt/data"), "new data\n");
}

TEST_F(TransactionTest, MadeDirectoriesHaveTheirModeWhateverTheUmask) {
  const mode_t before = ::umask(0077);
  const TempImage image = old_image();
  const Attempt result = attempt(Job::first_injection, image);
  ::umask(before);
  ASSERT_TRUE(result.succeeded) << result.said;
  EXPECT_EQ(image.status("/opt/new/deep").st_mode & 07777, 0755u);
  EXPECT_EQ(image.status("/etc/ld.so.conf.d/ch-fromhost.conf").st_mode & 07777, 0644u);
}

}  // namespace
}  // namespace fromhost::core
