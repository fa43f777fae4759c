// SPDX-License-Identifier: Apache-2.0
// What is foretold is what then happens: the same names, made, replaced and taken away.
#include "core/preflight/changes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "tests/support/transaction_scene.hpp"

namespace fromhost::core {
namespace {

using test::attempt;
using test::FakeHost;
using test::Job;
using test::kAllTimes;
using test::TempImage;
using testing::ElementsAre;
using Action = Change::Action;
using Words = std::vector<std::string>;

/// "copy /usr/bin/x", with a mark: "+" for a name that was free, "~" for one of ours, "!" for the image's
/// own.
Words words(const std::vector<Change>& changes) {
  Words found;
  for (const Change& one : changes) {
    const char* mark = one.replaced == Change::Replaced::nothing    ? "+"
                       : one.replaced == Change::Replaced::injected ? "~"
                                                                    : "!";
    const bool places = one.action == Action::copy || one.action == Action::link ||
                        one.action == Action::write || one.action == Action::run_ldconfig;
    found.push_back(std::string(to_string(one.action)) + " " + (places ? mark : "") + one.path.text());
  }
  return found;
}

std::vector<Change> all(const std::function<void(const ChangeVisitor&)>& visit_all) {
  std::vector<Change> changes;
  visit_all([&](Change&& change) { changes.push_back(std::move(change)); });
  return changes;
}

std::vector<Change> foretold(Job job, const TempImage& image) {
  const ImageRoot root = image.open();
  const Manifest manifest = read_manifest(root);
  if (job == Job::undo)
    return all([&](const ChangeVisitor& visit) {
      visit_undo(plan_undo(manifest, root, "", false), manifest, root, false, visit);
    });
  Plan plan = job == Job::first_injection ? test::full_plan() : test::next_plan();
  plan_superseded(plan, manifest, root);
  Preflight preflight;
  preflight.sources.resize(plan.files.size());
  preflight.soname_links.push_back({ImagePath("/usr/lib/libnew.so.2"), "libnew.so.2.0", "", ""});
  return all(
      [&](const ChangeVisitor& visit) { visit_injection(plan, preflight, manifest, root, true, visit); });
}

/// Every name in the image, less what was replaced, whose names are numbers.
std::set<std::string> names_in(const TempImage& image) {
  std::set<std::string> names;
  std::istringstream lines(image.tree());
  for (std::string line; std::getline(lines, line);)
    if (const std::string name = line.substr(0, line.find(' '));
        ImagePath(name).parent() != ImagePath(kArchive))
      names.insert(name);
  return names;
}

class ChangesTest : public test::Everybody {};

TEST_F(ChangesTest, AreWhatTheTransactionThenDoes) {
  as_everybody([] {
    for (const Job job : test::kJobs)
      for (const test::Variant& variant : test::kVariants) {
        SCOPED_TRACE(std::string(name_of(job)) + ", " + variant.name);
        const TempImage image = test::image_for(job, variant);
        const std::string before = image.tree(kAllTimes);
        std::set<std::string> expected = names_in(image);
        const std::vector<Change> changes = foretold(job, image);
        EXPECT_EQ(image.tree(kAllTimes), before);
        for (const Change& one : changes) {
          const std::string name = one.path.text();
          if (one.action == Action::remove || one.action == Action::remove_directory) {
            EXPECT_EQ(expected.erase(name), 1u) << name;
          } else if (one.action == Action::give_back) {
            expected.insert(name);
          } else {
            EXPECT_EQ(expected.insert(name).second, one.replaced == Change::Replaced::nothing) << name;
          }
        }
        ASSERT_EQ(attempt(job, image).said, "");
        EXPECT_EQ(names_in(image), expected);
        // And every name that we made is in the manifest.
        if (job == Job::undo) continue;
        const Manifest manifest = read_manifest(image.open());
        for (const Change& one : changes) {
          if (one.action != Action::remove && one.action != Action::give_back &&
              one.path != ImagePath(kManifest)) {
            EXPECT_TRUE(manifest.find(one.path)) << one.path.text();
          }
        }
      }
  });
}

TEST_F(ChangesTest, ComeInTheOrderInWhichTheyAreDone) {
  const TempImage image = TempImage{}
                              .with_file("/usr/bin/tool", "old")
                              .with_link("/lib", "usr/lib")
                              .with_directory("/usr/lib")
                              .with_file("/etc/ld.so.conf", "/x\n/a\n/x\n\n");
  Plan plan;
  plan.directories = {{ImagePath("/mnt/a/b"), "mount point", "cray"}, {ImagePath("/usr/lib"), "", "cray"}};
  plan.files = {test::planned("/host/tool", "/usr/bin", "tool"),
                test::planned("/host/l", "/lib", "l.so.1.0")};
  plan.texts = {{ImagePath("/etc/ld.so.conf"), "/a\n/x\n/b\n/c\n", "for the loader"}};
  plan.links = {{ImagePath("/usr/lib/l.so"), "l.so.1.0", "", "fake"}};
  Preflight preflight;
  preflight.sources.resize(2);
  preflight.sources[0].mode = S_IFREG;
  preflight.sources[0].size = 7;
  preflight.soname_links = {{ImagePath("/usr/lib/l.so.1"), "l.so.1.0", "its soname", "fake"}};
  const ImageRoot root = image.open();
  const std::vector<Change> changes =
      all([&](const ChangeVisitor& visit) { visit_injection(plan, preflight, {}, root, true, visit); });
  EXPECT_THAT(
      words(changes),
      ElementsAre("make directory /mnt", "make directory /mnt/a", "make directory /mnt/a/b",
                  "make directory /ch", "make directory /ch/fromhost", "make directory /ch/fromhost/replaced",
                  "copy !/usr/bin/tool", "copy +/usr/lib/l.so.1.0", "write !/etc/ld.so.conf",
                  "link +/usr/lib/l.so", "link +/usr/lib/l.so.1", "run ldconfig +/etc/ld.so.cache",
                  "write +/ch/fromhost/manifest.json"));
  EXPECT_EQ(changes[2].reason, "mount point");
  EXPECT_EQ(changes[2].provider, "cray");
  EXPECT_EQ(changes[6].bytes, 7u);
  EXPECT_EQ(changes[6].source, "/host/tool");
  EXPECT_EQ(changes[7].bytes, std::nullopt) << "it could not be looked at";
  EXPECT_THAT(changes[8].lines, ElementsAre("/b", "/c"));
  EXPECT_THAT(changes[8].lines_gone, ElementsAre("/x"));
  EXPECT_EQ(changes[10].source, "l.so.1.0");
}

TEST_F(ChangesTest, ADirectoryInWhichSomethingElseLiesIsNotForetoldAsRemoved) {
  TempImage image = test::image_for(Job::undo);
  image.with_file("/opt/new/deep/mine", "mine");
  const Words found = words(foretold(Job::undo, image));
  const auto has = [&](const char* one) { return std::find(found.begin(), found.end(), one) != found.end(); };
  EXPECT_TRUE(has("remove directory /opt/new/links"));
  EXPECT_FALSE(has("remove directory /opt/new/deep"));
  EXPECT_FALSE(has("remove directory /opt/new"));
  EXPECT_TRUE(has("remove directory /ch"));
}

}  // namespace
}  // namespace fromhost::core
