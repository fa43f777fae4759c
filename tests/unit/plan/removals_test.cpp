// SPDX-License-Identifier: Apache-2.0
// What goes from an image, and what stays since somebody has changed it.
#include "core/plan/removals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/file_times.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::TempImage;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = ManifestEntry::Kind;
using Words = std::vector<std::string>;

/// An image in which two providers have injected a file each, and the core made a directory for them.
class Removals : public testing::Test {
 protected:
  Removals() {
    ManifestEntry directory;
    directory.kind = Kind::directory;
    directory.path = ImagePath("/opt/made");
    manifest_.put(directory);
    inject("/opt/made/one", "a", "7");
    inject("/opt/made/other", "b", "");
    manifest_.next_kept = 8;
  }
  void inject(const std::string& path, const std::string& provider, const std::string& replaced) {
    image_.with_file(path, provider);
    ManifestEntry file;
    file.path = ImagePath(path);
    file.provider = file.set = provider;
    file.replaced = replaced;
    file.size = 1;
    file.modified = nanoseconds(image_.status(path).st_mtim);
    manifest_.put(file);
  }
  Words undone(const std::string& provider = "", bool force = false) {
    const Undo undo = plan_undo(manifest_, image_.open(), provider, force);
    warnings_ = undo.plan.warnings;
    left_ = undo.left;
    return words(undo.plan);
  }
  static Words words(const Plan& plan) {
    Words found;
    for (const PlannedRemoval& one : plan.removals)
      found.push_back(one.path.text() + (one.directory ? "/" : "") +
                      (one.kept.empty() ? "" : " " + one.kept));
    return found;
  }
  TempImage image_;
  Manifest manifest_, left_;
  Words warnings_;
};

TEST_F(Removals, UndoTakesTheLatestFirstAndTheManifestBeforeDirectories) {
  EXPECT_THAT(undone(), ElementsAre("/opt/made/other", "/opt/made/one 7", kManifest, "/opt/made/"));
  EXPECT_TRUE(left_.empty());
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(Removals, UndoOfOneProviderLeavesTheOthersAndWhatServesThem) {
  EXPECT_THAT(undone("a"), ElementsAre("/opt/made/one 7"));
  EXPECT_EQ(left_.entries.size(), 2u);
  EXPECT_TRUE(left_.find(ImagePath("/opt/made/other")));
  EXPECT_TRUE(left_.find(ImagePath("/opt/made")));
  EXPECT_EQ(left_.next_kept, 8u) << "or names in the archive would be given twice";
}

TEST_F(Removals, WhatSomebodyHasChangedStaysUnlessForced) {
  image_.with_file("/opt/made/one", "changed");
  EXPECT_THAT(undone(), ElementsAre("/opt/made/other", "/opt/made/"));
  EXPECT_THAT(warnings_,
              ElementsAre(HasSubstr("/opt/made/one was changed since it was injected, and stays")));
  EXPECT_TRUE(left_.find(ImagePath("/opt/made/one")));
  EXPECT_TRUE(left_.find(ImagePath("/opt/made"))) << "the next undo removes it";
  EXPECT_THAT(undone("", true), ElementsAre("/opt/made/other", "/opt/made/one 7", kManifest, "/opt/made/"));
}

TEST_F(Removals, WhatIsGoneAlreadyIsNoTrouble) {
  std::filesystem::remove(image_.at("/opt/made/other"));
  EXPECT_THAT(undone(), ElementsAre("/opt/made/one 7", kManifest, "/opt/made/"));
}

TEST_F(Removals, WhatACacheReplacedGoesIfSomebodyHasMadeAnother) {
  image_.with_file("/etc/ld.so.cache", "another");
  ManifestEntry cache;
  cache.kind = Kind::cache;
  cache.path = ImagePath("/etc/ld.so.cache");
  cache.replaced = "5";
  manifest_.put(cache);
  EXPECT_THAT(undone(), ElementsAre("/opt/made/other", "/opt/made/one 7", std::string(kArchive) + "/5",
                                    kManifest, "/opt/made/"));
  EXPECT_TRUE(left_.empty());
}

TEST_F(Removals, NothingToUndoIsAnError) {
  const auto refusal = [&](const Manifest& manifest, const std::string& provider) -> std::string {
    try {
      plan_undo(manifest, image_.open(), provider, false);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal({}, ""), HasSubstr("plan: nothing is injected in "));
  EXPECT_THAT(refusal(manifest_, "c"), HasSubstr("plan: nothing of c is injected in "));
}

TEST_F(Removals, ASetThatIsInjectedAgainTakesWhatItDoesNotHaveAnyMore) {
  const auto superseded = [&](const std::string& provider, const std::string& set, const std::string& name) {
    Plan plan;
    PlannedFile file;
    file.directory = ImagePath("/opt/made");
    file.name = name;
    file.provider = provider;
    file.set = set;
    plan.files = {file};
    plan_superseded(plan, manifest_, image_.open());
    warnings_ = plan.warnings;
    return words(plan);
  };
  EXPECT_THAT(superseded("a", "a", "new"), ElementsAre("/opt/made/one 7"));
  EXPECT_THAT(superseded("a", "a", "one"), IsEmpty()) << "it has it still";
  EXPECT_THAT(superseded("a", "", "new"), IsEmpty()) << "one file among others";
  EXPECT_THAT(superseded("c", "c", "new"), IsEmpty()) << "another provider";
  Plan line_alone;
  line_alone.lines = {{ImagePath("/etc/ld.so.conf.d/x.conf"), "/opt/made", {"a", "a"}}};
  plan_superseded(line_alone, manifest_, image_.open());
  EXPECT_THAT(words(line_alone), ElementsAre("/opt/made/one 7")) << "of the set, only a line is left";
  image_.with_file("/opt/made/one", "changed");
  EXPECT_THAT(superseded("a", "a", "new"), IsEmpty());
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("was changed since it was injected, and stays")));
}

TEST_F(Removals, ALinkBySonameStaysAsLongAsItsLibrary) {
  inject("/opt/made/libone.so.1.0", "a", "");
  ManifestEntry library = *manifest_.find(ImagePath("/opt/made/libone.so.1.0")), link;
  library.soname = "libone.so.1";
  manifest_.put(library);
  link.kind = Kind::link;
  link.path = ImagePath("/opt/made/libone.so.1");
  link.target = "libone.so.1.0";
  link.provider = link.set = "a";
  manifest_.put(link);
  image_.with_link("/opt/made/libone.so.1", "libone.so.1.0");
  const auto superseded = [&](const std::string& name) {
    Plan plan;
    PlannedFile one, other;
    one.directory = other.directory = ImagePath("/opt/made");
    one.provider = one.set = other.provider = other.set = "a";
    one.name = "one";
    other.name = name;
    plan.files = {one, other};
    plan_superseded(plan, manifest_, image_.open());
    return words(plan);
  };
  EXPECT_THAT(superseded("libone.so.1.0"), IsEmpty()) << "or each second injection would take it away";
  EXPECT_THAT(superseded("libone.so.1.1"), ElementsAre("/opt/made/libone.so.1.0", "/opt/made/libone.so.1"));
}

}  // namespace
}  // namespace fromhost::core
