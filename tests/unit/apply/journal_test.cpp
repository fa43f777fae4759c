// SPDX-License-Identifier: Apache-2.0
// The journal: read as it was written, and nothing read that could lead out of the image.
#include "core/apply/journal.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "core/json_text.hpp"

namespace fromhost::core {
namespace {

Journal usual() {
  Journal journal;
  journal.directories = {{ImagePath("/"), 0555, -1, 1'000'000'000'123'456'789, true},
                         {ImagePath("/usr/li\xff b"), 07755, 0, 5, false}};
  JournalStep place;
  place.directory = ImagePath("/usr/lib");
  place.name = "lib\n.so";
  place.fresh = "n0";
  place.kept = "o0";
  place.archive = "7";
  JournalStep made;
  made.kind = JournalStep::Kind::remove_directory;
  made.directory = ImagePath("/");
  made.name = "opt";
  made.mode = 0750;
  made.user = 1234;
  made.group = 5678;
  journal.steps = {place, made};
  return journal;
}

TEST(JournalTest, IsReadAsItWasWritten) {
  const Journal before = usual();
  const auto after = read_journal(to_text(before));
  ASSERT_TRUE(after);
  ASSERT_EQ(after->directories.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(after->directories[i].path, before.directories[i].path);
    EXPECT_EQ(after->directories[i].mode, before.directories[i].mode);
    EXPECT_EQ(after->directories[i].access, before.directories[i].access);
    EXPECT_EQ(after->directories[i].modification, before.directories[i].modification);
    EXPECT_EQ(after->directories[i].changed, before.directories[i].changed);
  }
  ASSERT_EQ(after->steps.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(after->steps[i].kind, before.steps[i].kind);
    EXPECT_EQ(after->steps[i].directory, before.steps[i].directory);
    EXPECT_EQ(after->steps[i].name, before.steps[i].name);
    EXPECT_EQ(after->steps[i].fresh, before.steps[i].fresh);
    EXPECT_EQ(after->steps[i].kept, before.steps[i].kept);
    EXPECT_EQ(after->steps[i].archive, before.steps[i].archive);
    EXPECT_EQ(after->steps[i].mode, before.steps[i].mode);
    EXPECT_EQ(after->steps[i].user, before.steps[i].user);
    EXPECT_EQ(after->steps[i].group, before.steps[i].group);
  }
}

TEST(JournalTest, WhatAJournalCannotBeIsNotRead) {
  struct Row {
    const char* name;
    std::function<void(Json&)> damage;
  };
  const Row rows[] = {
      {"a newer version", [](Json& j) { j["version"] = 2; }},
      {"no version", [](Json& j) { j.erase("version"); }},
      {"no steps", [](Json& j) { j.erase("steps"); }},
      {"steps are no list", [](Json& j) { j["steps"] = "place"; }},
      {"a name with a slash", [](Json& j) { j["steps"][0]["name"] = "../etc"; }},
      {"the name ..", [](Json& j) { j["steps"][0]["name"] = ".."; }},
      {"the name .", [](Json& j) { j["steps"][0]["name"] = "."; }},
      {"an empty name", [](Json& j) { j["steps"][0]["name"] = ""; }},
      {"a name with a NUL", [](Json& j) { j["steps"][0]["name"] = std::string("a\0b", 3); }},
      {"a number for a name", [](Json& j) { j["steps"][0]["name"] = 3; }},
      {"a slash in what is placed", [](Json& j) { j["steps"][0]["fresh"] = "a/b"; }},
      {"a slash in what is kept", [](Json& j) { j["steps"][0]["kept"] = "/etc/passwd"; }},
      {".. in the archive", [](Json& j) { j["steps"][0]["archive"] = ".."; }},
      {"a slash in hexadecimal",
       [](Json& j) {
         j["steps"][0]["name"] = Json{{"hex", "2f"}};
       }},
      {"a relative directory", [](Json& j) { j["steps"][0]["directory"] = "usr"; }},
      {"no directory", [](Json& j) { j["steps"][0]["directory"] = ""; }},
      {"a kind that there is not", [](Json& j) { j["steps"][0]["kind"] = "run"; }},
      {"a mode with a file type", [](Json& j) { j["steps"][0]["mode"] = 0100644; }},
      {"a directory's mode with a file type", [](Json& j) { j["directories"][0]["mode"] = 040755; }},
      {"a user that is a text", [](Json& j) { j["steps"][0]["user"] = "root"; }},
      {"a directory without times", [](Json& j) { j["directories"][0].erase("access"); }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Json json = Json::parse(to_text(usual()));
    row.damage(json);
    EXPECT_FALSE(read_journal(json.dump()));
  }
}

TEST(JournalTest, NoPartOfOneIsRead) {
  const std::string text = to_text(usual());
  ASSERT_EQ(text.back(), '\n');
  for (std::size_t size = 0; size + 1 < text.size(); ++size)
    EXPECT_FALSE(read_journal(text.substr(0, size))) << size;
}

}  // namespace
}  // namespace fromhost::core
