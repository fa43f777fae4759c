// SPDX-License-Identifier: Apache-2.0
// The invariant above all: whatever fails, and whenever, the image is afterwards the old one or the new one.
#include "core/apply/transaction.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "core/apply/interruption.hpp"
#include "core/error.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/log_capture.hpp"
#include "tests/support/ordinary_user.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::FakeHost;
using test::TempImage;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr test::Times kAllTimes = {true, true};
constexpr int kErrors[] = {EIO, ENOSPC, EACCES, EPERM};

/// Which calls fail, counted from 1; 0: none.
struct Failure {
  int first = 0;
  int error = EIO;
  bool persistent = false;
};

/// The real calls, less those that fail; they leave no trace.
class FailingFileOperations : public FileOperations {
 public:
  explicit FailingFileOperations(Failure failure = {}) : failure_(failure) {}
  std::vector<std::string> calls;  // ledger
  bool failed = false;

  UniqueFd create(int directory, const std::string& name) override {
    count("create");
    return FileOperations::create(directory, name);
  }
  void copy(int from, int to) override {
    count("copy");
    FileOperations::copy(from, to);
  }
  void write(int to, const std::string& bytes) override {
    count("write");
    FileOperations::write(to, bytes);
  }
  void make_directory(int parent, const std::string& name, mode_t mode) override {
    count("make_directory");
    FileOperations::make_directory(parent, name, mode);
  }
  void make_link(int directory, const std::string& name, const std::string& target) override {
    count("make_link");
    FileOperations::make_link(directory, name, target);
  }
  void rename(int from, const std::string& old_name, int to, const std::string& new_name) override {
    count("rename");
    FileOperations::rename(from, old_name, to, new_name);
  }
  void hard_link(int from, const std::string& old_name, int to, const std::string& new_name) override {
    count("hard_link");
    FileOperations::hard_link(from, old_name, to, new_name);
  }
  void remove(int directory, const std::string& name) override {
    count("remove");
    FileOperations::remove(directory, name);
  }
  void remove_directory(int parent, const std::string& name) override {
    count("remove_directory");
    FileOperations::remove_directory(parent, name);
  }
  void change_mode(int fd, mode_t mode) override {
    count("change_mode");
    FileOperations::change_mode(fd, mode);
  }
  bool change_owner(int fd, uid_t user, gid_t group) override {
    count("change_owner");
    return FileOperations::change_owner(fd, user, group);
  }
  void change_times(int fd, const struct timespec& access, const struct timespec& modification) override {
    count("change_times");
    FileOperations::change_times(fd, access, modification);
  }
  bool set_attribute(int fd, const std::string& name, const std::string& value) override {
    count("set_attribute");
    return FileOperations::set_attribute(fd, name, value);
  }

 private:
  void count(const char* call) {
    calls.emplace_back(call);
    const int number = static_cast<int>(calls.size());
    if (failure_.first == 0 || number < failure_.first || (number > failure_.first && !failure_.persistent))
      return;
    failed = true;
    throw std::system_error(failure_.error, std::generic_category(), call);
  }
  Failure failure_;
};

/// What differs between the images that the loops run on.
struct Variant {
  const char* name;
  bool staging_parent;   // /ch/fromhost is there already
  bool auxiliary_cache;  // /var/cache/ldconfig is there already
  bool unwritable;       // no directory is writable
  bool cache_in_place;   // the simulated ldconfig writes the cache in place, not by rename
};
constexpr Variant kVariants[] = {
    {"fresh image", false, false, false, false},
    {"image that was injected into before", true, true, false, true},
    {"unwritable image", false, true, true, true},
    {"unwritable image that was injected into before", true, false, true, false},
};

TempImage old_image(const Variant& variant) {
  TempImage image;
  image.with_file("/etc/ld.so.conf", "/opt/lib\n", 0640).with_file("/etc/ld.so.cache", "old cache\n");
  image.with_file("/usr/lib/libold.so.1", "old library\n", 0755);
  image.with_library("/usr/lib/libstays.so.1.0").with_link("/usr/lib/libstays.so.1", "libstays.so.1.0");
  image.with_link("/usr/lib/libgone.so.1", "libgone.so.1.0").with_link("/usr/lib/libdev.so", "libstays.so.1");
  image.with_file("/usr/lib/libempty.so").with_file("/usr/lib/libnote.so", "a note, to become a link\n");
  image.with_link("/lib", "usr/lib").with_file("/usr/bin/tool", "old tool\n", 0700);
  image.with_file("/usr/share/readonly/data", "old data\n").with_mode("/usr/share/readonly", 0555);
  image.with_link("/opt/current", "releases/1").with_directory("/opt/releases/1");
  image.with_file("/opt/target", "behind a link\n").with_link("/opt/link_to_file", "target");
  image.with_directory("/var/cache").with_directory("/root", 0700);
  if (variant.auxiliary_cache) image.with_file("/var/cache/ldconfig/aux-cache", "old auxiliary\n", 0600);
  if (variant.staging_parent) image.with_directory("/ch/fromhost").with_file("/ch/environment", "A=b\n");
  if (::setxattr(image.at("/usr/lib/libold.so.1").c_str(), "user.old", "1", 1, 0) != 0)
    std::printf("no user attributes in %s\n", image.root().c_str());
  // ldconfig's own auxiliary directory stays writable: ldconfig does not change modes.
  if (variant.unwritable)
    for (const char* directory : {"/usr/lib", "/usr/bin", "/usr/share", "/usr", "/opt", "/etc", ""})
      image.with_mode(directory, 0555);
  if (variant.unwritable && variant.staging_parent)
    image.with_mode("/ch/fromhost", 0555).with_mode("/ch", 0500);
  return image.with_old_times();
}

FakeHost host_with_files() {
  FakeHost host;
  host.with_file("/host/libold.so.1", "new library\n", 0755)
      .with_file("/host/libnew.so.2.0", "newer\n", 0755);
  host.with_file("/host/data", "new data\n").with_file("/host/more", "more data\n", 0600);
  host.with_file("/host/tool", "new tool\n", 04755).with_file("/host/over_link", "over a link\n");
  return host;
}

PlannedFile planned(const std::string& source, const std::string& directory, const std::string& name,
                    bool make_directory = false) {
  PlannedFile file;
  file.source = HostPath(source);
  file.directory = ImagePath(directory);
  file.name = name;
  file.make_directory = make_directory;
  return file;
}

/// Files, texts, directories and links; new and in place of others; into unwritable and missing directories.
Plan full_plan() {
  Plan plan;
  plan.directories = {{ImagePath("/opt/new/deep"), "", ""}, {ImagePath("/usr/lib"), "", ""}};
  plan.files = {planned("/host/libold.so.1", "/usr/lib", "libold.so.1"),
                planned("/host/libnew.so.2.0", "/lib", "libnew.so.2.0"),
                planned("/host/data", "/usr/share/readonly", "data"),
                planned("/host/more", "/usr/share/readonly", "more"),
                planned("/host/more", "/usr/share/fresh/deeper", "more", true),
                planned("/host/more", "/opt/new/deep", "more"),
                planned("/host/tool", "/usr/bin", "tool"),
                planned("/host/over_link", "/opt", "link_to_file")};
  plan.texts = {{ImagePath("/etc/ld.so.conf.d/ch-fromhost.conf"), "/opt/new/lib\n", ""},
                {ImagePath("/etc/ld.so.conf"), "/opt/lib\ninclude /etc/ld.so.conf.d/*.conf\n", ""}};
  plan.links = {{ImagePath("/opt/current"), "releases/2", "", ""},
                {ImagePath("/opt/new/links/first"), "/usr/lib", "", ""},
                {ImagePath("/usr/lib/libnote.so"), "libnew.so.2.0", "", ""}};
  return plan;
}

/// What the image's ldconfig does, or may do, to it: new, changed and deleted links, an empty file replaced,
/// both caches written anew.
void simulate_ldconfig(const TempImage& image, const Variant& variant) {
  const auto write = [&](const std::string& path, const std::string& content, bool in_place) {
    const std::string real = image.at(path), temporary = real + "~";
    {
      std::ofstream file(in_place ? real : temporary, std::ios::binary | std::ios::trunc);
      file << content;
    }
    if (!in_place) std::filesystem::rename(temporary, real);
  };
  const auto relink = [&](const std::string& path, const std::string& target) {
    std::filesystem::remove(image.at(path));
    std::filesystem::create_symlink(target, image.at(path));
  };
  relink("/usr/lib/libnew.so.2", "libnew.so.2.0");
  relink("/usr/lib/libstays.so.1", "libstays.so.1.1");
  relink("/usr/lib/libnote.so", "elsewhere");
  relink("/usr/lib/libempty.so", "libold.so.1");
  std::filesystem::remove(image.at("/usr/lib/libgone.so.1"));
  write("/etc/ld.so.cache", "new cache\n", variant.cache_in_place);
  std::filesystem::create_directory(image.at("/var/cache/ldconfig"));
  write("/var/cache/ldconfig/aux-cache", "new auxiliary\n", variant.cache_in_place);
}

enum class End { commit, none };

struct Attempt {
  bool succeeded = false;
  std::string said;                // the error's words
  std::vector<std::string> calls;  // file-changing calls that were made
  bool failure_was_met = false;
};

Attempt run(const TempImage& image, const Variant& variant, Failure failure, End end) {
  Attempt result;
  const FakeHost host = host_with_files();
  const Plan plan = full_plan();
  const ImageRoot root = image.open();
  FailingFileOperations files(failure);
  try {
    Transaction transaction(root, files);
    transaction.stage(plan, host);
    transaction.apply(plan);
    transaction.expect_ldconfig({ImagePath("/lib"), ImagePath("/usr/lib"), ImagePath("/usr/local/lib")});
    simulate_ldconfig(image, variant);
    if (end == End::commit) transaction.commit();
    result.succeeded = end == End::commit;
  } catch (const std::exception& error) {
    result.said = error.what();
  }
  result.calls = files.calls;
  result.failure_was_met = files.failed;
  return result;
}

class Everybody : public testing::Test {
 protected:
  /// As whoever runs the tests, and as an ordinary user: modes mean nothing to root.
  void as_everybody(const std::function<void()>& body) {
    {
      SCOPED_TRACE("as user " + std::to_string(::geteuid()));
      body();
    }
    if (::geteuid() != 0) return;
    SCOPED_TRACE("as an ordinary user");
    if (!test::as_ordinary_user(body)) std::printf("not run as an ordinary user: cannot become one here\n");
  }
  test::LogCapture log_;
};
using TransactionInvariant = Everybody;

static_assert(std::size(kVariants) == std::size(kErrors), "or some error is never tried at some call");

TEST_F(TransactionInvariant, WithoutAFailureTheImageIsTheNewOne) {
  as_everybody([] {
    for (const Variant& variant : kVariants) {
      SCOPED_TRACE(variant.name);
      const TempImage image = old_image(variant);
      const std::string outside = image.outside();
      const Attempt result = run(image, variant, {}, End::commit);
      ASSERT_TRUE(result.succeeded) << result.said;
      EXPECT_GT(result.calls.size(), 50u) << "or the loops below prove little";
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
      EXPECT_EQ(std::filesystem::exists(image.at("/ch")), variant.staging_parent)
          << "leaves its staging directory";
      EXPECT_THAT(image.tree(), Not(HasSubstr("staging-")));
    }
  });
}

TEST_F(TransactionInvariant, WithoutACommitTheImageIsTheOldOne) {
  as_everybody([this] {
    for (const Variant& variant : kVariants) {
      SCOPED_TRACE(variant.name);
      const TempImage image = old_image(variant);
      const std::string before = image.tree(kAllTimes), outside = image.outside();
      const Attempt result = run(image, variant, {}, End::none);
      EXPECT_EQ(result.said, "");
      EXPECT_EQ(image.tree(kAllTimes), before);
      EXPECT_EQ(image.outside(), outside);
    }
    EXPECT_EQ(log_.text(), "") << "giving back the old image is nothing to talk about";
  });
}

/// Each call meets each error in one of the variants.
bool is_tried(const Variant& variant, int n, std::size_t error) {
  const auto number = static_cast<std::size_t>(&variant - kVariants);
  return (static_cast<std::size_t>(n) + number) % std::size(kErrors) == error;
}

void fail_each_call(End end) {
  for (const Variant& variant : kVariants) {
    const TempImage reference = old_image(variant);
    const int calls = static_cast<int>(run(reference, variant, {}, end).calls.size());
    const std::string expected = reference.tree();
    for (int n = 1; n <= calls; ++n)
      for (std::size_t e = 0; e < std::size(kErrors); ++e) {
        if (!is_tried(variant, n, e)) continue;
        const TempImage image = old_image(variant);
        const std::string before = image.tree(kAllTimes), outside = image.outside();
        const Attempt result = run(image, variant, {n, kErrors[e], false}, end);
        ASSERT_TRUE(result.failure_was_met);
        SCOPED_TRACE(std::string(variant.name) + ": " + errno_text(kErrors[e]) + " at call " +
                     std::to_string(n) + " of " + std::to_string(calls) + ", " +
                     result.calls[static_cast<std::size_t>(n) - 1]);
        if (result.succeeded) {
          ASSERT_EQ(image.tree(), expected) << "said that it succeeded";
        } else {
          ASSERT_EQ(image.tree(kAllTimes), before) << "failed with: " << result.said;
        }
        ASSERT_EQ(image.outside(), outside);
      }
  }
}

TEST_F(TransactionInvariant, WhicheverCallFailsTheImageIsTheOldOrTheNewOne) {
  as_everybody([] { fail_each_call(End::commit); });
}

TEST_F(TransactionInvariant, WhicheverCallFailsOnTheWayBackTheImageIsTheOldOne) {
  as_everybody([] { fail_each_call(End::none); });
}

TEST_F(TransactionInvariant, WhenEverythingFailsFromSomeCallOnNothingOutsideIsChangedAndNoFileIsTorn) {
  as_everybody([] {
    const Variant& variant = kVariants[2];
    const int calls = static_cast<int>(run(old_image(variant), variant, {}, End::commit).calls.size());
    for (int n = 1; n <= calls; ++n)
      for (std::size_t e = 0; e < std::size(kErrors); ++e) {
        if (!is_tried(variant, n, e)) continue;
        SCOPED_TRACE(errno_text(kErrors[e]) + " from call " + std::to_string(n) + " on");
        const TempImage image = old_image(variant);
        const std::string outside = image.outside();
        const Attempt result = run(image, variant, {n, kErrors[e], true}, End::commit);
        ASSERT_TRUE(result.failure_was_met);
        ASSERT_EQ(image.outside(), outside);
        // Each name has its old or its new file, never a part of one.
        const auto old_or_new = [&](const char* path, const char* old_content, const char* new_content) {
          EXPECT_THAT(image.content(path), testing::AnyOf(old_content, new_content)) << path;
        };
        old_or_new("/usr/lib/libold.so.1", "old library\n", "new library\n");
        old_or_new("/usr/bin/tool", "old tool\n", "new tool\n");
        old_or_new("/usr/share/readonly/data", "old data\n", "new data\n");
        old_or_new("/usr/lib/libnew.so.2.0", "", "newer\n");
        old_or_new("/etc/ld.so.conf", "/opt/lib\n", "/opt/lib\ninclude /etc/ld.so.conf.d/*.conf\n");
        EXPECT_EQ(image.content("/opt/target"), "behind a link\n");
      }
  });
}

using TransactionTest = Everybody;

TEST_F(TransactionTest, StagingIsInvisibleOutsideItsOwnDirectoryWhichOthersCannotRead) {
  const TempImage image = old_image(kVariants[1]);
  const std::string before = image.tree();
  const FakeHost host = host_with_files();
  const Plan plan = full_plan();
  const ImageRoot root = image.open();
  FileOperations files;
  Transaction transaction(root, files);
  transaction.stage(plan, host);
  const std::string staging = "/ch/fromhost/staging-" + std::to_string(::getpid()) + "-0";
  EXPECT_EQ(image.status(staging).st_mode & 07777, 0700u);
  std::string now, line;
  for (std::istringstream lines(image.tree()); std::getline(lines, line);)
    if (line.compare(0, staging.size(), staging) != 0) now += line + "\n";
  EXPECT_EQ(now, before);
}

TEST_F(TransactionTest, DoesNothingUntilItStages) {
  const TempImage image = old_image(kVariants[0]);
  const std::string before = image.tree(kAllTimes);
  const ImageRoot root = image.open();
  FailingFileOperations files;
  { const Transaction transaction(root, files); }
  EXPECT_THAT(files.calls, ElementsAre());
  EXPECT_EQ(image.tree(kAllTimes), before);
}

TEST_F(TransactionTest, SaysWhatItDroppedOfWhichFile) {
  const TempImage image = old_image(kVariants[0]);
  const FakeHost host = host_with_files();
  const ImageRoot root = image.open();
  FileOperations files;
  Transaction transaction(root, files);
  EXPECT_THAT(transaction.stage(full_plan(), host), ElementsAre("/host/tool: setuid bit not kept"));
}

TEST_F(TransactionTest, ASourceThatIsGoneByNowIsNamed) {
  const TempImage image = old_image(kVariants[0]);
  const std::string before = image.tree(kAllTimes);
  const ImageRoot root = image.open();
  FileOperations files;
  try {
    Transaction transaction(root, files);
    transaction.stage(full_plan(), FakeHost());
    FAIL() << "staged a file that is not there";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "apply: cannot inject: /host/libold.so.1: No such file or directory");
  }
  EXPECT_EQ(image.tree(kAllTimes), before);
}

TEST_F(TransactionTest, AFullDiskIsToldWithTheGoodNews) {
  const TempImage image = old_image(kVariants[0]);
  const Attempt reference = run(old_image(kVariants[0]), kVariants[0], {}, End::commit);
  const auto copy = std::find(reference.calls.begin(), reference.calls.end(), "copy");
  ASSERT_NE(copy, reference.calls.end());
  const int n = static_cast<int>(copy - reference.calls.begin()) + 1;
  EXPECT_EQ(run(image, kVariants[0], {n, ENOSPC, false}, End::commit).said,
            "apply: cannot inject: /host/libold.so.1: No space left on device; the image is as it was");
}

TEST_F(TransactionTest, AFailedChangeNamesTheFileInTheImage) {
  const Attempt reference = run(old_image(kVariants[0]), kVariants[0], {}, End::commit);
  const auto rename = std::find(reference.calls.begin(), reference.calls.end(), "rename");
  ASSERT_NE(rename, reference.calls.end());
  const int n = static_cast<int>(rename - reference.calls.begin()) + 1;
  EXPECT_THAT(run(old_image(kVariants[0]), kVariants[0], {n, EIO, false}, End::commit).said,
              HasSubstr("apply: cannot write: /usr/lib/libold.so.1: Input/output error"));
}

TEST_F(TransactionTest, AReplacedFileIsANewOneSoThatWhoHasItOpenKeepsTheOld) {
  const TempImage image = old_image(kVariants[0]);
  const UniqueFd in_use(::open(image.at("/usr/lib/libold.so.1").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(run(image, kVariants[0], {}, End::commit).succeeded);
  EXPECT_EQ(read_all(in_use.get(), 100, "old"), "old library\n");
  EXPECT_EQ(image.content("/usr/lib/libold.so.1"), "new library\n");
}

TEST_F(TransactionTest, AnotherNameOfAReplacedFileKeepsTheOldContent) {
  const TempImage image = old_image(kVariants[0]);
  std::filesystem::create_hard_link(image.at("/usr/lib/libold.so.1"), image.at("/opt/same"));
  ASSERT_TRUE(run(image, kVariants[0], {}, End::commit).succeeded);
  EXPECT_EQ(image.content("/opt/same"), "old library\n");
}

TEST_F(TransactionTest, GivenBackAFileIsTheVerySameOne) {
  const TempImage image = old_image(kVariants[0]);
  std::filesystem::create_hard_link(image.at("/usr/lib/libold.so.1"), image.at("/opt/same"));
  const struct stat before = image.status("/usr/lib/libold.so.1");
  run(image, kVariants[0], {}, End::none);
  EXPECT_TRUE(same_file(image.status("/usr/lib/libold.so.1"), before));
  EXPECT_EQ(image.status("/usr/lib/libold.so.1").st_nlink, 2u);
}

TEST_F(TransactionTest, DirectoriesInWhichNothingStaysKeepTheirTimes) {
  as_everybody([] {
    const TempImage image = old_image(kVariants[2]);
    const auto seconds = [&](const char* path) { return image.status(path).st_mtim.tv_sec; };
    const auto long_ago = seconds("");
    ASSERT_TRUE(run(image, kVariants[2], {}, End::commit).succeeded);
    EXPECT_EQ(seconds(""), long_ago) << "/ch came and went";
    EXPECT_EQ(seconds("/root"), long_ago);
    EXPECT_GT(seconds("/usr/lib"), long_ago);
    EXPECT_GT(seconds("/opt"), long_ago);
  });
}

TEST_F(TransactionTest, RootGivesDirectoriesOfOthersTheirTimesBack) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may do that";
  TempImage image = old_image(kVariants[0]);
  for (const char* path : {"", "/usr/lib", "/usr/bin", "/etc", "/opt", "/var/cache"})
    image.with_owner(path, test::kNobody, test::kNobody);
  const std::string before = image.tree(kAllTimes);
  run(image, kVariants[0], {}, End::none);
  EXPECT_EQ(image.tree(kAllTimes), before);
}

TEST_F(TransactionTest, ATextKeepsModeAndOwnerOfTheFileThatItReplaces) {
  TempImage image = old_image(kVariants[0]);
  if (::geteuid() == 0) image.with_owner("/etc/ld.so.conf", 1234, 5678);
  const struct stat before = image.status("/etc/ld.so.conf");
  ASSERT_TRUE(run(image, kVariants[0], {}, End::commit).succeeded);
  const struct stat after = image.status("/etc/ld.so.conf");
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_uid, before.st_uid);
  EXPECT_EQ(after.st_gid, before.st_gid);
}

TEST_F(TransactionTest, APlannedFileBelowWhatStagingUsesStaysWithoutAWord) {
  const TempImage image = old_image(kVariants[0]);
  Plan plan;
  plan.files = {planned("/host/data", "/ch/fromhost/mine", "data", true)};
  const FakeHost host = host_with_files();
  const ImageRoot root = image.open();
  FileOperations files;
  {
    Transaction transaction(root, files);
    transaction.stage(plan, host);
    transaction.apply(plan);
    transaction.commit();
  }
  EXPECT_EQ(image.content("/ch/fromhost/mine/data"), "new data\n");
  EXPECT_EQ(log_.text(), "");
}

TEST_F(TransactionTest, AStagingDirectoryThatLeadsOutOfTheImageStaysInside) {
  TempImage image = old_image(kVariants[0]);
  image.with_link("/ch", "../outside");
  const std::string before = image.tree(), outside = image.outside();
  const Attempt result = run(image, kVariants[0], {}, End::commit);
  EXPECT_FALSE(result.succeeded);
  EXPECT_THAT(result.said, HasSubstr("/ch/fromhost"));
  EXPECT_EQ(image.tree(), before);
  EXPECT_EQ(image.outside(), outside);
}

TEST_F(TransactionTest, ADestinationThatLeadsOutOfTheImageStaysInside) {
  TempImage image = old_image(kVariants[0]);
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
    Transaction transaction(root, files);
    transaction.stage(plan, host);
    transaction.apply(plan);
    transaction.commit();
  }
  EXPECT_EQ(image.content("/outside/data"), "new data\n");
  // An absolute link out leads nowhere inside: refused, and the old image given back.
  const std::string before = image.tree();
  EXPECT_FALSE(run(image, kVariants[0], {}, End::commit).succeeded);
  EXPECT_EQ(image.tree(), before);
  EXPECT_EQ(image.outside(), outside);
}

TEST_F(TransactionTest, AFifoWhereTheCacheShouldBeDoesNotHoldUsUp) {
  const TempImage image =
      TempImage{}.with_fifo("/etc/ld.so.cache").with_directory("/usr/lib").with_old_times();
  const std::string before = image.tree(kAllTimes);
  const ImageRoot root = image.open();
  FileOperations files;
  {
    Transaction transaction(root, files);
    transaction.stage({}, FakeHost());
    transaction.expect_ldconfig({ImagePath("/usr/lib")});
    std::filesystem::remove(image.at("/etc/ld.so.cache"));
    TempImage(image).with_file("/etc/ld.so.cache", "new");
  }
  EXPECT_EQ(image.tree(kAllTimes), before);
}

TEST_F(TransactionTest, WhatLdconfigLeavesHalfWrittenIsRemoved) {
  const TempImage image = old_image(kVariants[0]);
  const std::string before = image.tree(kAllTimes);
  const ImageRoot root = image.open();
  FileOperations files;
  {
    Transaction transaction(root, files);
    transaction.stage({}, FakeHost());
    transaction.expect_ldconfig({ImagePath("/usr/lib")});
    TempImage(image)
        .with_file("/etc/ld.so.cache~", "half")
        .with_file("/var/cache/ldconfig/aux-cache~", "half")
        .with_link("/usr/lib/ld-linux-x.so.2", "x");
  }
  EXPECT_EQ(image.tree(kAllTimes), before);
}

TEST_F(TransactionTest, LinksThatLdconfigDoesNotCareForAreNotTouched) {
  const TempImage image = old_image(kVariants[0]);
  const ImageRoot root = image.open();
  FileOperations files;
  {
    Transaction transaction(root, files);
    transaction.stage({}, FakeHost());
    transaction.expect_ldconfig({ImagePath("/usr/lib")});
    // Made by somebody else meanwhile.
    TempImage(image).with_link("/usr/lib/python", "python3").with_file("/usr/lib/libmade.so.1", "file");
  }
  EXPECT_EQ(std::filesystem::read_symlink(image.at("/usr/lib/python")), "python3");
  EXPECT_EQ(image.content("/usr/lib/libmade.so.1"), "file");
}

TEST_F(TransactionTest, ALibraryDirectoryThatCannotBeListedEndsTheRunAndLosesNoLink) {
  // Taken for empty, its links would all be removed on the way back.
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "skipped: the sanitizer needs a file descriptor itself to look at the exception's type";
#endif
  const TempImage image = old_image(kVariants[0]);
  const std::string before = image.tree();
  const ImageRoot root = image.open();
  FileOperations files;
  struct rlimit limit;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  {
    Transaction transaction(root, files);
    transaction.stage({}, FakeHost());
    // One descriptor is left: it serves the library directory itself, and no more.
    std::vector<UniqueFd> filler;
    for (;;) {
      UniqueFd one(::open("/", O_PATH | O_CLOEXEC));
      if (!one) break;
      const bool high = one.get() >= 200;
      filler.push_back(std::move(one));
      if (high) break;
    }
    ASSERT_FALSE(filler.empty());
    struct rlimit low = limit;
    low.rlim_cur = static_cast<rlim_t>(filler.back().get()) + 1;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    filler.pop_back();
    EXPECT_THROW(transaction.expect_ldconfig({ImagePath("/usr/lib")}), std::exception);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  EXPECT_EQ(image.tree(), before);
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
    const TempImage image = old_image(kVariants[0]);
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
      Transaction transaction(root, files);
      arrives(0);
      transaction.stage(plan, host);
      arrives(1);
      transaction.apply(plan);
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

TEST_F(TransactionTest, ACommittedTransactionIsNotRolledBack) {
  const TempImage image = old_image(kVariants[0]);
  const FakeHost host = host_with_files();
  Plan plan;
  plan.files = {planned("/host/data", "/opt", "data")};
  const ImageRoot root = image.open();
  FailingFileOperations files;
  std::size_t calls = 0;
  {
    Transaction transaction(root, files);
    transaction.stage(plan, host);
    transaction.apply(plan);
    transaction.commit();
    calls = files.calls.size();
  }
  EXPECT_EQ(files.calls.size(), calls) << "the destructor did something";
  EXPECT_EQ(image.content("/opt/data"), "new data\n");
}

TEST_F(TransactionTest, MadeDirectoriesHaveTheirModeWhateverTheUmask) {
  const mode_t before = ::umask(0077);
  const TempImage image = old_image(kVariants[0]);
  const Attempt result = run(image, kVariants[0], {}, End::commit);
  ::umask(before);
  ASSERT_TRUE(result.succeeded) << result.said;
  EXPECT_EQ(image.status("/opt/new/deep").st_mode & 07777, 0755u);
  EXPECT_EQ(image.status("/etc/ld.so.conf.d/ch-fromhost.conf").st_mode & 07777, 0644u);
}

}  // namespace
}  // namespace fromhost::core
