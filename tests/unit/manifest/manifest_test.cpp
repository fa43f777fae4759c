// SPDX-License-Identifier: Apache-2.0
// The manifest: read as it was written, not believed where it cannot be true, and compared with what is
// there.
#include "core/manifest/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "core/error.hpp"
#include "core/file_times.hpp"
#include "core/json_text.hpp"
#include "core/manifest/status.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::FakeHost;
using test::TempImage;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = ManifestEntry::Kind;

ManifestEntry entry(Kind kind, const std::string& path) {
  ManifestEntry one;
  one.kind = kind;
  one.path = ImagePath(path);
  return one;
}

Manifest usual() {
  Manifest manifest;
  manifest.next_kept = 3;
  manifest.runs.push_back({1'700'000'000, "node1", "root", "1.0", {{"nvidia", "1"}}});
  manifest.put(entry(Kind::directory, "/ch/fromhost"));
  ManifestEntry file = entry(Kind::file, "/usr/lib/li\xff.so.1");
  file.provider = "nvidia";
  file.set = "nvidia";
  file.size = 5;
  file.modified = 1'700'000'000'123'456'789;
  file.replaced = "2";
  file.source = "/host/lib.so.1";
  file.source_size = 5;
  file.source_modified = -7;
  file.build_id = "abcdef";
  file.soname = "lib.so.1";
  manifest.put(file);
  ManifestEntry link = entry(Kind::link, "/usr/lib/lib.so");
  link.target = "lib.so.1";
  manifest.put(link);
  ManifestEntry text = entry(Kind::text, "/etc/ld.so.conf");
  text.lines = {{"/opt/\xff", {{"recipe", "mpi"}, {"generic", ""}}}, {"/opt/old", {{"", ""}}}};
  manifest.put(text);
  return manifest;
}

TEST(ManifestTest, IsReadAsItWasWritten) {
  const auto read = manifest_from(to_text(usual()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->next_kept, 3u);
  ASSERT_EQ(read->runs.size(), 1u);
  EXPECT_EQ(read->runs[0].time, 1'700'000'000);
  EXPECT_EQ(read->runs[0].host, "node1");
  EXPECT_EQ(read->runs[0].user, "root");
  EXPECT_EQ(read->runs[0].tool, "1.0");
  EXPECT_THAT(read->runs[0].providers, ElementsAre(std::pair<std::string, std::string>("nvidia", "1")));
  ASSERT_EQ(read->entries.size(), 4u);
  EXPECT_EQ(read->entries[0].kind, Kind::directory);
  const ManifestEntry* file = read->find(ImagePath("/usr/lib/li\xff.so.1"));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->provider, "nvidia");
  EXPECT_EQ(file->set, "nvidia");
  EXPECT_EQ(file->size, 5u);
  EXPECT_EQ(file->modified, 1'700'000'000'123'456'789);
  EXPECT_EQ(file->replaced, "2");
  EXPECT_EQ(file->source, "/host/lib.so.1");
  EXPECT_EQ(file->source_size, 5u);
  EXPECT_EQ(file->source_modified, -7);
  EXPECT_EQ(file->build_id, "abcdef");
  EXPECT_EQ(file->soname, "lib.so.1");
  EXPECT_EQ(read->find(ImagePath("/usr/lib/lib.so"))->target, "lib.so.1");
  EXPECT_EQ(read->find(ImagePath("/etc/ld.so.conf"))->lines,
            usual().find(ImagePath("/etc/ld.so.conf"))->lines);
}

TEST(ManifestTest, OfAnEarlierVersionSaysNothingOfLines) {
  Json json = Json::parse(to_text(usual()));
  json["entries"][3].erase("lines");
  const auto read = manifest_from(json.dump());
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->find(ImagePath("/etc/ld.so.conf"))->lines.empty());
}

TEST(ManifestTest, WhateverBytesItNamesItIsWrittenAgain) {
  Manifest hostile = usual();
  hostile.runs[0].tool = hostile.runs[0].user = hostile.runs[0].host = "\xff";
  ManifestEntry file = entry(Kind::file, "/\xff");
  file.build_id = file.soname = file.source = file.provider = file.set = "\xff";
  hostile.put(file);
  const auto read = manifest_from(to_text(hostile));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->runs[0].tool, "\xff");
  EXPECT_EQ(read->find(ImagePath("/\xff"))->build_id, "\xff");
}

TEST(ManifestTest, WhatItCannotBeIsNotRead) {
  struct Row {
    const char* name;
    std::function<void(Json&)> damage;
  };
  const Row rows[] = {
      {"a newer version", [](Json& j) { j["version"] = 2; }},
      {"another schema", [](Json& j) { j["schema"] = "x"; }},
      {"a relative path", [](Json& j) { j["entries"][1]["path"] = "usr/lib/x"; }},
      {"a path with ..", [](Json& j) { j["entries"][1]["path"] = "/usr/../../etc/passwd"; }},
      {"a path that ends with ..", [](Json& j) { j["entries"][1]["path"] = "/usr/.."; }},
      {"the root itself", [](Json& j) { j["entries"][1]["path"] = "/"; }},
      {"a path with a NUL", [](Json& j) { j["entries"][1]["path"] = std::string("/a\0b", 4); }},
      {"a path that is too long", [](Json& j) { j["entries"][1]["path"] = "/" + std::string(5000, 'a'); }},
      {"a kind that there is not", [](Json& j) { j["entries"][1]["kind"] = "device"; }},
      {"a path in the archive", [](Json& j) { j["entries"][1]["replaced"] = "../../etc/shadow"; }},
      {"a size that is a text", [](Json& j) { j["entries"][1]["size"] = "many"; }},
      {"no runs", [](Json& j) { j.erase("runs"); }},
      {"too many runs",
       [](Json& j) {
         for (int i = 0; i < 20; ++i) j["runs"].push_back(j["runs"][0]);
       }},
      {"too many texts, which may all be one large file",
       [](Json& j) {
         for (std::size_t i = 0; i < kMostTexts; ++i) {
           j["entries"].push_back(j["entries"][3]);
           j["entries"].back()["path"] = "/etc/ld.so.conf.d/" + std::to_string(i);
         }
       }},
      {"lines that are no list", [](Json& j) { j["entries"][3]["lines"] = "/opt/lib"; }},
      {"a line that is two", [](Json& j) { j["entries"][3]["lines"][0]["line"] = "/a\n/b"; }},
      {"a line with a NUL", [](Json& j) { j["entries"][3]["lines"][0]["line"] = std::string("/a\0", 3); }},
      {"an empty line", [](Json& j) { j["entries"][3]["lines"][0]["line"] = ""; }},
      {"a line twice", [](Json& j) { j["entries"][3]["lines"].push_back(j["entries"][3]["lines"][0]); }},
      {"a line that is a number", [](Json& j) { j["entries"][3]["lines"][0]["line"] = 3; }},
      {"a line without owners", [](Json& j) { j["entries"][3]["lines"][0].erase("owners"); }},
      {"a line of nobody", [](Json& j) { j["entries"][3]["lines"][0]["owners"] = Json::array(); }},
      {"an owner that is a text", [](Json& j) { j["entries"][3]["lines"][0]["owners"][0] = "recipe"; }},
      {"an owner without a name",
       [](Json& j) { j["entries"][3]["lines"][0]["owners"][0].erase("provider"); }},
      {"entries that are no list", [](Json& j) { j["entries"] = 3; }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Json json = Json::parse(to_text(usual()));
    row.damage(json);
    EXPECT_FALSE(manifest_from(json.dump()));
  }
}

TEST(ManifestTest, WhereThereIsNoneTheImageIsAsItWas) {
  EXPECT_TRUE(read_manifest(TempImage{}.open()).empty());
}

TEST(ManifestTest, ADamagedOneIsAnErrorWithAWayOut) {
  TempImage link;
  link.with_directory("/ch/fromhost").with_link(kManifest, link.beside("outside/kept"));
  for (const TempImage& image :
       {TempImage{}.with_file(kManifest, "{"), TempImage{}.with_fifo(kManifest), link}) {
    try {
      read_manifest(image.open());
      ADD_FAILURE() << "read";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("cannot read the image's manifest: /ch/fromhost/manifest.json"));
      EXPECT_THAT(error.what(), HasSubstr("remove it from the image"));
    }
  }
}

TEST(ManifestTest, AReplacedEntryKeepsWhatTheFirstOneReplaced) {
  Manifest manifest = usual();
  ManifestEntry again = entry(Kind::file, "/usr/lib/li\xff.so.1");
  again.size = 9;
  manifest.put(again);
  EXPECT_EQ(manifest.entries.size(), 4u);
  EXPECT_EQ(manifest.find(again.path)->size, 9u);
  EXPECT_EQ(manifest.find(again.path)->replaced, "2");
  manifest.remove({ImagePath("/ch/fromhost"), ImagePath("/not/there")});
  EXPECT_EQ(manifest.entries.size(), 3u);
  EXPECT_EQ(manifest.find(again.path)->size, 9u) << "still found by its path";
  EXPECT_FALSE(manifest.find(ImagePath("/ch/fromhost")));
}

/// What is found wrong with an image in which /opt/file was injected from /host/file.
class StatusTest : public testing::Test {
 protected:
  StatusTest() {
    host_.with_real_file("/host/file", image_.beside("source"));
    write_source("bytes");
    ManifestEntry file = entry(Kind::file, "/opt/file");
    file.source = "/host/file";
    file.size = file.source_size = 5;
    file.modified = nanoseconds(image_.status("/opt/file").st_mtim);
    file.source_modified = source_time();
    manifest_.put(file);
    ManifestEntry link = entry(Kind::link, "/opt/link");
    link.target = "file";
    manifest_.put(link);
    manifest_.put(entry(Kind::cache, "/etc/ld.so.cache"));
  }
  void write_source(const std::string& content) {
    std::ofstream(image_.beside("source"), std::ios::binary | std::ios::trunc) << content;
  }
  std::int64_t source_time() const {
    struct stat facts;
    test::must(::stat(image_.beside("source").c_str(), &facts), "source");
    return nanoseconds(facts.st_mtim);
  }
  void set_source_time(std::int64_t time) {
    const struct timespec times[2] = {from_nanoseconds(time), from_nanoseconds(time)};
    test::must(::utimensat(AT_FDCWD, image_.beside("source").c_str(), times, 0), "source");
  }
  std::vector<std::string> found(bool contents = false) {
    std::vector<std::string> words;
    for (const EntryDifference& one : check_entries(manifest_, image_.open(), host_, contents))
      words.push_back(one.entry->path.text() + " " + std::string(to_string(one.difference)));
    return words;
  }
  TempImage image_ = TempImage{}
                         .with_file("/opt/file", "bytes")
                         .with_link("/opt/link", "file")
                         .with_file("/etc/ld.so.cache", "made again since")
                         .with_old_times();
  FakeHost host_;
  Manifest manifest_;
};

TEST_F(StatusTest, NothingIsWrongWithWhatIsAsItWas) {
  EXPECT_THAT(found(), ElementsAre());
  EXPECT_THAT(host_.opened, ElementsAre()) << "only contents are worth it";
  EXPECT_THAT(found(true), ElementsAre());
}

TEST_F(StatusTest, WhatIsGoneOrChangedInTheImageIsTold) {
  image_.with_file("/opt/file", "other");
  std::filesystem::remove(image_.at("/opt/link"));
  EXPECT_THAT(found(), ElementsAre("/opt/file changed in the image", "/opt/link missing in the image"));
  image_.with_link("/opt/link", "elsewhere");
  EXPECT_THAT(found(), ElementsAre("/opt/file changed in the image", "/opt/link changed in the image"));
}

TEST_F(StatusTest, WhatTheHostHasChangedIsTold) {
  set_source_time(source_time() + 1);
  EXPECT_THAT(found(), ElementsAre("/opt/file changed on this host"));
  host_.with_bad_file("/host/file", ENOENT);
  EXPECT_THAT(found(), ElementsAre("/opt/file not on this host any more"));
}

TEST_F(StatusTest, ASourceThatOnlyPretendsToBeEmptyIsNotRead) {
  const char* pretending = "/proc/version";
  struct stat facts;
  if (::stat(pretending, &facts) != 0) GTEST_SKIP() << "skipped: no /proc here";
  image_.with_file("/opt/empty");
  ManifestEntry file = entry(Kind::file, "/opt/empty");
  file.source = pretending;
  file.modified = nanoseconds(image_.status("/opt/empty").st_mtim);
  file.source_modified = nanoseconds(facts.st_mtim);
  manifest_.put(file);
  host_.with_real_file(pretending, pretending);
  EXPECT_THAT(found(true), ElementsAre());
  EXPECT_THAT(host_.opened, ElementsAre("/host/file"));
}

TEST_F(StatusTest, OtherBytesOfTheSameSizeAndTimeAreFoundByLookingAtThem) {
  const auto time = source_time();
  write_source("BYTES");
  set_source_time(time);
  EXPECT_THAT(found(), ElementsAre());
  EXPECT_THAT(found(true), ElementsAre("/opt/file contents differ from the host's"));
}

}  // namespace
}  // namespace fromhost::core
