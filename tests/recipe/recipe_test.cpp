// SPDX-License-Identifier: Apache-2.0
// Recipes on a fake host: each key, each condition, and each mistake with its line and column.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "fromhost/testing/fake_host.hpp"
#include "plugins/recipe/host_paths.hpp"

namespace {

using fromhost::fake::FakeHost;
using fromhost::fake::Item;
using fromhost::fake::Outcome;
using fromhost::fake::Session;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kFile = "/r/net.toml";
const std::string kHead = "schema = 1\nswitch = \"net\"\nhelp = \"inject the net\"\n";
const std::string kSomething = "[[directory]]\npath = \"/somewhere\"\n";

std::vector<std::string> lines_of(const Outcome& got) {
  std::vector<std::string> lines;
  for (const Item& item : got.items) {
    std::ostringstream text;
    text << item;
    lines.push_back(text.str());
  }
  return lines;
}

Outcome inject(FakeHost& host, const std::string& recipe, const std::string& name = "net") {
  host.with_recipe(kFile, recipe);
  return Session(host, fromhost_provider).collect({name, "", std::nullopt});
}

/// Three lines of head are before it.
Outcome inject_items(FakeHost& host, const std::string& items) {
  return inject(host, kHead + items);
}

// Mistakes.

struct Wrong {
  std::string recipe;
  std::string words;
};

class WrongRecipe : public testing::TestWithParam<Wrong> {};

TEST_P(WrongRecipe, IsToldWithFileLineAndColumn) {
  FakeHost host;
  const Outcome got = inject(host, GetParam().recipe, "net");
  EXPECT_EQ(got.status, FH_FAILED);
  EXPECT_EQ(got.message.substr(0, std::string(kFile).size()), kFile) << got.message;
  EXPECT_THAT(got.message, HasSubstr(GetParam().words));
  EXPECT_THAT(got.items, IsEmpty());
  // And it is no secret before anybody asks for it.
  const Outcome declared = fromhost::fake::declared(host, fromhost_provider);
  EXPECT_EQ(declared.status, FH_OK);
  ASSERT_EQ(declared.options.size(), 1u);
  EXPECT_EQ(declared.options[0].name, "net");
  EXPECT_EQ(host.log_text(FH_LOG_WARNING), got.message + "\n");
}

const std::vector<Wrong>& wrong_recipes() {
  static const std::vector<Wrong> all = {
      {"schema = 1\nswitch = \"net\n", ":2:"},
      {"", ":1:1: no key \"schema\": write schema = 1"},
      {"switch = \"net\"\n", ":1:1: no key \"schema\""},
      {"schema = 2\n", ":1:10: this ch-fromhost reads schema = 1"},
      {"schema = \"1\"\n", ":1:10: this ch-fromhost reads schema = 1"},
      {"schema = 1\nhelp = \"x\"\n", ":1:1: a recipe wants a key \"switch\""},
      {"schema = 1\nswitch = \"net\"\n", ":1:1: a recipe wants a key \"help\""},
      {"schema = 1\nswitch = \"--net\"\nhelp = \"x\"\n", ":2:10: switch: lower case letters"},
      {"schema = 1\nswitch = \"Net\"\nhelp = \"x\"\n", ":2:10: switch: lower case letters"},
      {"schema = 1\nswitch = 7\nhelp = \"x\"\n", ":2:10: switch: a text in quotes is wanted"},
      {"schema = 1\nswitch = \"net\"\nhelp = \"\"\n", ":3:8: help: is empty"},
      {"schema = 1\nswitch = \"net\"\nhelp = \"Injects it.\"\n", ":3:8: help: a phrase without full stop"},
      {"schema = 1\nswitch = \"net\"\nhelp = \"a\\tb\"\n", ":3:8: help: has a control character"},
      {"schema = 1\nswitch = \"net\"\nhelp = inject it\n", "; a text stands in quotes"},
      {"schema = 1\nswitch = \"net\"\nhelp = copy\n", "; a text stands in quotes"},
      {"schema = 1\nswitch = \"net\"\nhelp = 2nd card\n", "; a text stands in quotes"},
      {"schema = 1\nswitch = \"net\"\nhelp = true story\n", ":3:"},
      {kHead, ":1:1: a recipe wants something to inject"},
      {kHead + "libary = 1\n", ":4:1: a recipe has no key \"libary\"; did you mean \"library\"?"},
      {kHead + "[/etc]\n", ":4:"},
      {kHead + "\xef\xba\xbf'\n", ":4:1: not an ASCII character"},
      {kHead + "x = \"\xc3\xa9\"\n", ":4:6: not an ASCII character; in a text write it as \\u00e9"},
      {kHead + "zzzzzzzz = 1\n", ":4:1: a recipe has no key \"zzzzzzzz\""},
      {kHead + "[library]\nsoname = \"x\"\n", ":4:1: library: write [[library]]"},
      {kHead + "library = [1]\n", ":4:12: library: write [[library]]"},
      {kHead + "[[library]]\nsonme = \"x\"\n",
       ":5:1: [[library]] has no key \"sonme\"; did you mean \"soname\"?"},
      {kHead + "[[library]]\nreason = \"x\"\n", ":4:1: [[library]] wants one of \"from\" and \"soname\""},
      {kHead + "[[library]]\nfrom = \"/a\"\nsoname = \"a\"\n", ":4:1: [[library]] wants one of"},
      {kHead + "[[library]]\nsoname = \"/lib/a.so\"\n", ":5:10: soname: a name without slash"},
      {kHead + "[[library]]\nfrom = \"lib/a.so\"\n", ":5:8: from: not an absolute path: \"lib/a.so\""},
      {kHead + "[[library]]\nfrom = [\"/a\", \"b\"]\n", ":5:15: from: not an absolute path: \"b\""},
      {kHead + "[[library]]\nfrom = []\n", ":5:8: from: is empty"},
      {kHead + "[[library]]\nfrom = \"/a/../b\"\n", ":5:8: from: has .. in it"},
      {kHead + "[[library]]\nfrom = \"/a\"\npick = \"best\"\n", ":6:8: pick: \"all\" or \"newest\""},
      {kHead + "[[library]]\nfrom = \"/a\"\nclosure = \"yes\"\n", ":6:11: closure: true or false is wanted"},
      {kHead + "[[library]]\nfrom = \"/a\"\nexclude = \"b\"\n",
       "exclude and closure_destination go with closure"},
      {kHead + "[[library]]\nfrom = \"/a\"\ndestination = \"b\"\n",
       ":6:15: destination: not an absolute path"},
      {kHead + "[[library]]\nfrom = \"/a\"\nbeside = \"b\"\ndestination = \"/b\"\n",
       ":7:15: destination: with beside, a path that starts there"},
      {kHead + "[[program]]\nname = \"x\"\n", ":5:1: [[program]] has no key \"name\""},
      {kHead + "[[program]]\nreason = \"x\"\n", ":4:1: [[program]] wants a key \"from\""},
      {kHead + "[[file]]\nfrom = \"/a\"\n", ":4:1: [[file]] wants a key \"destination\" or \"beside\""},
      {kHead + "[[directory]]\nreason = \"a\"\n", ":4:1: [[directory]] wants a key \"path\""},
      {kHead + "[[directory]]\npath = \"a\"\n", ":5:8: path: not an absolute path"},
      {kHead + "[[ld_so_conf]]\ndirectory = \"/a\"\nname = \"a/b\"\n", ":6:8: name: a file name"},
      {kHead + "[[link]]\npath = \"/a\"\n", ":4:1: [[link]] wants a key \"target\""},
      {kHead + "if_file = \"dev/x\"\n" + kSomething, ":4:11: if_file: not an absolute path"},
      {kHead + "conflicts = \"--other\"\n" + kSomething, ":4:13: conflicts: a switch without its dashes"},
      {kHead + "variables = 1\n" + kSomething, ":4:13: variables: write [variables.NAME]"},
      {kHead + "[variables.lower]\nenv = \"X\"\n" + kSomething, ":4:12: the name of a variable"},
      {kHead + "[variables.LIB]\nenv = \"X\"\n" + kSomething, ":4:12: the name of a variable"},
      {kHead + "[variables.X]\ndefault = \"a\"\n" + kSomething,
       ":4:12: a variable wants env, newest or image_library"},
      {kHead + "[variables.X]\nimage_library = \"a\"\n" + kSomething,
       ":4:12: image_library, after and before belong"},
      {kHead + "[variables.X]\nnewest = \"/a/${LIB}\"\n" + kSomething,
       ":5:10: newest: a variable has no variables"},
      {kHead + "[[library]]\nfrom = \"${HOME}/a\"\n", ":5:8: no variable HOME: write [variables.HOME]"},
      {kHead + "[variables.ROCM]\nenv = \"R\"\n[[library]]\nfrom = \"${ROCN}/a\"\n", "did you mean ROCM?"},
      {kHead + "[[library]]\nfrom = \"/a/${X\"\n", ":5:8: ${ without }"},
      {kHead + "[[directory]]\npath = \"${LIB}/a\"\n", ":5:8: no variable LIB here"},
      {kHead + "x = " + std::string(200, '[') + std::string(200, ']') + "\n", ":4:"},
  };
  return all;
}

INSTANTIATE_TEST_SUITE_P(Table, WrongRecipe, testing::ValuesIn(wrong_recipes()));

TEST(Recipe, TooLargeAFileIsAMistake) {
  FakeHost host;
  const Outcome got = inject(host, kHead + kSomething + "#" + std::string(64 << 10, 'x'));
  EXPECT_EQ(got.status, FH_FAILED);
  EXPECT_EQ(got.message, "/r/net.toml: File too large");
}

TEST(Recipe, OtherLettersAreInCommentsAndEscaped) {
  FakeHost host;
  const Outcome got = inject_items(host, "# caf\xc3\xa9\n[[directory]]\npath = \"/caf\\u00e9\"\n");
  EXPECT_EQ(got.status, FH_OK) << got.message;
  EXPECT_EQ(got.items.at(0).destination, "/caf\xc3\xa9");
}

TEST(Recipe, UnreadableOneIsToldWhereItIsAskedFor) {
  FakeHost host;
  host.with_unreadable_recipe(kFile);
  EXPECT_EQ(Session(host, fromhost_provider).collect({"net", "", std::nullopt}).message,
            "/r/net.toml: Permission denied");
}

// The switch.

TEST(Recipe, DeclaresASwitchWithItsHelp) {
  FakeHost host;
  host.with_recipe("/r/any-name.toml", kHead + kSomething);
  const Outcome got = fromhost::fake::declared(host, fromhost_provider);
  EXPECT_EQ(got.status, FH_OK);
  ASSERT_EQ(got.options.size(), 1u);
  EXPECT_EQ(got.options[0].name, "net");
  EXPECT_EQ(got.options[0].help, "inject the net");
  EXPECT_FALSE(got.options[0].argument);
}

TEST(Recipe, FirstOfASwitchCountsAndTheOtherIsSaid) {
  FakeHost host;
  host.with_recipe("/r/a.toml", kHead + kSomething)
      .with_recipe("/r/b.toml", kHead + "[[directory]]\npath = \"/b\"\n");
  EXPECT_EQ(fromhost::fake::declared(host, fromhost_provider).options.size(), 1u);
  EXPECT_THAT(host.log_text(), HasSubstr("/r/b.toml: an earlier recipe has --net"));
  EXPECT_EQ(Session(host, fromhost_provider).collect({"net", "", std::nullopt}).items.at(0).destination,
            "/somewhere");
}

TEST(Recipe, SwitchOfSomebodyElseIsSaidByFile) {
  FakeHost host;
  host.with_recipe(kFile, kHead + kSomething).with_taken_option("net");
  const Outcome got = fromhost::fake::declared(host, fromhost_provider);
  EXPECT_EQ(got.status, FH_OK);
  EXPECT_THAT(got.options, IsEmpty());
  EXPECT_EQ(host.log_text(FH_LOG_WARNING),
            "/r/net.toml: --net: it is an option of ch-fromhost itself; the recipe is left out\n");
}

// Conditions.

TEST(RecipeCondition, IfFileIsAGlob) {
  const std::string recipe = "if_file = \"/dev/infiniband/uverbs*\"\n" + kSomething;
  FakeHost without;
  const Outcome none = inject_items(without, recipe);
  EXPECT_EQ(none.status, FH_NOT_HERE);
  EXPECT_EQ(none.message, "no /dev/infiniband/uverbs*");
  FakeHost with;
  with.with_special_file("/dev/infiniband/uverbs0");
  EXPECT_EQ(inject_items(with, recipe).status, FH_OK);
}

TEST(RecipeCondition, UnlessFile) {
  FakeHost with;
  with.with_file("/etc/other");
  const Outcome none = inject_items(with, "unless_file = \"/etc/other\"\n" + kSomething);
  EXPECT_EQ(none.status, FH_NOT_HERE);
  EXPECT_EQ(none.message, "this host has /etc/other");
}

TEST(RecipeCondition, IfEnvWantsAValue) {
  const std::string recipe = "if_env = \"MPICH_DIR\"\n" + kSomething;
  for (const bool is_empty : {false, true}) {
    FakeHost without;
    if (is_empty) without.with_environment("MPICH_DIR", "");
    const Outcome none = inject_items(without, recipe);
    EXPECT_EQ(none.status, FH_NOT_HERE);
    EXPECT_EQ(none.message, "MPICH_DIR is not set");
  }
  FakeHost with;
  with.with_environment("MPICH_DIR", "/opt/mpich");
  EXPECT_EQ(inject_items(with, recipe).status, FH_OK);
}

TEST(RecipeCondition, UnlessEnv) {
  FakeHost with;
  with.with_environment("NO_NET", "1");
  EXPECT_EQ(inject_items(with, "unless_env = \"NO_NET\"\n" + kSomething).message, "NO_NET is set");
}

TEST(RecipeCondition, AllOfAListHaveToHold) {
  FakeHost host;
  host.with_file("/a");
  EXPECT_EQ(inject_items(host, "if_file = [\"/a\", \"/b\"]\n" + kSomething).message, "no /b");
}

TEST(RecipeCondition, OfAnItemLeavesItOut) {
  FakeHost host;
  host.with_file("/a");
  const Outcome got = inject_items(host,
                                   "[[directory]]\npath = \"/one\"\nif_file = \"/a\"\n"
                                   "[[directory]]\npath = \"/two\"\nif_file = \"/b\"\n"
                                   "[[directory]]\npath = \"/three\"\nunless_file = \"/b\"\n");
  EXPECT_THAT(lines_of(got),
              ElementsAre("directory  -> /one (recipe net)", "directory  -> /three (recipe net)"));
}

TEST(Recipe, ConflictsWithAnotherSwitchOfTheRun) {
  FakeHost host;
  host.with_request("other");
  const Outcome got = inject_items(host, "conflicts = [\"some\", \"other\"]\n" + kSomething);
  EXPECT_EQ(got.status, FH_FAILED);
  EXPECT_EQ(got.message, "--net and --other exclude each other, says /r/net.toml; give one of them");
}

TEST(Recipe, RequiresAnotherSwitchOfTheRun) {
  FakeHost host;
  EXPECT_EQ(inject_items(host, "requires = \"other\"\n" + kSomething).message,
            "--net wants --other, too, says /r/net.toml; give both");
  FakeHost both;
  both.with_request("other");
  EXPECT_EQ(inject_items(both, "requires = \"other\"\n" + kSomething).status, FH_OK);
}

// What there is to inject.

TEST(RecipeItem, EachKind) {
  FakeHost host;
  host.with_library("/opt/net/libnet.so.1", {62, 2, "libnet.so.1", {}}).with_program("/opt/net/netstat");
  host.with_file("/etc/net.conf");
  const Outcome got = inject_items(host, R"(
[[file]]
from = "/etc/net.conf"
destination = "/etc/net"
reason = "its configuration"
[[library]]
from = "/opt/net/libnet.so.1"
[[program]]
from = "/opt/net/netstat"
destination = "/opt/bin"
[[directory]]
path = "/var/net"
[[ld_so_conf]]
directory = "/opt/net"
[[ld_so_conf]]
directory = "/opt/net2"
name = "00-net.conf"
[[link]]
path = "/usr/bin/ns"
target = "netstat"
)");
  EXPECT_EQ(got.status, FH_OK) << got.message;
  EXPECT_THAT(
      lines_of(got),
      ElementsAre("data /etc/net.conf -> /etc/net (its configuration)",
                  "library /opt/net/libnet.so.1 (recipe net)",
                  "program /opt/net/netstat -> /opt/bin (recipe net)", "directory  -> /var/net (recipe net)",
                  "ld.so.conf /opt/net (recipe net)", "ld.so.conf /opt/net2 -> 00-net.conf (recipe net)",
                  "link netstat -> /usr/bin/ns (recipe net)"));
}

TEST(RecipeItem, FromIsTheFirstAlternativeThatMatches) {
  FakeHost host;
  host.with_file("/b/1").with_file("/b/2").with_file("/c/1").with_directory("/b/3");
  const Outcome got =
      inject_items(host, "[[file]]\nfrom = [\"/a/*\", \"/b/*\", \"/c/*\"]\ndestination = \"/d\"\n");
  EXPECT_THAT(lines_of(got), ElementsAre("data /b/1 -> /d (recipe net)", "data /b/2 -> /d (recipe net)"));
}

TEST(RecipeItem, LibStandsForTheDirectoriesOfTheHost) {
  for (const char* directory : {"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/lib"}) {
    FakeHost host;
    host.with_file(std::string(directory) + "/net/a.so");
    const Outcome got = inject_items(host, "[[file]]\nfrom = \"${LIB}/net/*.so\"\ndestination = \"/d\"\n");
    EXPECT_THAT(lines_of(got),
                ElementsAre(std::string("data ") + directory + "/net/a.so -> /d (recipe net)"));
  }
}

TEST(RecipeItem, PickNewestComparesNumbers) {
  FakeHost host;
  host.with_program("/opt/x-5.9/bin/x").with_program("/opt/x-5.10/bin/x").with_program("/opt/x-5.2/bin/x");
  const Outcome got = inject_items(host, "[[program]]\nfrom = \"/opt/x-*/bin/x\"\npick = \"newest\"\n");
  EXPECT_THAT(lines_of(got), ElementsAre("program /opt/x-5.10/bin/x (recipe net)"));
}

TEST(RecipeItem, SonameIsWhatTheLoaderFinds) {
  FakeHost host;
  host.with_library("/usr/lib64/libnet.so.1", {62, 2, "libnet.so.1", {}})
      .with_library("/usr/lib/libnet.so.1", {3, 1, "libnet.so.1", {}})
      .with_library("/usr/lib64/libnetx.so.2", {62, 2, "libnetx.so.2", {}})
      .with_cached("libnet.so.1", "/usr/lib/libnet.so.1")
      .with_cached("libnet.so.1", "/usr/lib64/libnet.so.1")
      .with_cached("libnetx.so.2", "/usr/lib64/libnetx.so.2");
  EXPECT_THAT(lines_of(inject_items(host, "[[library]]\nsoname = \"libnet*.so.*\"\n")),
              ElementsAre("library /usr/lib64/libnet.so.1 (recipe net)",
                          "library /usr/lib64/libnetx.so.2 (recipe net)"));
}

TEST(RecipeItem, ClosureIsWhatTheImageLacksAndNeverTheCLibrary) {
  FakeHost host;
  host.with_library("/l/libnet.so.1",
                    {62, 2, "libnet.so.1", {"libnl.so.3", "libz.so.1", "libc.so.6", "libown.so.1"}})
      .with_library("/l/libnl.so.3",
                    {62, 2, "libnl.so.3", {"libdeep.so.1", "ld-linux-x86-64.so.2", "libpthread.so.0"}})
      .with_library("/l/libdeep.so.1", {62, 2, "libdeep.so.1", {}})
      .with_library("/l/libown.so.1", {62, 2, "libown.so.1", {}})
      .with_library("/l/libz.so.1", {62, 2, "libz.so.1", {}})
      .with_library("/l/libc.so.6", {62, 2, "libc.so.6", {}})
      .with_image_library("libz.so.1", "/usr/lib/libz.so.1", 62, 2);
  const Outcome got = inject_items(host, R"([[library]]
from = "/l/libnet.so.1"
closure = true
exclude = "libown*"
closure_destination = "/opt/net"
)");
  EXPECT_THAT(lines_of(got), ElementsAre("library /l/libnet.so.1 (recipe net)",
                                         "library /l/libnl.so.3 -> /opt/net (linked by /l/libnet.so.1)",
                                         "library /l/libdeep.so.1 -> /opt/net (linked by /l/libnet.so.1)"));
}

TEST(RecipeItem, LibraryOfAClosureThatIsMissingIsAnError) {
  FakeHost host;
  host.with_library("/l/libnet.so.1", {62, 2, "libnet.so.1", {"libnl.so.3"}});
  const Outcome got = inject_items(host, "[[library]]\nfrom = \"/l/libnet.so.1\"\nclosure = true\n");
  EXPECT_EQ(got.status, FH_FAILED);
  EXPECT_EQ(got.message, "/r/net.toml:4:1: /l/libnet.so.1 needs libnl.so.3, which this host does not have");
}

TEST(RecipeItem, BesideIsTheDirectoryOfTheImagesLibrary) {
  const std::string items =
      "[[file]]\nfrom = \"/p/*.so\"\nbeside = \"libibverbs.so.1\"\ndestination = \"libibverbs\"\n";
  FakeHost host;
  host.with_file("/p/a.so").with_image_library("libibverbs.so.1", "/usr/lib64/libibverbs.so.1", 62, 2);
  EXPECT_THAT(lines_of(inject_items(host, items)),
              ElementsAre("data /p/a.so -> /usr/lib64/libibverbs (recipe net)"));
  FakeHost without;
  without.with_file("/p/a.so");
  const Outcome got = inject_items(without, items);
  EXPECT_EQ(got.status, FH_FAILED);
  EXPECT_THAT(got.message, HasSubstr(":6:10: the image has no libibverbs.so.1, beside which this belongs"));
}

TEST(RecipeItem, MissingOnesDecideByTheRest) {
  const std::string two =
      "[[file]]\nfrom = \"/a\"\ndestination = \"/d\"\n[[file]]\nfrom = \"/b\"\ndestination = \"/d\"\n";
  FakeHost nothing;
  const Outcome none = inject_items(nothing, two);
  EXPECT_EQ(none.status, FH_NOT_HERE);
  EXPECT_EQ(none.message, "/r/net.toml:4:1: this host has no /a");
  FakeHost one;
  one.with_file("/a");
  const Outcome half = inject_items(one, two);
  EXPECT_EQ(half.status, FH_FAILED);
  EXPECT_EQ(half.message, "/r/net.toml:7:1: this host has no /b");
  EXPECT_THAT(half.items, IsEmpty());
  // With a condition, the recipe says itself which host is meant.
  FakeHost meant;
  meant.with_file("/dev/net");
  EXPECT_EQ(inject_items(meant, "if_file = \"/dev/net\"\n" + two).status, FH_FAILED);
}

TEST(RecipeItem, OptionalMayBeMissing) {
  FakeHost host;
  host.with_file("/a");
  const Outcome got = inject_items(host,
                                   "[[file]]\nfrom = \"/a\"\ndestination = \"/d\"\n"
                                   "[[file]]\nfrom = \"/b\"\ndestination = \"/d\"\noptional = true\n");
  EXPECT_THAT(lines_of(got), ElementsAre("data /a -> /d (recipe net)"));
  FakeHost nothing;
  EXPECT_EQ(inject_items(nothing, "[[file]]\nfrom = \"/b\"\ndestination = \"/d\"\noptional = true\n").status,
            FH_NOT_HERE);
}

// Variables.

TEST(RecipeVariable, FromTheEnvironmentThenNewestThenDefault) {
  const std::string items =
      "[variables.CARD]\nenv = \"CARD_HOME\"\nnewest = \"/opt/card-*\"\ndefault = \"/opt/card\"\n"
      "[[directory]]\npath = \"${CARD}/run\"\n";
  const auto path = [&](FakeHost& host) {
    return inject_items(host, items).items.at(0).destination.value_or("");
  };
  FakeHost none, newest, env;
  newest.with_directory("/opt/card-9").with_directory("/opt/card-10");
  env.with_directory("/opt/card-9").with_environment("CARD_HOME", "/home/card");
  EXPECT_EQ(path(none), "/opt/card/run");
  EXPECT_EQ(path(newest), "/opt/card-10/run");
  EXPECT_EQ(path(env), "/home/card/run");
}

TEST(RecipeVariable, WithoutAValueSaysWhatWasTried) {
  FakeHost host;
  const Outcome got = inject_items(host,
                                   "[variables.CARD]\nenv = \"CARD_HOME\"\nnewest = \"/opt/card-*\"\n"
                                   "[[directory]]\npath = \"${CARD}/run\"\n");
  EXPECT_EQ(got.status, FH_FAILED);
  EXPECT_EQ(got.message,
            "/r/net.toml:4:12: no value for CARD: CARD_HOME is not set; nothing matches /opt/card-*");
}

TEST(RecipeVariable, ValueIsNoPattern) {
  FakeHost host;
  host.with_environment("CARD_HOME", "/opt/*").with_file("/opt/a/x").with_file("/opt/*/x");
  const Outcome got = inject_items(host,
                                   "[variables.CARD]\nenv = \"CARD_HOME\"\n"
                                   "[[file]]\nfrom = \"${CARD}/x\"\ndestination = \"/d\"\n");
  EXPECT_THAT(lines_of(got), ElementsAre("data /opt/*/x -> /d (recipe net)"));
}

TEST(RecipeVariable, WithDotsOrNewlineIsRefused) {
  for (const char* value : {"/opt/../etc", "/opt\n/etc", "..", "../x"}) {
    FakeHost host;
    host.with_environment("CARD_HOME", value);
    EXPECT_EQ(
        inject_items(host, "[variables.C]\nenv = \"CARD_HOME\"\n[[directory]]\npath = \"${C}/x\"\n").status,
        FH_FAILED);
  }
}

/// An image with a libibverbs of these bytes.
void give_image(FakeHost& host, const std::string& bytes) {
  host.with_image_library("libibverbs.so.1", "/usr/lib64/libibverbs.so.1", 62, 2);
  // The same file, with contents and still in the cache.
  host.with_image_library_bytes("/usr/lib64/libibverbs.so.1", bytes);
}

const std::string kPabi =
    "[variables.PABI]\nimage_library = \"libibverbs.so.1\"\nafter = \"-rdmav\"\nbefore = \".so\"\n"
    "[[file]]\nfrom = \"/p/*-rdmav${PABI}.so\"\ndestination = \"/d\"\n";

TEST(RecipeVariable, StandsInALibraryOfTheImage) {
  FakeHost host;
  host.with_file("/p/liba-rdmav34.so").with_file("/p/liba-rdmav57.so");
  give_image(host, std::string("\0lib%s-rdmav57.so\0", 18));
  EXPECT_THAT(lines_of(inject_items(host, kPabi)), ElementsAre("data /p/liba-rdmav57.so -> /d (recipe net)"));
}

TEST(RecipeVariable, OfAnotherImageThanTheHostIsToldByName) {
  FakeHost host;
  host.with_file("/p/liba-rdmav34.so");
  give_image(host, "lib%s-rdmav57.so");
  EXPECT_THAT(inject_items(host, kPabi).message, HasSubstr("this host has no /p/*-rdmav57.so"));
}

TEST(RecipeVariable, HostileImageGivesNoPath) {
  for (const char* bytes : {"-rdmav/../../x.so", "-rdmav*.so", "-rdmav.so", "-rdmav", "-rdmav\n.so", ""}) {
    FakeHost host;
    host.with_file("/p/x-rdmav1.so");
    give_image(host, bytes);
    const Outcome got = inject_items(host, kPabi);
    EXPECT_EQ(got.status, FH_FAILED) << bytes;
    EXPECT_THAT(got.message, HasSubstr("no value for PABI"));
  }
}

// Globs.

TEST(Glob, Table) {
  struct Row {
    const char *pattern, *name;
    bool fits;
  };
  for (const Row& row :
       {Row{"*", "", true}, Row{"*", "abc", true}, Row{"a*c", "abbc", true}, Row{"a*c", "abb", false},
        Row{"?", "a", true}, Row{"?", "", false}, Row{"a[b-d]", "ac", true}, Row{"a[b-d]", "ae", false},
        Row{"a[!b]", "ac", true}, Row{"a[!b]", "ab", false}, Row{"a[", "a[", true}, Row{"a\\*", "a*", true},
        Row{"a\\*", "ab", false}, Row{"*a*b*", "xaxbx", true}, Row{"*ab", "aab", true},
        Row{"lib*.so.[0-9]", "libx.so.1", true}, Row{"lib*.so.[0-9]", "libx.so.12", false},
        Row{"[]]", "]", true}, Row{"\\", "\\", true}})
    EXPECT_EQ(recipe::matches(row.pattern, row.name), row.fits) << row.pattern << " " << row.name;
}

TEST(Glob, ManyStarsTakeNoLongTime) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  EXPECT_FALSE(recipe::matches(pattern + "b", std::string(5000, 'a')));
}

TEST(Glob, HiddenNamesAreNotMatched) {
  FakeHost host;
  host.with_file("/d/.a").with_file("/d/b");
  fromhost::Host lent(*host.abi());
  EXPECT_THAT(recipe::matching_paths(lent, "/d/*"), ElementsAre("/d/b"));
  EXPECT_THAT(recipe::matching_paths(lent, "/d/.*"), ElementsAre("/d/.a"));
  EXPECT_THAT(recipe::matching_paths(lent, "/*/b"), ElementsAre("/d/b"));
  EXPECT_THAT(recipe::matching_paths(lent, "/no/*"), IsEmpty());
}

// The examples that come along.

std::string example(const std::string& name) {
  std::ifstream in(std::string(FROMHOST_RECIPES) + "/" + name + ".toml");
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(RecipeExample, EachIsNotHereOnAHostThatHasNothing) {
  for (const std::string name : {"verbs", "rocm-smi", "mpich-abi"}) {
    FakeHost host;
    const Outcome got = inject(host, example(name), name);
    EXPECT_EQ(got.status, FH_NOT_HERE) << name << ": " << got.message;
    EXPECT_THAT(host.log(), IsEmpty());
  }
}

TEST(RecipeExample, Verbs) {
  FakeHost host;
  const std::string lib = "/usr/lib/x86_64-linux-gnu/";
  host.with_library(lib + "libibverbs/libmlx5-rdmav34.so",
                    {62, 2, "libmlx5.so.1", {"libibverbs.so.1", "libnl-3.so.200", "libc.so.6"}})
      .with_library(lib + "libnl-3.so.200", {62, 2, "libnl-3.so.200", {"libpthread.so.0"}})
      .with_file("/etc/libibverbs.d/mlx5.driver", "driver mlx5\n");
  give_image(host, "/usr/lib64/libibverbs/lib%s-rdmav34.so");
  EXPECT_THAT(
      lines_of(inject(host, example("verbs"), "verbs")),
      ElementsAre("data " + lib +
                      "libibverbs/libmlx5-rdmav34.so -> /usr/lib64/libibverbs (a provider for the image's "
                      "libibverbs)",
                  "library " + lib + "libnl-3.so.200 (linked by " + lib + "libibverbs/libmlx5-rdmav34.so)",
                  "data /etc/libibverbs.d/mlx5.driver -> /etc/libibverbs.d (names a provider)"));
}

TEST(RecipeExample, RocmSmi) {
  FakeHost host;
  host.with_special_file("/dev/kfd");
  for (const std::string release : {"/opt/rocm-5.7.1", "/opt/rocm-6.10.0", "/opt/rocm-6.2.0"})
    host.with_library(release + "/bin/rocminfo", {62, 2, "", {"libhsa-runtime64.so.1"}})
        .with_library(release + "/lib/libhsa-runtime64.so.1", {62, 2, "libhsa-runtime64.so.1", {}})
        .with_library(release + "/lib/librocm_smi64.so.7", {62, 2, "librocm_smi64.so.7", {}})
        .with_file(release + "/libexec/rocm_smi/rocm_smi.py")
        .with_file(release + "/libexec/rocm_smi/rsmiBindings.py");
  const Outcome got = inject(host, example("rocm-smi"), "rocm-smi");
  EXPECT_EQ(got.status, FH_OK) << got.message;
  ASSERT_EQ(got.items.size(), 6u);
  EXPECT_EQ(got.items[0].source, "/opt/rocm-6.10.0/bin/rocminfo");
  EXPECT_EQ(got.items[2].source, "/opt/rocm-6.10.0/lib/librocm_smi64.so.7");
  EXPECT_EQ(got.items[4].destination, "/opt/rocm/libexec/rocm_smi");
  EXPECT_EQ(got.items[5].kind, FH_ITEM_LINK);
}

TEST(RecipeExample, MpichAbi) {
  FakeHost host;
  host.with_environment("MPICH_DIR", "/opt/mpich")
      .with_library("/opt/mpich/lib/libmpi.so.12", {62, 2, "libmpi.so.12", {"libpmi2.so.0", "libc.so.6"}})
      .with_library("/opt/mpich/lib/libpmi2.so.0", {62, 2, "libpmi2.so.0", {}});
  EXPECT_THAT(
      lines_of(inject(host, example("mpich-abi"), "mpich-abi")),
      ElementsAre("library /opt/mpich/lib/libmpi.so.12 -> /opt/fromhost/mpich-abi (the MPI of this host)",
                  "library /opt/mpich/lib/libpmi2.so.0 -> /opt/fromhost/mpich-abi (linked by "
                  "/opt/mpich/lib/libmpi.so.12)",
                  "ld.so.conf /opt/fromhost/mpich-abi -> 00-ch-fromhost-mpich-abi.conf (this MPI first)"));
}

}  // namespace
