// SPDX-License-Identifier: Apache-2.0
// An image of many cases, three things that are done to it, and ways to break off each of them at any
// file-changing call.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <system_error>
#include <vector>

#include "core/apply/file_operations.hpp"
#include "core/apply/record.hpp"
#include "core/apply/transaction.hpp"
#include "core/error.hpp"
#include "core/manifest/manifest.hpp"
#include "core/plan/removals.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/log_capture.hpp"
#include "tests/support/ordinary_user.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::test {

using core::HostPath;
using core::ImagePath;

inline constexpr Times kAllTimes = {true, true};

/// Which calls fail, counted from 1; 0: none.
struct Failure {
  int first = 0;
  int error = EIO;  ///< kDies: the process ends before the call
  bool persistent = false;
  static constexpr int kDies = -1;
};

/// The real calls, less those that fail; they leave no trace. Nothing waits for the disk.
class FailingFileOperations : public core::FileOperations {
 public:
  explicit FailingFileOperations(Failure failure = {}) : failure_(failure) {}
  std::vector<std::string> calls;  // ledger
  bool failed = false;

  core::UniqueFd create(int directory, const std::string& name) override {
    count("create");
    return FileOperations::create(directory, name);
  }
  void copy(int from, int to, const core::PieceCopied& copied) override {
    count("copy");
    FileOperations::copy(from, to, copied);
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
    count("rename " + old_name + " " + new_name);
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
  void sync(int) override { count("sync"); }
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
  void count(std::string call) {
    const std::lock_guard lock(mutex_);  // several files may be copied at once
    calls.push_back(std::move(call));
    const int number = static_cast<int>(calls.size());
    if (failure_.first == 0 || number < failure_.first || (number > failure_.first && !failure_.persistent))
      return;
    failed = true;
    if (failure_.error == Failure::kDies) ::_exit(99);
    throw std::system_error(failure_.error, std::generic_category(), calls.back());
  }
  Failure failure_;
  std::mutex mutex_;
};

/// What differs between the images that the loops run on.
struct Variant {
  const char* name;
  bool with_ch;     // /ch/fromhost is there already
  bool unwritable;  // no directory is writable
};
inline constexpr Variant kVariants[] = {
    {"fresh image", false, false},
    {"image that has a /ch/fromhost", true, false},
    {"unwritable image", false, true},
    {"unwritable image that has a /ch/fromhost", true, true},
};

inline TempImage old_image(const Variant& variant = kVariants[0]) {
  TempImage image;
  image.with_file("/etc/ld.so.conf", "/opt/lib\n", 0640).with_file("/etc/ld.so.cache", "old cache\n");
  image.with_file("/usr/lib/libold.so.1", "old library\n", 0755);
  image.with_library("/usr/lib/libstays.so.1.0").with_link("/usr/lib/libstays.so.1", "libstays.so.1.0");
  image.with_file("/usr/lib/libnote.so", "a note, to become a link\n");
  image.with_link("/lib", "usr/lib").with_file("/usr/bin/tool", "old tool\n", 0700);
  image.with_file("/usr/share/readonly/data", "old data\n").with_mode("/usr/share/readonly", 0555);
  image.with_link("/opt/current", "releases/1").with_directory("/opt/releases/1");
  image.with_file("/opt/target", "behind a link\n").with_link("/opt/link_to_file", "target");
  image.with_directory("/root", 0700);
  if (variant.with_ch) image.with_directory("/ch/fromhost").with_file("/ch/environment", "A=b\n");
  if (::setxattr(image.at("/usr/lib/libold.so.1").c_str(), "user.old", "1", 1, 0) != 0)
    std::printf("no user attributes in %s\n", image.root().c_str());
  if (variant.unwritable)
    for (const char* directory : {"/usr/lib", "/usr/bin", "/usr/share", "/usr", "/opt", "/etc", ""})
      image.with_mode(directory, 0555);
  if (variant.unwritable && variant.with_ch) image.with_mode("/ch/fromhost", 0555).with_mode("/ch", 0500);
  return image.with_old_times();
}

inline FakeHost host_with_files(const std::string& release = "new") {
  FakeHost host;
  host.with_file("/host/libold.so.1", release + " library\n", 0755)
      .with_file("/host/libnew.so.2.0", release + "er\n", 0755);
  host.with_file("/host/data", release + " data\n").with_file("/host/more", "more data\n", 0600);
  host.with_file("/host/tool", "new tool\n", 04755).with_file("/host/over_link", "over a link\n");
  return host;
}

inline core::PlannedFile planned(const std::string& source, const std::string& directory,
                                 const std::string& name, bool make_directory = false) {
  core::PlannedFile file;
  file.source = HostPath(source);
  file.directory = ImagePath(directory);
  file.name = name;
  file.make_directory = make_directory;
  file.provider = "fake";
  file.set = "fake";
  return file;
}

/// Files, texts, directories and links; new and in place of others; into unwritable and missing directories.
inline core::Plan full_plan() {
  core::Plan plan;
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
  plan.links = {{ImagePath("/opt/current"), "releases/2", "", "fake", "fake"},
                {ImagePath("/opt/new/links/first"), "/usr/lib", "", "fake", "fake"},
                {ImagePath("/usr/lib/libnote.so"), "libnew.so.2.0", "", "fake", "fake"}};
  return plan;
}

/// What the next release of the same driver has: other files of the same names; some are gone from it.
inline core::Plan next_plan() {
  core::Plan plan = full_plan();
  plan.texts.clear();
  plan.files.erase(plan.files.begin() + 6);  // the tool, which replaced one of the image's
  plan.files.erase(plan.files.begin() + 3);  // "more", which replaced nothing
  plan.links.pop_back();
  plan.files.push_back(planned("/host/data", "/opt/newer", "data", true));
  return plan;
}

enum class Job { first_injection, next_injection, undo };
inline constexpr Job kJobs[] = {Job::first_injection, Job::next_injection, Job::undo};
inline const char* name_of(Job job) {
  return job == Job::first_injection  ? "first injection"
         : job == Job::next_injection ? "next injection"
                                      : "undo";
}
enum class End { commit, none };

struct Attempt {
  bool succeeded = false;
  std::string said;                // the error's words
  std::vector<std::string> calls;  // file-changing calls that were made
  bool failure_was_met = false;
};

inline void inject(const core::ImageRoot& root, core::FileOperations& files, core::Plan plan,
                   const FakeHost& host, End end) {
  const core::Manifest manifest = core::read_manifest(root);
  plan_superseded(plan, manifest, root);
  core::Preflight preflight;
  preflight.facts.resize(plan.files.size());
  preflight.sources.resize(plan.files.size());
  core::Transaction transaction(root, files, manifest);
  transaction.stage(plan, host);
  transaction.stage_link({ImagePath("/usr/lib/libnew.so.2"), "libnew.so.2.0", "", ""});
  preflight.soname_links.push_back({ImagePath("/usr/lib/libnew.so.2"), "libnew.so.2.0", "", ""});
  transaction.stage_directory(ImagePath(core::kManifest).parent());
  transaction.stage_cache();
  transaction.stage_manifest(record(manifest, plan, preflight, transaction, {}));
  transaction.apply();
  transaction.scratch();
  transaction.place_cache("new cache\n");
  if (end == End::commit) transaction.commit();
}

inline void undo(const core::ImageRoot& root, core::FileOperations& files, End end, bool force = false) {
  const core::Manifest manifest = core::read_manifest(root);
  const core::Undo undo = plan_undo(manifest, root, "", force);
  core::Transaction transaction(root, files, manifest);
  transaction.stage(undo.plan, FakeHost());
  if (!undo.left.empty()) transaction.stage_manifest(undo.left);
  transaction.apply();
  if (end == End::commit) transaction.commit();
}

/// The image to which the job is done.
inline TempImage image_for(Job job, const Variant& variant = kVariants[0]) {
  TempImage image = old_image(variant);
  FailingFileOperations without_sync;
  if (job != Job::first_injection)
    inject(image.open(), without_sync, full_plan(), host_with_files(), End::commit);
  return image;
}

inline Attempt attempt(Job job, const TempImage& image, Failure failure = {}, End end = End::commit) {
  Attempt result;
  const core::ImageRoot root = image.open();
  FailingFileOperations files(failure);
  try {
    if (job == Job::first_injection) inject(root, files, full_plan(), host_with_files(), end);
    if (job == Job::next_injection) inject(root, files, next_plan(), host_with_files("next"), end);
    if (job == Job::undo) undo(root, files, end);
    result.succeeded = end == End::commit;
  } catch (const std::exception& error) {
    result.said = error.what();
  }
  result.calls = files.calls;
  result.failure_was_met = files.failed;
  return result;
}

/// The tree as one successful run leaves it looks like another one's, but for what the manifest says of
/// times.
inline std::string comparable(const TempImage& image) {
  std::string text, line;
  for (std::istringstream lines(image.tree()); std::getline(lines, line);)
    text += (line.find("/manifest.json ") == std::string::npos ? line : "/manifest.json") + "\n";
  return text;
}

/// The tree without the line of its root.
inline std::string below_root(const std::string& tree) {
  return tree.substr(tree.find('\n') + 1);
}

/// Does `body` in a child that may die; true if it did so as Failure::kDies says.
inline bool dies(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "wait status " << status;
  return WIFEXITED(status) && WEXITSTATUS(status) == 99;
}

/// Tests that are done as whoever runs them, and as an ordinary user: modes mean nothing to root.
class Everybody : public testing::Test {
 protected:
  void as_everybody(const std::function<void()>& body) {
    {
      SCOPED_TRACE("as user " + std::to_string(::geteuid()));
      body();
    }
    if (::geteuid() != 0) return;
    SCOPED_TRACE("as an ordinary user");
    if (!as_ordinary_user(body)) std::printf("not run as an ordinary user: cannot become one here\n");
  }
  LogCapture log_;
};

}  // namespace fromhost::test
