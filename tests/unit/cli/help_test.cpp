// SPDX-License-Identifier: Apache-2.0
// --help: everything is in it, grouped, and it fits the terminal whatever a plugin has to say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "core/cli/command_line.hpp"
#include "core/cli/core_options.hpp"

namespace fromhost::core {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<SwitchGroup> talkative() {
  std::string much;
  for (int i = 0; i < 60; ++i) much += "inject ";
  return {{"generic",
           "files that you list",
           {{"cmd", 'c', "CMD", "list by command"}, {"path", 'p', "PATH", "one file"}}},
          {"gossip", much, {{"a-rather-long-switch-name", 'g', "ARGUMENT", much}, {"short", 0, "", much}}}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(Help, FitsEightyColumnsWhateverPluginsSay) {
  for (const auto& groups : {talkative(), std::vector<SwitchGroup>()})
    for (const std::string& line : lines_of(help_text(groups))) EXPECT_LE(line.size(), 80u) << line;
}

TEST(Help, LosesNoWordOfALongText) {
  const std::string text = help_text(talkative());
  std::size_t count = 0;
  for (std::size_t at = text.find("inject "); at != std::string::npos; at = text.find("inject ", at + 1))
    ++count;
  for (std::size_t at = text.find("inject\n"); at != std::string::npos; at = text.find("inject\n", at + 1))
    ++count;
  EXPECT_GE(count, 3u * 60u);
}

TEST(Help, EndsNoLineWithABlank) {
  for (const std::string& line : lines_of(help_text(talkative()))) {
    EXPECT_TRUE(line.empty() || line.back() != ' ') << "'" << line << "'";
  }
}

TEST(Help, HasEveryOptionWithLetterAndArgument) {
  const std::string text = help_text(talkative());
  for (const CoreOption& option : kCoreOptions) {
    std::string shown = option.letter ? std::string("-") + option.letter + ", --" : "      --";
    shown += option.name;
    if (!option.argument.empty())
      shown += (option.takes_argument() ? " " : "") + std::string(option.argument);
    EXPECT_THAT(text, HasSubstr(shown));
  }
  EXPECT_THAT(text, HasSubstr("-c, --cmd CMD"));
  EXPECT_THAT(text, HasSubstr("-g, --a-rather-long-switch-name ARGUMENT"));
  EXPECT_THAT(text, HasSubstr("      --short "));
}

TEST(Help, IsGroupedInTheManualsOrderWithSwitchesUnderTheirPlugin) {
  const std::string text = help_text(talkative());
  std::size_t before = 0;
  for (const char* part :
       {"Usage:", "Which files to inject", "generic: files that you list", "--cmd", "gossip: inject",
        "--a-rather-long-switch-name", "Destination within image:", "--dest", "Answers about IMGDIR",
        "--lib-path", "--fi-path", "\nOptions:\n", "--no-ldconfig", "--help", "--version"}) {
    const std::size_t at = text.find(part, before);
    ASSERT_NE(at, std::string::npos) << part << " is not there, or not in its place";
    before = at;
  }
}

TEST(Help, SaysWhereToLookWhenThereIsNoPlugin) {
  EXPECT_THAT(help_text({}), HasSubstr("no plugin was found; see: ch-fromhost --list-plugins"));
  EXPECT_THAT(help_text(talkative()), Not(HasSubstr("no plugin was found")));
}

TEST(OptionList, IsALineOfFourPartsForEachOptionWhateverPluginsSay) {
  auto groups = talkative();
  groups.push_back({"odd", "", {{"odd", 'o', "a\tb", "two\nlines"}}});
  std::size_t count = kCoreOptions.size();
  for (const SwitchGroup& group : groups) count += group.switches.size();
  const auto lines = lines_of(option_list(groups));
  EXPECT_EQ(lines.size(), count);
  for (const std::string& line : lines) {
    EXPECT_EQ(std::count(line.begin(), line.end(), '\t'), 3) << line;
    EXPECT_EQ(line.find("\t\t"), std::string::npos) << "an empty part: " << line;
  }
  EXPECT_THAT(lines, Contains("--cmd\t-c\tCMD\tlist by command"));
  EXPECT_THAT(lines, Contains("--odd\t-o\ta\\tb\ttwo\\nlines"));
  EXPECT_THAT(lines, Contains(StartsWith("--ldconfig\t-\tauto|host|image\t")));
  EXPECT_THAT(lines, Contains(StartsWith("--undo\t-\t[=PROVIDER]\t")));
  EXPECT_THAT(lines, Contains(StartsWith("--verbose\t-v\t-\t")));
}

TEST(Help, LeavesOutAPluginWithoutSwitches) {
  EXPECT_THAT(help_text({{"silent", "claims only", {}}}), Not(HasSubstr("silent")));
}

}  // namespace
}  // namespace fromhost::core
