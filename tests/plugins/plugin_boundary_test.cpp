// SPDX-License-Identifier: Apache-2.0
// The plugin boundary: whatever lies in a plugin directory, it is refused or contained by name, and the
// others work; and good plugins, whoever built them, get every service.
#include <dlfcn.h>
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <functional>

#include "core/error.hpp"
#include "core/image/image_root.hpp"
#include "core/provider/collect.hpp"
#include "tests/plugins/fake_host.hpp"
#include "tests/plugins/plugin_directory.hpp"
#include "tests/support/log_capture.hpp"

namespace fromhost::core {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Outcome = CommandResult::Outcome;
using State = PluginRecord::State;

const std::string& generic_bytes() {
  static const std::string bytes = PluginDirectory::bytes_of(FROMHOST_GENERIC_PLUGIN);
  return bytes;
}

fs::path bad_plugin(const std::string& name) {
  return fs::path(FROMHOST_BAD_PLUGINS) / (name + ".so");
}

template <typename T>
T read_at(const std::string& bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <typename T>
void write_at(std::string& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

/// generic.so with another value in a field of its ELF header.
template <typename T>
std::string with_header_field(std::size_t offset, T value) {
  std::string bytes = generic_bytes();
  write_at(bytes, offset, value);
  return bytes;
}

/// generic.so with another value in a field of the section header that names the sections.
template <typename T>
std::string with_names_field(std::size_t offset, T value) {
  std::string bytes = generic_bytes();
  const auto header = read_at<Elf64_Ehdr>(bytes, 0);
  write_at(bytes, header.e_shoff + header.e_shstrndx * sizeof(Elf64_Shdr) + offset, value);
  return bytes;
}

std::string with_endless_names() {
  std::string bytes = generic_bytes();
  const auto header = read_at<Elf64_Ehdr>(bytes, 0);
  const auto names = read_at<Elf64_Shdr>(bytes, header.e_shoff + header.e_shstrndx * sizeof(Elf64_Shdr));
  bytes.replace(names.sh_offset, names.sh_size, std::string(names.sh_size, 'x'));
  return bytes;
}

/// A socket by its name, made from inside its directory: names of sockets are short.
void make_socket(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  ASSERT_LT(name.size(), sizeof address.sun_path);
  name.copy(address.sun_path, name.size());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

/// A file that must be refused before anything of it runs. Where `make` is empty: a plugin of
/// tests/bad_plugins.
struct WrongFile {
  std::string name;
  std::string reason;  ///< a part of it
  std::function<void(const fs::path&)> make = nullptr;

  void put_into(PluginDirectory& directory) const {
    if (make)
      make(directory.at(name + ".so"));
    else
      directory.with(bad_plugin(name));
  }
};

std::function<void(const fs::path&)> content(std::function<std::string()> bytes) {
  return [bytes](const fs::path& path) {
    std::ofstream(path, std::ios::binary) << bytes();
    ::chmod(path.c_str(), 0755);
  };
}

std::function<void(const fs::path&)> first_bytes(std::function<std::size_t(std::size_t)> length) {
  return content([length] { return generic_bytes().substr(0, length(generic_bytes().size())); });
}

constexpr const char* kNotElf = "is not an ELF file";
constexpr const char* kNoSection =
    "is no provider plugin: it has no section fromhost_abi_1, "
    "which FROMHOST_PROVIDER() at the end of its source makes";
constexpr const char* kDamaged = "has a damaged section table";

const std::vector<WrongFile>& wrong_files() {
  static const std::vector<WrongFile> files = {
      {"no-entry", "does not export fromhost_provider"},
      {"no-section", kNoSection},
      {"other-major", "is built for plugin interface 2, this ch-fromhost has 1; install matching versions"},
      {"other-major-section",
       "is built for plugin interface 2, this ch-fromhost has 1; install matching versions"},
      {"newer-minor", "is built for plugin interface 1.2, newer than our 1.1; upgrade ch-fromhost"},
      {"size-too-big", "has an entry of the wrong size: 4096 and 32 bytes instead of 80 and 32"},
      {"size-too-small", "has an entry of the wrong size: 12 and 32 bytes instead of 80 and 32"},
      {"option-size", "has an entry of the wrong size: 80 and 40 bytes instead of 80 and 32"},
      {"malformed-id",
       "has a malformed id, \"Malformed id/../x\": lower case letters, digits and dashes are wanted"},
      {"incomplete-entry", "has an incomplete entry"},
      {"option-without-name", "has a malformed option, number 2: it has no name"},
      {"option-with-dashes",
       "has a malformed option, number 1: \"--name=VALUE\": its name is written without the dashes"},
      {"option-without-help", "has a malformed option, number 1: \"option-without-help\": it has no help"},
      {"option-letter",
       "has a malformed option, number 1: \"option-letter\": its letter is none of A to Z or a to z"},
      {"option-twice", "has two options --option-twice"},
      {"option-letter-twice", "has two options -z"},
      {"options-missing", "has a malformed option table"},
      {"options-countless", "has a malformed option table"},
      {"core-switch", "wants --dest, an option of ch-fromhost itself"},
      {"core-letter", "wants --core-letter or -v, an option of ch-fromhost itself"},
      {"missing-symbol", "undefined symbol: function_that_nobody_has"},

      {"text", kNotElf, content([] { return "#!/bin/sh\necho not a plugin\n" + std::string(200, '#'); })},
      {"empty", kNotElf, first_bytes([](std::size_t) { return 0; })},
      {"first-4-bytes", kNotElf, first_bytes([](std::size_t) { return 4; })},
      {"first-63-bytes", kNotElf, first_bytes([](std::size_t) { return 63; })},
      {"elf-header-alone", "is truncated", first_bytes([](std::size_t) { return 64; })},
      {"first-page", "is truncated", first_bytes([](std::size_t) { return 4096; })},
      {"first-half", "is truncated", first_bytes([](std::size_t all) { return all / 2; })},
      {"all-but-a-byte", "is truncated", first_bytes([](std::size_t all) { return all - 1; })},
      {"zeros-behind-the-first-half", kDamaged, content([] {
         std::string bytes = generic_bytes();
         return bytes.replace(bytes.size() / 2, std::string::npos, bytes.size() - bytes.size() / 2, '\0');
       })},

      {"other-machine", "is for another machine: machine 4711, not ",
       content([] { return with_header_field<Elf64_Half>(offsetof(Elf64_Ehdr, e_machine), 4711); })},
      {"other-class", "is for another machine",
       content([] { return with_header_field<unsigned char>(EI_CLASS, ELFCLASS32); })},
      {"other-byte-order", "is for another machine", content([] {
         return with_header_field<unsigned char>(
             EI_DATA, generic_bytes()[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB);
       })},
      {"object-file", "is not a shared object",
       content([] { return with_header_field<Elf64_Half>(offsetof(Elf64_Ehdr, e_type), ET_REL); })},

      {"no-section-table", kNoSection,
       content([] { return with_header_field<Elf64_Off>(offsetof(Elf64_Ehdr, e_shoff), 0); })},
      {"no-sections", kNoSection,
       content([] { return with_header_field<Elf64_Half>(offsetof(Elf64_Ehdr, e_shnum), 0); })},
      {"section-table-far-away", "is truncated",
       content([] { return with_header_field<Elf64_Off>(offsetof(Elf64_Ehdr, e_shoff), UINT64_MAX - 8); })},
      {"section-table-elsewhere", kDamaged,
       content([] { return with_header_field<Elf64_Half>(offsetof(Elf64_Ehdr, e_shentsize), 1); })},
      {"section-names-nowhere", kDamaged,
       content([] { return with_header_field<Elf64_Half>(offsetof(Elf64_Ehdr, e_shstrndx), 0xffff); })},
      {"section-names-empty", kDamaged,
       content([] { return with_names_field<Elf64_Xword>(offsetof(Elf64_Shdr, sh_size), 0); })},
      {"section-names-huge", "is truncated",
       content([] { return with_names_field<Elf64_Xword>(offsetof(Elf64_Shdr, sh_size), 1ull << 40); })},
      {"section-names-far-away", "is truncated",
       content([] { return with_names_field<Elf64_Off>(offsetof(Elf64_Shdr, sh_offset), UINT64_MAX); })},
      {"section-names-endless", kDamaged, content(with_endless_names)},

      {"directory", "is not a regular file", [](const fs::path& path) { fs::create_directory(path); }},
      {"fifo", "is not a regular file", [](const fs::path& path) { ::mkfifo(path.c_str(), 0600); }},
      {"socket", "cannot be read: ", make_socket},
      {"link-to-nowhere", "No such file or directory",
       [](const fs::path& path) { fs::create_symlink("nowhere", path); }},
      {"link-to-itself", "Too many levels of symbolic links",
       [](const fs::path& path) { fs::create_symlink(path.filename(), path); }},
  };
  return files;
}

std::string row_name(const std::string& name) {
  std::string text = name;
  for (char& c : text)
    if (c == '-') c = '_';
  return text;
}

void PrintTo(const WrongFile& wrong, std::ostream* out) {
  *out << wrong.name;
}

class WrongPluginFile : public testing::TestWithParam<WrongFile> {};

TEST_P(WrongPluginFile, IsRefusedWithItsReason) {
  PluginDirectory directory;
  GetParam().put_into(directory);
  PluginCatalog catalog = directory.catalog();
  catalog.load_all();
  ASSERT_EQ(catalog.records().size(), 1u);
  const PluginRecord& record = catalog.records().front();
  EXPECT_EQ(record.state, State::refused);
  EXPECT_EQ(record.file, directory.at(GetParam().name + ".so").string());
  EXPECT_THAT(record.reason, HasSubstr(GetParam().reason));
  EXPECT_THAT(record.id, IsEmpty());
  EXPECT_THAT(record.switches, IsEmpty());
  EXPECT_THAT(catalog.groups(), IsEmpty());
  EXPECT_THAT(catalog.refused(), ElementsAre(GetParam().name + ".so"));
  EXPECT_THAT(catalog.warnings(), ElementsAre("plugin " + record.file + " refused: " + record.reason));
}

INSTANTIATE_TEST_SUITE_P(Table, WrongPluginFile, testing::ValuesIn(wrong_files()),
                         [](const auto& row) { return row_name(row.param.name); });

/// Its start-up code runs, or it is missed that it cannot be loaded, when it is asked for something, and not
/// before.
TEST(PluginThatNobodyAsksFor, IsNotLoaded) {
  PluginDirectory directory;
  directory.with(bad_plugin("crashes-when-loaded"))
      .with(bad_plugin("missing-symbol"))
      .with(FROMHOST_GENERIC_PLUGIN);
  const PluginCatalog catalog = directory.catalog();
  EXPECT_EQ(record_of(catalog, "crashes-when-loaded.so").state, State::ready);
  EXPECT_EQ(record_of(catalog, "missing-symbol.so").state, State::ready);
  EXPECT_THAT(catalog.warnings(), IsEmpty());
  FakeHost host;
  EXPECT_NE(catalog.open("generic", host), nullptr);
  EXPECT_THAT(
      [&] { catalog.open("missing-symbol", host); },
      testing::ThrowsMessage<Error>(testing::AllOf(HasSubstr("missing-symbol.so cannot be loaded: "),
                                                   HasSubstr("undefined symbol: function_that_nobody_has"))));
}

std::string text_of(const char* text) {
  return text ? text : "(null)";
}

/// Every word and number of an entry that is no function.
std::vector<std::string> words_of(const fh_entry& entry) {
  std::vector<std::string> words = {std::to_string(entry.abi_major), std::to_string(entry.abi_minor),
                                    std::to_string(entry.size),      text_of(entry.id),
                                    text_of(entry.version),          text_of(entry.summary)};
  for (std::uint64_t i = 0; i < entry.option_count; ++i) {
    const fh_option& option = entry.options[i];
    for (const char* text : {option.name, option.argument, option.help}) words.push_back(text_of(text));
    words.push_back(std::to_string(option.letter) + " " + std::to_string(option.flags));
  }
  words.push_back(entry.claim_patterns ? "claims" : "claims nothing");
  for (const char* const* glob = entry.claim_patterns; glob && *glob; ++glob) words.emplace_back(*glob);
  words.push_back(entry.create ? "creates" : "does not create");
  words.push_back(entry.size == sizeof entry && entry.declare ? "declares" : "does not declare");
  return words;
}

/// A libstdc++ of the plugin's own never frees its pool for exceptions: while it stays loaded, that is no
/// leak.
bool keep_loaded(const std::string& plugin) {
  return ::dlopen(plugin.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE) != nullptr;
}

std::vector<fs::path> all_good_plugins() {
  std::vector<fs::path> files;
  for (const fs::path& directory :
       {fs::path(FROMHOST_GOOD_PLUGINS), fs::path(FROMHOST_GENERIC_PLUGIN).parent_path()})
    for (const auto& entry : fs::directory_iterator(directory))
      if (entry.path().extension() == ".so") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

/// C, C++ by several compilers and with several libraries, old interfaces, and our own.
TEST(EntryInFile, SaysWhatTheLoadedPluginSays) {
  const std::vector<fs::path> files = all_good_plugins();
  ASSERT_GT(files.size(), 10u);
  for (const fs::path& file : files) {
    SCOPED_TRACE(file);
    auto described = PluginLibrary::describe(file.string());
    if (file.stem() == "every-service-gxx-packed-relocations") {
      EXPECT_FALSE(described);
      EXPECT_EQ(text_of(PluginLibrary::open(file.string()).entry().id), "every-service");
      continue;
    }
    ASSERT_TRUE(described);
    EXPECT_FALSE(described->is_loaded());
    const std::vector<std::string> words = words_of(described->entry());
    described->load();
    EXPECT_TRUE(described->is_loaded());
    EXPECT_TRUE(keep_loaded(file.string()));
    EXPECT_EQ(words, words_of(described->entry()));
  }
}

TEST(TruncatedPlugin, IsRefusedWhereverItEnds) {
  PluginDirectory directory;
  const std::size_t step = generic_bytes().size() / 97;
  for (std::size_t length = 0; length < generic_bytes().size(); length += step) {
    directory.with("cut.so", generic_bytes().substr(0, length));
    const PluginCatalog catalog = directory.catalog();
    EXPECT_EQ(catalog.records().at(0).state, State::refused) << length;
    EXPECT_THAT(catalog.records().at(0).reason, testing::AnyOf(kNotElf, "is truncated")) << length;
  }
}

/// A plugin that is loaded, and goes wrong when it is asked.
struct WrongAnswer {
  std::string name;
  std::string argument;
  std::string error;
};

const std::vector<WrongAnswer>& wrong_answers() {
  static const std::vector<WrongAnswer> answers = {
      {"throws-in-create", "", "the plugin threw out of create: no luck in create"},
      {"throws-in-collect", "", "the plugin threw out of collect: no luck in collect"},
      {"throws-a-number", "", "the plugin threw out of collect"},
      {"null-provider", "", "the plugin made no provider"},
      {"null-provider-says-why", "", "the moon is not full"},
      {"no-collect", "", "the plugin made an incomplete provider"},
      {"no-destroy", "", "the plugin made an incomplete provider"},
      {"small-provider", "", "the plugin made an incomplete provider"},
      {"unknown-answer", "", "failed without saying why"},
      {"fails-silently", "", "failed without saying why; its last error: Permission denied"},
      {"contributes-in-create", "", "contributed an item outside collect()"},
      {"malformed-items", "null", "contributed no item: NULL"},
      {"malformed-items", "size", "contributed an item of the wrong size"},
      {"malformed-items", "kind-zero", "contributed an item of unknown kind 0"},
      {"malformed-items", "kind-77", "contributed an item of unknown kind 77"},
      {"malformed-items", "no-source", "contributed an item without source"},
      {"malformed-items", "empty-source", "contributed an item without source"},
      {"malformed-items", "data-without-destination", "contributed an item without destination"},
      {"malformed-items", "directory-without-destination", "contributed an item without destination"},
      {"malformed-items", "link-without-destination", "contributed an item without destination"},
  };
  return answers;
}

void PrintTo(const WrongAnswer& wrong, std::ostream* out) {
  *out << wrong.name << " " << wrong.argument;
}

class WrongPluginAnswer : public testing::TestWithParam<WrongAnswer> {};

TEST_P(WrongPluginAnswer, IsAnErrorThatNamesThePlugin) {
  PluginDirectory directory;
  directory.with(bad_plugin(GetParam().name));
  const PluginCatalog catalog = directory.catalog();
  ASSERT_EQ(catalog.records().at(0).state, State::ready) << catalog.records().at(0).reason;
  FakeHost host;
  host.unreadable.insert("/unreadable");
  Contributions into = {{ItemKind::program, "/before", {}, "", ""}};
  try {
    const auto provider = catalog.open(GetParam().name, host);
    provider->collect({GetParam().name, GetParam().name, GetParam().argument, {}}, into);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "provider: " + GetParam().name + ": " + GetParam().error);
  }
  EXPECT_EQ(into.size(), 1u) << "what it contributed before is not left behind";
}

INSTANTIATE_TEST_SUITE_P(Table, WrongPluginAnswer, testing::ValuesIn(wrong_answers()), [](const auto& row) {
  return row_name(row.param.name + (row.param.argument.empty() ? "" : "_" + row.param.argument));
});

class BadPlugin : public testing::Test {
 protected:
  /// The catalog stays with the fixture: a provider may not outlive it.
  std::unique_ptr<Provider> open(const std::string& name) {
    directory_.with(bad_plugin(name));
    catalog_ = directory_.catalog();
    return catalog_->open(name, host_);
  }

  PluginDirectory directory_;
  FakeHost host_;
  test::LogCapture log_;
  std::optional<PluginCatalog> catalog_;
  Contributions into_;
};

TEST_F(BadPlugin, ThatThrowsInClaimsIsAnErrorByName) {
  const auto provider = open("throws-in-claims");
  EXPECT_THAT([&] { provider->claims("/claimed-by-throws"); },
              testing::ThrowsMessage<Error>(
                  "provider: throws-in-claims: the plugin threw out of claims: no luck in claims"));
}

TEST_F(BadPlugin, ThatContributesInClaimsIsAnErrorByName) {
  const auto provider = open("contributes-in-claims");
  EXPECT_THAT([&] { provider->claims("/claimed-by-contributing"); },
              testing::ThrowsMessage<Error>(
                  "provider: contributes-in-claims: contributed an item outside collect()"));
}

TEST_F(BadPlugin, ThatThrowsInDestroyDoesNotEndTheRun) {
  auto provider = open("throws-in-destroy");
  EXPECT_TRUE(provider->collect({"throws-in-destroy", "throws-in-destroy", "", {}}, into_).here);
  EXPECT_NO_THROW(provider.reset());
}

TEST_F(BadPlugin, ThatIsNotHereAfterAllHasContributedNothing) {
  const Collected answer = open("not-here-after-all")->collect({"", "not-here-after-all", "", {}}, into_);
  EXPECT_FALSE(answer.here);
  EXPECT_EQ(answer.why, "no card after all");
  EXPECT_THAT(into_, IsEmpty());
}

TEST_F(BadPlugin, ThatMisusesServicesIsToldSo) {
  host_.files["/list"] = "content";
  host_.commands["true"] = {Outcome::exited, 0, "", ""};
  EXPECT_NO_THROW(open("misuses-services")->collect({"", "misuses-services", "", {}}, into_));
  EXPECT_THAT(log_.text(), HasSubstr("warning: misuses-services: level 4711 %s %n {} {0}\n"));
  ASSERT_EQ(host_.ran.size(), 1u) << "only the one right command";
  EXPECT_GT(host_.ran[0].time_limit.count(), 0);
}

TEST(PluginsThatDisagree, FirstOfAnIdIsUsed) {
  PluginDirectory directory;
  directory.with(bad_plugin("same-id-1")).with(bad_plugin("same-id-2"));
  const PluginCatalog catalog = directory.catalog();
  EXPECT_EQ(record_of(catalog, "same-id-1.so").state, State::ready);
  EXPECT_EQ(record_of(catalog, "same-id-2.so").state, State::shadowed);
  EXPECT_EQ(record_of(catalog, "same-id-2.so").reason,
            "same id as " + directory.at("same-id-1.so").string() + ", which comes first");
  ASSERT_EQ(catalog.groups().size(), 1u);
  EXPECT_EQ(catalog.groups()[0].switches.at(0).name, "same-id-1");
}

TEST(PluginsThatDisagree, DirectoryThatComesFirstWins) {
  PluginDirectory first, second;
  first.with(bad_plugin("same-id-2"));
  second.with(bad_plugin("same-id-1"));
  const auto catalog = PluginCatalog::discover({{first.path().string()}, {second.path().string()}});
  EXPECT_EQ(record_of(catalog, "same-id-2.so").state, State::ready);
  EXPECT_EQ(record_of(catalog, "same-id-1.so").state, State::shadowed);
}

TEST(PluginsThatDisagree, FirstOfASwitchHasIt) {
  PluginDirectory directory;
  directory.with(bad_plugin("same-switch-1")).with(bad_plugin("same-switch-2"));
  const PluginCatalog catalog = directory.catalog();
  const auto switches = [&](const std::string& name) {
    std::vector<std::string> names;
    for (const Switch& one : record_of(catalog, name).switches)
      names.push_back(one.name + (one.letter ? std::string(",") + one.letter : ""));
    return names;
  };
  // The second one keeps what is its own, also the long name of a letter that is taken.
  EXPECT_THAT(switches("same-switch-1.so"), ElementsAre("same-switch", "letter-one,y"));
  EXPECT_THAT(switches("same-switch-2.so"), ElementsAre("letter-two"));
  const std::string both = "plugins " + directory.at("same-switch-1.so").string() + " and " +
                           directory.at("same-switch-2.so").string() + " both want ";
  EXPECT_THAT(catalog.warnings(),
              ElementsAre(both + "--same-switch; the first one has it", both + "-y; the first one has it"));
}

TEST(PluginsThatDisagree, ShadowedOneTakesNoSwitchAndSaysNothing) {
  PluginDirectory first, second;
  first.with(bad_plugin("same-switch-1")).with(bad_plugin("same-switch-2"));
  second.with(bad_plugin("same-switch-2"));
  const auto catalog = PluginCatalog::discover({{first.path().string()}, {second.path().string()}});
  EXPECT_EQ(catalog.records().at(2).state, State::shadowed);
  EXPECT_EQ(catalog.warnings().size(), 2u) << "about the first two";
}

TEST(PluginSearch, DirectoryThatIsNotThereIsSkipped) {
  PluginDirectory directory;
  directory.with(FROMHOST_GENERIC_PLUGIN);
  const auto catalog = PluginCatalog::discover(
      {{""}, {"/no/such/directory"}, {FROMHOST_GENERIC_PLUGIN}, {directory.path().string()}});
  EXPECT_EQ(catalog.records().size(), 1u);
  EXPECT_THAT(catalog.warnings(), IsEmpty());
  std::vector<std::string> passed_over;
  for (const PluginPlace& place : catalog.places()) passed_over.push_back(place.passed_over);
  EXPECT_THAT(passed_over,
              ElementsAre("No such file or directory", "No such file or directory", "Not a directory", ""));
  EXPECT_EQ(catalog.places().back().files, 1u);
}

TEST(PluginSearch, DirectoryThatIsNamedTwiceIsReadOnce) {
  PluginDirectory directory;
  directory.with(FROMHOST_GENERIC_PLUGIN);
  const std::string name = directory.path().string();
  EXPECT_EQ(
      PluginCatalog::discover({{name}, {name + "/"}, {name + "/../" + fs::path(name).filename().string()}})
          .records()
          .size(),
      1u);
}

TEST(PluginSearch, OtherNamesAreNotLookedAt) {
  PluginDirectory directory;
  for (const char* name : {"README.md", "generic.so.bak", "generic.so~", "generic", ".so"})
    directory.with(name, "text");
  EXPECT_THAT(directory.catalog().records(), IsEmpty());
}

TEST(PluginCatalogOfEverything, RefusesTheWrongOnesAndUsesTheOthers) {
  PluginDirectory directory;
  for (const WrongFile& wrong : wrong_files()) wrong.put_into(directory);
  for (const auto& entry : fs::directory_iterator(FROMHOST_BAD_PLUGINS))
    if (entry.path().extension() == ".so" && entry.path().stem() != "crashes-when-loaded")
      directory.with(entry.path());
  directory.with(FROMHOST_GENERIC_PLUGIN).with(good_plugin("claims-only"));

  PluginCatalog catalog = directory.catalog();
  catalog.load_all();
  for (const WrongFile& wrong : wrong_files()) {
    const PluginRecord& record = record_of(catalog, wrong.name + ".so");
    EXPECT_EQ(record.state, State::refused) << wrong.name;
    EXPECT_THAT(record.reason, HasSubstr(wrong.reason)) << wrong.name;
  }
  EXPECT_EQ(catalog.refused().size(), wrong_files().size());
  ASSERT_EQ(record_of(catalog, "generic.so").state, State::ready) << record_of(catalog, "generic.so").reason;

  FakeHost host;
  host.files["/list"] = "/usr/bin/a\n/card/libonly-1.so\n";
  const ProviderSource source = {[&](const std::string& id) { return catalog.open(id, host); },
                                 [&](const std::string& name) { return catalog.interested_in(name); }};
  const auto sources = [](const Contributions& all) {
    std::vector<std::string> texts;
    for (const Contribution& one : all)
      texts.push_back(one.provider.text() + " " +
                      (one.source.empty() ? one.destination.value_or("") : one.source));
    return texts;
  };
  EXPECT_THAT(
      sources(collect({{"generic", "path", "/usr/lib/b.so", {}}, {"generic", "file", "/list", {}}}, source)),
      ElementsAre("generic /usr/lib/b.so", "generic /usr/bin/a", "claims-only /card/libonly-1.so",
                  "claims-only /var/opt/card"));

  // One that goes wrong ends that run by its name, and only that.
  EXPECT_THAT(
      [&] {
        collect({{"generic", "path", "/claimed-by-throws", {}}}, source);
      },
      testing::ThrowsMessage<Error>(HasSubstr("provider: throws-in-claims: ")));
  EXPECT_THAT(
      [&] {
        collect({{"throws-in-collect", "throws-in-collect", "", {}}}, source);
      },
      testing::ThrowsMessage<Error>(HasSubstr("provider: throws-in-collect: ")));
  EXPECT_THAT(sources(collect({{"generic", "path", "/usr/bin/c", {}}}, source)),
              ElementsAre("generic /usr/bin/c"));
}

/// "library /lib/x.so -> /opt (why)": a contribution as a person would note it.
std::string text_of(const Contribution& one) {
  static constexpr const char* kKinds[] = {
      "file",      "program",   "library",    "data", "libfabric provider",
      "libfabric", "directory", "ld.so.conf", "link"};
  return std::string(kKinds[static_cast<int>(one.kind)]) + " " + one.source + " -> " +
         one.destination.value_or("?") + " (" + one.reason.text() + ")";
}

/// Good plugins get a host and an image in which there is something of everything.
class GoodPlugin : public testing::Test {
 protected:
  GoodPlugin() : image_(ImageRoot::open(image_directory_.path().string())) {
    fs::create_directory(image_directory_.at("etc"));
    std::ofstream(image_directory_.at("etc/os-release")) << "ID=test";
    host_.variables = {{"CARD_HOME", "/opt/card"}, {"CARD_SLOT", "slot 3"}};
    host_.files = {
        {"/card/version", "1.2.3"}, {"/card/secret", "x"}, {"/card/lib/libcard.so.1", generic_bytes()}};
    host_.unreadable = {"/card/secret"};
    host_.standard_input = "from standard input";
    host_.commands = {
        {Command{.argv = {"card-tool", "--list", "a b"}}.text(), {Outcome::exited, 0, "out", "err"}},
        {"card-dies", {Outcome::signalled, 6, "", ""}},
        {"card-hangs", {Outcome::timed_out, 0, "half", ""}},
        {"card-talks", {Outcome::too_much_output, 0, "", ""}}};
  }
  void load(const fs::path& plugin) {
    directory_.with("plugin.so", PluginDirectory::bytes_of(plugin));
    catalog_ = directory_.catalog();
    ASSERT_EQ(catalog_->records().at(0).state, State::ready) << catalog_->records()[0].reason;
    provider_ = catalog_->open(catalog_->records()[0].id, host_, &image_);
  }
  std::vector<std::string> collected(const Request& request) {
    Contributions into;
    EXPECT_TRUE(provider_->collect(request, into).here);
    std::vector<std::string> texts;
    for (const Contribution& one : into) texts.push_back(text_of(one));
    return texts;
  }

  PluginDirectory directory_, image_directory_;
  FakeHost host_;
  test::LogCapture log_;
  ImageRoot image_;
  std::optional<PluginCatalog> catalog_;
  std::unique_ptr<Provider> provider_;
};

constexpr std::string_view kWithItsOwnLibrary = "-gxx-static-libraries";

/// How the source was built, as its file's name says it: by ourselves, and as tests/plugins/CMakeLists.txt
/// has it.
std::vector<std::string> cxx_variants() {
  std::vector<std::string> names{""};
  std::istringstream all(FROMHOST_PLUGIN_VARIANTS);
  for (std::string name; std::getline(all, name, ',');)
    if (!name.starts_with("plain-")) names.push_back("-" + name);
  return names;
}

/// One source, built in several ways.
class CxxPlugin : public GoodPlugin, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    const fs::path file = good_plugin("every-service" + GetParam());
    if (!fs::exists(file)) GTEST_SKIP() << "skipped: its compiler is missing: " << file;
    load(file);
    if (GetParam() == kWithItsOwnLibrary) {
      ASSERT_TRUE(keep_loaded(directory_.at("plugin.so")));
    }
  }
};

TEST_P(CxxPlugin, UsesEveryServiceOfTheHost) {
  EXPECT_THAT(collected({"every-service", "card", "3", "/dest"}),
              ElementsAreArray({
                  std::string("file /opt/card/firmware -> /dest (unset)"),
                  std::string("program /card/bin/tool -> ? (1.2.3)"),
                  std::string("library /card/lib/libcard.so.1 -> /opt/lib (no file)"),
                  std::string("data /card/data -> /usr/share/card (lib secret version )"),
                  std::string("directory  -> /var/opt/card (0)"),
                  std::string("ld.so.conf /opt/lib -> ? (file 5 640)"),
                  std::string("ld.so.conf /opt/lib64 -> card.conf (directory 4096 755)"),
                  std::string("link libcard.so.1 -> /usr/lib/libcard.so (none)"),
                  std::string("libfabric provider /card/lib/libcard-fi.so -> ? (from standard input)"),
                  std::string("libfabric /card/lib/libfabric.so.1 -> ? (/card/secret: Permission denied)"),
                  std::string("program /1 -> ? (exited 0: out/err)"),
                  std::string("program /2 -> ? (signalled 6: /)"),
                  std::string("program /3 -> ? (timed out 0: half/)"),
                  std::string("program /4 -> ? (too much 0: /)"),
                  std::string("program /5 -> ? (not found 2: /)"),
                  std::string("program /elf -> ? (for this machine)"),
                  std::string("program /no-elf -> ? (no ELF file)"),
                  std::string("program /cached -> ? (0)"),
                  std::string("program /found -> ? (?)"),
                  std::string("program /root -> ? (/)"),
                  std::string("program /resolved -> ? (/card/version)"),
                  std::string("program /unresolved -> ? (no file)"),
                  std::string("program /linked -> ? (linked)"),
                  std::string("program /image/1 -> ? (ID=test)"),
                  std::string("program /image/2 -> ? (no file)"),
                  std::string("program /image/3 -> ? (directory)"),
                  std::string("program /image/4 -> ? (none)"),
                  std::string("program /6 -> ? (cable)"),
                  "program /7 -> ? (" + std::string(10'000, 'x') + ")",
              }));
  ASSERT_EQ(host_.ran.size(), 5u);
  EXPECT_THAT(host_.ran[0].argv, ElementsAre("card-tool", "--list", "a b"));
  EXPECT_EQ(host_.ran[0].input, Command::Input::ours);
  EXPECT_EQ(host_.ran[0].directory, Command::Directory::current);
  EXPECT_EQ(host_.ran[0].time_limit, std::chrono::milliseconds(1500));
  EXPECT_EQ(host_.ran[0].output_limit, 4000u);
  EXPECT_EQ(host_.ran[1].input, Command::Input::empty);
  EXPECT_EQ(host_.ran[1].directory, Command::Directory::root);
  EXPECT_THAT(log_.text(), HasSubstr("trace: every-service: one\n"));
  EXPECT_THAT(log_.text(), HasSubstr("debug: every-service: two\n"));
  EXPECT_THAT(log_.text(), HasSubstr("warning: every-service: three\n"));
}

TEST_P(CxxPlugin, DeclaresWhatItIs) {
  const PluginRecord& record = catalog_->records().at(0);
  EXPECT_EQ(record.id, "every-service");
  EXPECT_EQ(record.version, "2.3");
  EXPECT_EQ(record.summary, "uses every service of the host");
  ASSERT_EQ(record.switches.size(), 4u);
  EXPECT_EQ(record.switches[0].name, "card");
  EXPECT_EQ(record.switches[0].letter, 'k');
  EXPECT_EQ(record.switches[0].argument, "SLOT");
  EXPECT_EQ(record.switches[1].argument, "");
  EXPECT_THAT(record.claim_patterns, ElementsAre("libcard-*.so"));
}

TEST_P(CxxPlugin, ClaimsPathsAndContributesInTheirPlace) {
  EXPECT_THAT(catalog_->interested_in("libcard-7.so"), ElementsAre("every-service"));
  EXPECT_THAT(catalog_->interested_in("libother.so"), IsEmpty());
  EXPECT_TRUE(provider_->claims("/lib/libcard-7.so"));
  EXPECT_FALSE(provider_->claims("/lib/libcard-x.so"));
  EXPECT_THAT(collected({"every-service", "", "/lib/libcard-7.so", "/opt"}),
              ElementsAre("library /lib/libcard-7.so -> /opt (claimed)"));
}

TEST_P(CxxPlugin, SaysWhatTheHostHasNot) {
  Contributions into;
  const Collected answer = provider_->collect({"every-service", "card-missing", "", {}}, into);
  EXPECT_FALSE(answer.here);
  EXPECT_EQ(answer.why, "no card in slot 3");
}

TEST_P(CxxPlugin, ExceptionInsideIsAnErrorWithItsText) {
  Contributions into;
  EXPECT_THAT(
      [&] {
        provider_->collect({"every-service", "card-broken", "3", {}}, into);
      },
      testing::ThrowsMessage<Error>("provider: every-service: the card in slot 3 is broken"));
  EXPECT_THAT(
      [&] {
        provider_->collect({"every-service", "card-odd", "", {}}, into);
      },
      testing::ThrowsMessage<Error>(HasSubstr("something that is not a std::exception")));
}

INSTANTIATE_TEST_SUITE_P(BuiltBy, CxxPlugin, testing::ValuesIn(cxx_variants()), [](const auto& row) {
  return row_name(row.param.empty() ? "ourselves" : row.param.substr(1));
});

class CPlugin : public GoodPlugin, public testing::WithParamInterface<const char*> {};

TEST_P(CPlugin, UsesEveryServiceOfTheHost) {
  const fs::path file = good_plugin(GetParam());
  if (!fs::exists(file)) GTEST_SKIP() << "skipped: its compiler is missing: " << file;
  load(file);
  EXPECT_THAT(collected({"plain", "plain", "", "/dest"}),
              ElementsAre("file /opt/card/firmware -> /dest ()",                             //
                          "program /card/bin/tool -> ? (1.2.3)",                             //
                          "library /card/lib/libcard.so.1 -> /opt/lib (Permission denied)",  //
                          "data /card/data -> /usr/share/card (secret)",                     //
                          "directory  -> /var/opt/card (1 5 640)",                           //
                          "ld.so.conf /opt/lib -> ? (from standard input)",                  //
                          "link libcard.so.1 -> /usr/lib/libcard.so (out)",                  //
                          "libfabric provider /card/lib/libcard-fi.so -> ? (err)",           //
                          "libfabric /card/lib/libfabric.so.1 -> ? (exited)"));
  EXPECT_THAT(log_.text(), HasSubstr("warning: plain: three\n"));
  EXPECT_TRUE(provider_->claims("/lib/libplain-1.so"));
  EXPECT_FALSE(provider_->claims("/lib/other.so"));
}

INSTANTIATE_TEST_SUITE_P(BuiltBy, CPlugin, testing::Values("plain", "plain-gcc-11", "plain-clang-11"),
                         [](const auto& row) { return row_name(row.param); });

/// What they throw and catch, and the libraries that they bring, do not meet.
TEST(PluginsOfDifferentLibraries, WorkSideBySide) {
  PluginDirectory directory;
  std::size_t built = 0, with_its_own_library = 0;
  // An id of its own each: as long as the first one.
  for (const std::string how : {"", "-libcxx-17", "-libcxx-static", "-gxx-static-libraries"}) {
    const fs::path file = good_plugin("every-service" + how);
    if (!fs::exists(file)) continue;
    if (how == kWithItsOwnLibrary) with_its_own_library = built;
    std::string bytes = PluginDirectory::bytes_of(file);
    const std::string id = "every-service";
    for (auto at = bytes.find(id); at != std::string::npos; at = bytes.find(id, at + 1))
      bytes[at] = static_cast<char>('a' + built);
    directory.with(std::to_string(built++) + ".so", bytes);
  }
  if (built < 4) GTEST_SKIP() << "skipped: a compiler or library is missing";
  FakeHost host;
  const PluginCatalog catalog = directory.catalog();
  std::vector<std::unique_ptr<Provider>> providers;
  for (std::size_t i = 0; i < built; ++i) {
    ASSERT_EQ(catalog.records().at(i).state, State::ready) << catalog.records()[i].reason;
    providers.push_back(catalog.open(catalog.records()[i].id, host));
    if (i == with_its_own_library) {
      ASSERT_TRUE(keep_loaded(catalog.records()[i].file));
    }
  }
  for (int round = 0; round < 2; ++round)
    for (std::size_t i = 0; i < built; ++i) {
      Contributions into;
      EXPECT_THAT(
          [&] {
            providers[i]->collect({catalog.records()[i].id, "card-broken", "3", {}}, into);
          },
          testing::ThrowsMessage<Error>(HasSubstr("the card in slot 3 is broken")));
      EXPECT_TRUE(providers[i]->claims("/lib/libcard-7.so"));
    }
}

TEST_F(GoodPlugin, MayPassOnTheHostsOwnWordsOfAFailure) {
  load(good_plugin("plain"));
  Contributions into;
  EXPECT_THAT(
      [&] {
        provider_->collect({"plain", "plain-broken", "", {}}, into);
      },
      testing::ThrowsMessage<Error>("provider: plain: Permission denied"));
  EXPECT_THAT(log_.text(), HasSubstr("trace: plain: Permission denied\n"));
}

TEST_F(GoodPlugin, MaySayWhyItMakesNoProvider) {
  host_.variables.clear();
  directory_.with(good_plugin("plain"));
  const PluginCatalog catalog = directory_.catalog();
  EXPECT_THAT([&] { catalog.open("plain", host_); },
              testing::ThrowsMessage<Error>("provider: plain: CARD_HOME is not set"));
}

TEST_F(GoodPlugin, NeedsNoSwitchOfItsOwn) {
  load(good_plugin("claims-only"));
  EXPECT_THAT(catalog_->records()[0].switches, IsEmpty());
  EXPECT_THAT(catalog_->interested_in("libmore-2.so"), ElementsAre("claims-only"));
  EXPECT_THAT(
      collected({"claims-only", "", "/card/libmore-2.so", {}}),
      ElementsAre("library /card/libmore-2.so -> ? (claimed)", "directory  -> /var/opt/card (claimed)"));
}

TEST_F(GoodPlugin, IsMadeAnewForEachRun) {
  load(good_plugin("every-service"));
  const auto another = catalog_->open("every-service", host_);
  provider_.reset();
  EXPECT_TRUE(another->claims("/lib/libcard-7.so"));
}

}  // namespace
}  // namespace fromhost::core
