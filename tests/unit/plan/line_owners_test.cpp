// SPDX-License-Identifier: Apache-2.0
// Whose the lines of ld.so.conf are, and what is left of a text without some of them.
#include "core/plan/line_owners.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file_times.hpp"
#include "core/plan/ld_so_conf.hpp"
#include "core/plan/removals.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::TempImage;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = ManifestEntry::Kind;
using Words = std::vector<std::string>;

constexpr const char* kConf = "/etc/ld.so.conf.d/x.conf";

/// "/opt/a one:set other" of each.
Words words(const std::vector<OwnedLine>& lines) {
  Words found;
  for (const OwnedLine& one : lines) {
    found.push_back(one.line);
    for (const LineOwner& owner : one.owners)
      found.back() += " " + owner.provider.text() + (owner.set.empty() ? "" : ":" + owner.set.text());
  }
  return found;
}

Contribution line(const std::string& directory, const std::string& provider, const std::string& set = "",
                  const std::string& file = "x.conf") {
  return {ItemKind::ld_so_conf, directory, file, "", provider, set};
}

/// An image with `original` for a text, and what was injected into it.
class LineOwners : public testing::Test {
 protected:
  LineOwners() { image_.with_file(kLdSoConf, std::string(kIncludeLine) + "\n"); }

  /// The image has this text now; it is as we left it, unless `edited`.
  ManifestEntry ours(const std::string& text, std::vector<OwnedLine> lines, bool edited = false) {
    image_.with_file(kConf, text);
    ManifestEntry entry;
    entry.kind = Kind::text;
    entry.path = ImagePath(kConf);
    entry.lines = std::move(lines);
    entry.size = text.size() + (edited ? 1 : 0);
    entry.modified = nanoseconds(image_.status(kConf).st_mtim);
    return entry;
  }
  void inject(const ManifestEntry& entry) { manifest_.put(entry); }
  void original(const std::string& text) { image_.with_file(std::string(kArchive) + "/0", text); }

  Plan planned(const Contributions& wanted) {
    const ImageRoot root = image_.open();
    const std::vector<ImagePath> directories = {ImagePath("/usr/lib")};
    const LibraryDirectories scanned = [&]() -> const auto& {
      return directories;
    };
    Plan plan = make_plan(wanted, root, scanned);
    settle_line_owners(plan, manifest_, root);
    return plan;
  }
  Words owners(const Contributions& wanted, const char* path = kConf) {
    const Plan plan = planned(wanted);
    const auto found = plan.line_owners.find(ImagePath(path));
    return found == plan.line_owners.end() ? Words{"as before"} : words(found->second);
  }
  TempImage image_ = TempImage{}.with_directory("/usr/lib").with_directory("/opt/a").with_directory("/opt/b");
  Manifest manifest_;
};

TEST_F(LineOwners, AreWhoWantALineThatWeAdd) {
  image_.with_file(kConf, "/opt/own\n");
  EXPECT_THAT(owners({line("/opt/a", "one", "set"), line("/opt/b", "other"), line("/opt/a", "other"),
                      line("/opt/own", "other"), line("/opt/a", "one", "set")}),
              ElementsAre("/opt/a one:set other", "/opt/b other"));
  EXPECT_THAT(owners({line("/opt/own", "other")}), ElementsAre("as before"));
}

TEST_F(LineOwners, OfTheIncludeAreWhoHaveLinesIfWeAddIt) {
  const Contributions wanted = {line("/opt/a", "one"), line("/opt/b", "other"), line("/opt/c", "one")};
  EXPECT_THAT(owners(wanted, kLdSoConf), ElementsAre("as before"));
  image_.with_file(kLdSoConf, "/opt/own\n");
  EXPECT_THAT(owners(wanted, kLdSoConf), ElementsAre(std::string(kIncludeLine) + " one other"));
}

TEST_F(LineOwners, ChangeOnceWhereASecondOneWantsWhatIsThere) {
  inject(ours("/opt/a\n", {{"/opt/a", {{"one", "set"}}}}));
  EXPECT_THAT(owners({line("/opt/a", "one", "set")}), ElementsAre("as before"));
  EXPECT_THAT(planned({line("/opt/a", "other")}).texts, IsEmpty());
  EXPECT_THAT(owners({line("/opt/a", "other")}), ElementsAre("/opt/a one:set other"));
  inject(ours("/opt/a\n", {{"/opt/a", {{"one", "set"}, {"other", ""}}}}));
  EXPECT_THAT(owners({line("/opt/a", "other")}), ElementsAre("as before"));
}

TEST_F(LineOwners, AreAlsoThoseWhoHaveALibraryInTheDirectory) {
  inject(ours("/opt/a\n", {{"/opt/a", {{"one", "set"}}}}));
  EXPECT_THAT(owners({{ItemKind::library, "/host/l.so", "/opt/a", "", "other", "more"}}),
              ElementsAre("/opt/a one:set other:more"));
  EXPECT_THAT(owners({{ItemKind::library, "/host/l.so", "/opt/b", "", "other", "more"}}),
              ElementsAre("as before"));
  EXPECT_THAT(owners({{ItemKind::data, "/host/data", "/opt/a", "", "other", "more"}}),
              ElementsAre("as before"));
}

TEST_F(LineOwners, OfASetThatWantsOtherLinesNowLoseTheOldOnes) {
  inject(ours("/opt/a\n/opt/b\n", {{"/opt/a", {{"one", "set"}}}, {"/opt/b", {{"one", "set"}, {"two", ""}}}}));
  const Plan moved = planned({line("/opt/c", "one", "set")});
  ASSERT_EQ(moved.texts.size(), 1u);
  EXPECT_EQ(moved.texts[0].content, "/opt/b\n/opt/c\n");
  EXPECT_THAT(words(moved.line_owners.at(ImagePath(kConf))), ElementsAre("/opt/b two", "/opt/c one:set"));
  // By another switch, or by one with an argument, it wants something else besides.
  for (const char* set : {"another", ""})
    EXPECT_EQ(planned({line("/opt/c", "one", set)}).texts[0].content, "/opt/a\n/opt/b\n/opt/c\n");
  // A file of the set is enough, and the cache must then be made.
  image_.with_directory("/srv");
  const Plan none = planned({{ItemKind::data, "/host/data", "/srv", "", "one", "set"}});
  EXPECT_EQ(none.texts[0].content, "/opt/b\n");
  EXPECT_EQ(none.texts[0].reason, "not injected by --set any more");
  EXPECT_TRUE(none.has_libraries);
}

TEST_F(LineOwners, WithTheLastLineTheTextGoes) {
  inject(ours("/opt/a\n", {{"/opt/a", {{"one", "set"}}}}));
  const Plan plan = planned({line("/opt/c", "one", "set", "other.conf")});
  ASSERT_EQ(plan.removals.size(), 1u);
  EXPECT_EQ(plan.removals[0].path, ImagePath(kConf));
  EXPECT_THAT(words(plan.line_owners.at(ImagePath(kConf))), IsEmpty());
}

TEST_F(LineOwners, OfAnEarlierVersionAreUnknownFromWhenSomethingIsAdded) {
  original("/opt/own\n");
  ManifestEntry entry = ours("/opt/own\n/opt/a\n", {});
  entry.replaced = "0";
  inject(entry);
  EXPECT_THAT(owners({line("/opt/a", "one", "set")}), ElementsAre("as before"));
  EXPECT_THAT(owners({line("/opt/a", "one", "set"), line("/opt/b", "one", "set")}),
              ElementsAre("/opt/a  one:set", "/opt/b one:set"));
}

TEST_F(LineOwners, WhatIsLeftOfATextDependsOnWhatWasThereBefore) {
  const std::vector<OwnedLine> both = {{"/opt/a", {{"one", ""}}}, {"/opt/b", {{"two", ""}}}};
  struct Row {
    const char* name;
    const char* original;  // nullptr: there was none
    const char* now;
    bool edited;
    bool all;  // or "/opt/a" alone
    std::string expected;
  };
  const Row rows[] = {
      {"one of two", nullptr, "/opt/a\n/opt/b\n", false, false, "write /opt/b\n"},
      {"all of ours", nullptr, "/opt/a\n/opt/b\n", false, true, "take away"},
      {"all that we added", "# x\n", "# x\n/opt/a\n/opt/b\n", false, true, "take away"},
      {"after a last line without newline", "# x", "# x\n/opt/a\n/opt/b\n", false, true, "take away"},
      {"to an empty text", "", "/opt/a\n/opt/b\n", false, true, "take away"},
      {"edited, one of two", "# x\n", "# y\n/opt/a\n/opt/b\n", true, false, "write # y\n/opt/b\n"},
      {"edited", "# x\n", "# y\n/opt/a\n/opt/b\n", true, true, "write # y\n, forget 0, warn"},
      {"edited, and injected again", "# x\n", "# y\n/opt/a\n/opt/b\n", false, true,
       "write # y\n, forget 0, warn"},
      {"edited, there was none", nullptr, "/opt/a\n/opt/c\n/opt/b", true, true, "write /opt/c\n, warn"},
      {"the same line a second time", nullptr, "/opt/a\n/opt/b\n/opt/a\n", true, true,
       "write /opt/a\n, warn"},
      {"taken out by somebody", "# x\n", "# x\n/opt/b\n", true, false, ""},
      {"all taken out by somebody", "# x\n", "# x\n", true, true, "take away"},
      {"all taken out, and edited", "# x\n", "# y\n", true, true, ", forget 0, warn"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    ManifestEntry entry = ours(row.now, both, row.edited);
    if (row.original) {
      original(row.original);
      entry.replaced = "0";
    }
    Plan plan;
    const auto left = row.all ? std::vector<OwnedLine>() : std::vector<OwnedLine>{both[1]};
    const TextFate fate = plan_lines_left(plan, entry, left, {"undone", true}, image_.open());
    EXPECT_EQ(fate, row.all ? TextFate::not_ours : TextFate::ours);
    std::string done;
    for (const PlannedText& one : plan.texts) done += "write " + one.content;
    for (const PlannedRemoval& one : plan.removals)
      done += one.path == ImagePath(kConf) ? "take away" : ", forget " + std::string(one.path.name());
    for (const std::string& one : plan.warnings) {
      EXPECT_THAT(one, HasSubstr("was changed since it was injected, and stays without our lines; --force"));
      done += ", warn";
    }
    EXPECT_EQ(done, row.expected);

    // By force, what was there before comes back, whatever is there now.
    if (!row.all) continue;
    Plan forced;
    plan_lines_left(forced, entry, {}, {"undone", true, true}, image_.open());
    ASSERT_EQ(forced.removals.size(), 1u);
    EXPECT_EQ(forced.removals[0].path, ImagePath(kConf));
    EXPECT_EQ(forced.removals[0].kept, entry.replaced);
    EXPECT_THAT(forced.texts, IsEmpty());
  }
}

TEST_F(LineOwners, WhatIsNoTextAnyMoreStays) {
  const ManifestEntry entry = ours("/opt/a\n", {{"/opt/a", {{"one", ""}}}});
  std::filesystem::remove(image_.at(kConf));
  Plan gone;
  EXPECT_EQ(plan_lines_left(gone, entry, {}, {"undone"}, image_.open()), TextFate::not_ours);
  EXPECT_THAT(gone.removals, IsEmpty());
  image_.with_link(kConf, "y.conf").with_file("/etc/ld.so.conf.d/y.conf", "/opt/a\n");
  Plan plan;
  EXPECT_EQ(plan_lines_left(plan, entry, {}, {"undone"}, image_.open()), TextFate::stays);
  EXPECT_THAT(plan.warnings,
              ElementsAre(std::string(kConf) + " was changed since it was injected, and stays"));
  EXPECT_THAT(plan.texts, IsEmpty());
}

TEST_F(LineOwners, ALinkThatWeHaveReplacedComesBackIfNobodyHasEditedTheText) {
  for (const bool edited : {false, true}) {
    ManifestEntry entry = ours("# behind it\n/opt/a\n", {{"/opt/a", {{"one", ""}}}}, edited);
    entry.replaced = "0";
    image_.with_directory(kArchive);
    if (!edited) image_.with_link(std::string(kArchive) + "/0", "behind");
    Plan plan;
    plan_lines_left(plan, entry, {}, {"undone"}, image_.open());
    EXPECT_EQ(plan.texts.size(), edited ? 1u : 0u);
    ASSERT_EQ(plan.removals.size(), 1u);
    EXPECT_EQ(plan.removals[0].path.text(), edited ? std::string(kArchive) + "/0" : kConf);
  }
}

TEST_F(LineOwners, CountAsProvidersForAnUndo) {
  inject(ours("/opt/a\n/opt/b\n", {{"/opt/a", {{"one", "x"}, {"two", ""}}}, {"/opt/b", {{"one", ""}}}}));
  const ImageRoot root = image_.open();
  const Undo one = plan_undo(manifest_, root, "one", false);
  ASSERT_EQ(one.plan.texts.size(), 1u);
  EXPECT_EQ(one.plan.texts[0].content, "/opt/a\n");
  EXPECT_THAT(words(one.left.find(ImagePath(kConf))->lines), ElementsAre("/opt/a two"));
  EXPECT_TRUE(one.plan.has_libraries) << "or the cache would name libraries that are not found any more";
  const Undo two = plan_undo(manifest_, root, "two", false);
  EXPECT_THAT(two.plan.texts, IsEmpty());
  EXPECT_THAT(words(two.left.find(ImagePath(kConf))->lines), ElementsAre("/opt/a one:x", "/opt/b one"));
  EXPECT_THROW(plan_undo(manifest_, root, "three", false), Error);
  // The last one takes also what nobody is known to own.
  inject(ours("/opt/a\n/opt/b\n", {{"/opt/a", {{"", ""}}}, {"/opt/b", {{"one", ""}}}}));
  const Undo last = plan_undo(manifest_, root, "one", false);
  EXPECT_TRUE(last.left.empty());
  EXPECT_EQ(last.plan.removals.front().path, ImagePath(kConf));
}

TEST_F(LineOwners, OfManyNamesOfOneLargeTextOnlySomeAreWritten) {
  image_.with_file("/large", "/opt/a\nmine\n" + std::string(1u << 20, 'x'));
  for (int i = 0; i < 100; ++i) {
    ManifestEntry entry = ours("", {{"/opt/a", {{"one", ""}}}}, true);
    entry.path = ImagePath("/names/" + std::to_string(i));
    image_.with_directory("/names");
    std::filesystem::create_hard_link(image_.at("/large"), image_.at(entry.path.text()));
    inject(entry);
  }
  const Undo undo = plan_undo(manifest_, image_.open(), "", false);
  EXPECT_EQ(undo.plan.texts.size(), 16u) << "16 MiB";
  EXPECT_EQ(undo.left.entries.size(), 84u);
}

}  // namespace
}  // namespace fromhost::core
