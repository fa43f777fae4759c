// SPDX-License-Identifier: Apache-2.0
// Options that a plugin declares when plugins are looked for, and the recipes that it reads for that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "tests/plugins/fake_host.hpp"
#include "tests/plugins/plugin_directory.hpp"

namespace fromhost::core {
namespace {

namespace fs = std::filesystem;
using State = PluginRecord::State;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// The declaring plugin, alone unless a test adds others, on a made-up machine.
class Declaring : public testing::Test {
 protected:
  Declaring() { plugins_.with(good_plugin("declaring")); }
  PluginCatalog catalog() {
    return PluginCatalog::discover({{plugins_.path().string()}}, {}, &host_,
                                   RecipeFiles({recipes_.path().string()}));
  }
  static std::vector<std::string> names_of(const PluginRecord& record) {
    std::vector<std::string> names;
    for (const Switch& one : record.switches) names.push_back(one.name);
    return names;
  }
  PluginDirectory plugins_, recipes_;
  FakeHost host_;
};

TEST_F(Declaring, OptionsAreAsThoseOfTheEntry) {
  recipes_.with("net.toml", "a network").with("short.toml", "has a letter").with("net.txt", "no recipe");
  const PluginCatalog all = catalog();
  const PluginRecord& record = record_of(all, "declaring.so");
  EXPECT_THAT(names_of(record), ElementsAre("constant", "net", "short"));
  EXPECT_EQ(record.switches[1].help, "a network");
  EXPECT_EQ(record.switches[2].letter, 's');
  EXPECT_THAT(all.warnings(), IsEmpty());
  Contributions got;
  EXPECT_TRUE(all.open("declaring", host_)->collect({"declaring", "net", "", {}}, got).here);
  EXPECT_EQ(got.at(0).destination, "/net");
}

TEST_F(Declaring, NoCodeRunsWithoutAMachine) {
  host_.variables["CARD"] = FH_COMMANDS;
  EXPECT_THAT(names_of(record_of(plugins_.catalog(), "declaring.so")), ElementsAre("constant"));
}

TEST_F(Declaring, OptionOfTheCoreOrAnEarlierPluginIsLeftOutAndSaid) {
  plugins_.with("a.so", PluginDirectory::bytes_of(good_plugin("plain")));
  recipes_.with("dest.toml", "x").with("plain.toml", "x").with("constant.toml", "x").with("net.toml", "x");
  const PluginCatalog all = catalog();
  const PluginRecord& record = record_of(all, "declaring.so");
  EXPECT_THAT(names_of(record), ElementsAre("constant", "net"));
  EXPECT_THAT(
      record.warnings,
      ElementsAre("--constant: the plugin has it already", "--dest: it is an option of ch-fromhost itself",
                  "--plain: it is an option of " + plugins_.at("a.so").string() + ", which comes first"));
  EXPECT_THAT(all.warnings(), testing::Contains("declaring: --dest: it is an option of ch-fromhost itself"));
}

TEST_F(Declaring, CommandsLibrariesImageAndRequestsAreNotLent) {
  for (const char* id : {FH_COMMANDS, FH_LIBRARIES, FH_IMAGE, FH_REQUESTS}) {
    host_.variables["CARD"] = id;
    const PluginCatalog all = catalog();
    EXPECT_EQ(all.records().at(0).state, State::refused) << id;
    EXPECT_THAT(all.records().at(0).reason, HasSubstr(std::string("has no service ") + id));
  }
}

TEST_F(Declaring, StandardInputIsNotReadAndNothingContributed) {
  host_.variables["CARD"] = "stdin";
  host_.standard_input = "for --file -";
  EXPECT_THAT(catalog().records().at(0).reason,
              HasSubstr("fails when it declares its options: declaring: standard input: "));
  host_.variables["CARD"] = "item";
  EXPECT_THAT(catalog().records().at(0).reason, HasSubstr("contributed an item outside collect()"));
}

TEST_F(Declaring, OptionOutsideDeclareIsAnError) {
  host_.variables["LATE"] = "yes";
  const PluginCatalog all = catalog();
  Contributions got;
  EXPECT_THROW(all.open("declaring", host_)->collect({"declaring", "constant", "", {}}, got), Error);
}

TEST_F(Declaring, OtherRequestsOfTheRunAreKnown) {
  const PluginCatalog all = catalog();
  const std::vector<Request> alone = {{"declaring", "constant", "", {}}};
  const std::vector<Request> both = {{"declaring", "constant", "", {}}, {"plain", "other", "", {}}};
  Contributions got;
  EXPECT_TRUE(all.open("declaring", host_, nullptr, &alone)->collect(alone[0], got).here);
  EXPECT_THROW(all.open("declaring", host_, nullptr, &both)->collect(both[0], got), Error);
}

TEST_F(Declaring, RefusedWithItsReasonAndTheOthersGoOn) {
  for (const auto& [name, why] : std::vector<std::pair<std::string, std::string>>{
           {"declares-malformed", "declared a malformed option"},
           {"declares-twice", "declared --declared twice"},
           {"fails-when-declaring", "no recipes today"},
           {"throws-in-declare", "the plugin threw out of declare: no idea"}}) {
    plugins_.with(std::string(FROMHOST_BAD_PLUGINS) + "/" + name + ".so");
    const PluginCatalog all = catalog();
    const PluginRecord& record = record_of(all, name + ".so");
    EXPECT_EQ(record.state, State::refused) << name;
    EXPECT_THAT(record.reason, HasSubstr(why));
    EXPECT_THAT(record.id, IsEmpty());
    EXPECT_EQ(record_of(all, "declaring.so").state, State::ready);
  }
}

TEST_F(Declaring, PluginOfInterface10StillLoadsBesideIt) {
  const std::string old = good_plugin("every-service-gxx-interface-1-0");
  if (!fs::exists(old)) GTEST_SKIP() << "no g++ built it";
  plugins_.with(old);
  const PluginCatalog all = catalog();
  EXPECT_EQ(record_of(all, fs::path(old).filename().string()).state, State::ready);
  EXPECT_THAT(all.warnings(), IsEmpty());
}

TEST(RecipeFiles, FirstOfAFileNameCounts) {
  PluginDirectory first, second;
  first.with("b.toml", "1").with(".hidden", "");
  second.with("a.toml", "2").with("b.toml", "2").with("c.conf", "2");
  const RecipeFiles files({"/no/such/directory", first.path().string(), second.path().string()});
  EXPECT_THAT(files.list(), ElementsAre(first.at("b.toml").string(), second.at("a.toml").string()));
  EXPECT_EQ(files.read(first.at("b.toml").string(), 10), "1");
}

TEST(RecipeFiles, NothingElseIsRead) {
  PluginDirectory directory;
  directory.with("a.toml", "0123456789").with("b.txt", "no");
  const RecipeFiles files({directory.path().string()});
  for (const std::string& other : {directory.at("b.txt").string(), std::string("/etc/passwd")})
    EXPECT_THROW(files.read(other, 100), std::system_error) << other;
  EXPECT_THROW(files.read(directory.at("a.toml").string(), 9), std::system_error);
}

TEST(RecipeFiles, FifoIsNoRecipe) {
  PluginDirectory directory;
  ::mkfifo(directory.at("a.toml").c_str(), 0600);
  EXPECT_THROW(RecipeFiles({directory.path().string()}).read(directory.at("a.toml").string(), 9),
               std::exception);
}

TEST(RecipeFiles, RootBelievesNoneThatOthersCanWrite) {
  if (::geteuid() != 0) GTEST_SKIP() << "for root";
  PluginDirectory directory;
  directory.with("a.toml", "1");
  const std::string file = directory.at("a.toml").string();
  const RecipeFiles files({directory.path().string()});
  ::chmod(file.c_str(), 0666);
  EXPECT_THAT([&] { files.read(file, 10); },
              testing::ThrowsMessage<std::runtime_error>(HasSubstr("can be written by others")));
  ::chmod(file.c_str(), 0644);
  ::chmod(directory.path().c_str(), 0777);
  EXPECT_THROW(files.read(file, 10), std::runtime_error);
  ::chmod(directory.path().c_str(), 0755);
  EXPECT_EQ(files.read(file, 10), "1");
  ASSERT_EQ(::chown(file.c_str(), 12345, 12345), 0);
  EXPECT_THROW(files.read(file, 10), std::runtime_error);
}

TEST(RecipeSearchPath, CommandLineThenVariableThenInstalled) {
  FakeHost host;
  host.variables["CH_FROMHOST_RECIPE_PATH"] = "/v1::/v2";
  const auto path = recipe_search_path({"/c"}, host);
  ASSERT_EQ(path.size(), 4u);
  EXPECT_THAT(std::vector<std::string>(path.begin(), path.end() - 1), ElementsAre("/c", "/v1", "/v2"));
  EXPECT_THAT(path.back(), testing::EndsWith("/etc/ch-fromhost/recipes.d"));
}

}  // namespace
}  // namespace fromhost::core
