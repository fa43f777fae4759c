// SPDX-License-Identifier: Apache-2.0
// What we read from the loader's configuration is what ldconfig says: each image of a table, and whole
// images, are shown to both. FROMHOST_TEST_LDCONFIG names another ldconfig than this host's (tests/preflight
// has those of three releases of Debian), FROMHOST_TEST_IMAGES a directory of images.
#include "core/image/ld_so_conf.hpp"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "core/error.hpp"
#include "core/host/linux_host.hpp"
#include "core/image/ldconfig.hpp"
#include "tests/support/ordinary_user.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::TempImage;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = LdSoConfLine::Kind;
using namespace std::string_literals;

/// This host, maybe with another ldconfig.
class HostWithLdconfig : public LinuxHost {
 public:
  static std::string program() {
    const char* other = std::getenv("FROMHOST_TEST_LDCONFIG");
    return other                                            ? other
           : std::filesystem::exists("/sbin/ldconfig.real") ? "/sbin/ldconfig.real"
                                                            : "/sbin/ldconfig";
  }
  UniqueFd open_file(const HostPath& path) const override {
    if (path.text() == "/sbin/ldconfig.real") throw std::system_error(ENOENT, std::generic_category());
    return LinuxHost::open_file(path.text() == "/sbin/ldconfig" ? HostPath(program()) : path);
  }
  std::unique_ptr<PreparedCommand> prepare(Command command) override {
    ++runs;
    if (command.argv.at(0) == "/sbin/ldconfig") command.argv[0] = program();
    return LinuxHost::prepare(std::move(command));
  }
  int runs = 0;
};

class AskedLdconfig : public Ldconfig {
 public:
  using Ldconfig::ask;
  using Ldconfig::Ldconfig;
};

std::optional<LdconfigKind> kind_of_ours() {
  const HostWithLdconfig host;
  return ldconfig_kind(host.read_file(HostPath(HostWithLdconfig::program()), 64u << 20), EM_X86_64);
}

std::string text_of(const std::vector<ImagePath>& paths) {
  std::string text;
  for (const ImagePath& path : paths) text += path.text() + "\n";
  return text;
}

/// An image with directories that configurations name, and a configuration.
TempImage configured(const std::string& conf) {
  TempImage image;
  image.with_file("/sbin/ldconfig").with_file("/etc/ld.so.conf", conf).with_directory("/etc/ld.so.conf.d");
  for (const char* name : {"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/a", "/opt/b",
                           "/opt/c d", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"})
    image.with_directory(name);
  return image;
}
TempImage with_more(const std::string& name, const std::string& content) {
  return configured("include /etc/ld.so.conf.d/*.conf\n").with_file("/etc/ld.so.conf.d/" + name, content);
}

struct Configuration {
  const char* name;
  TempImage image;
  bool doubted = false;
};

std::vector<Configuration> rows() {
  const std::string all = "include /etc/ld.so.conf.d/*.conf\n";
  std::vector<Configuration> table = {
      {"empty", configured("")},
      {"no configuration", TempImage{}.with_file("/sbin/ldconfig").with_directory("/usr/lib")},
      {"one builtin directory", TempImage{}.with_file("/sbin/ldconfig").with_directory("/lib")},
      {"configuration is a dangling link", TempImage{}
                                               .with_file("/sbin/ldconfig")
                                               .with_directory("/lib")
                                               .with_link("/etc/ld.so.conf", "/nowhere")},
      {"configuration is a link", TempImage{}
                                      .with_file("/sbin/ldconfig")
                                      .with_directory("/lib")
                                      .with_directory("/opt/a")
                                      .with_file("/conf", "/opt/a")
                                      .with_link("/etc/ld.so.conf", "/conf")},
      {"configuration is a link that leads out",
       TempImage{}
           .with_file("/sbin/ldconfig")
           .with_directory("/lib")
           .with_directory("/opt/a")
           .with_file("/conf", "/opt/a")
           .with_link("/etc/ld.so.conf", "../../../../../../../../conf")},
      {"one directory", configured("/opt/a\n")},
      {"two", configured("/opt/b\n/opt/a\n")},
      {"without newline at the end", configured("/opt/b\n/opt/a")},
      {"CRLF", configured("/opt/b\r\n/opt/a\r\n")},
      {"CR alone", configured("/opt/b\r/opt/a\r")},
      {"blanks around", configured("  \t/opt/b \t \n\v/opt/a\f\n")},
      {"a blank inside", configured("/opt/c d\n/opt/a /opt/b\n")},
      {"comments", configured("# /opt/b\n/opt/a#/opt/b\n/opt/b # why\n   # blank\n")},
      {"blank lines", configured("\n\n   \n\t\n/opt/a\n\n")},
      {"trailing slashes", configured("/opt/a/\n/opt/b////\n")},
      {"a slash and a blank at the end", configured("/opt/a/ \n/opt/b /\n")},
      {"repeated slashes", configured("//opt//a\n///opt/b\n")},
      {"dots", configured("/opt/./a\n/opt/a/../b\n/opt/b/.\n")},
      {"the root", configured("/\n//\n/opt/a\n")},
      {"the root by dots", configured("/.\n/opt/..\n")},
      {"above the root", configured("/../../opt/a\n/../opt/b\n")},
      {"the same twice", configured("/opt/a\n/opt/b\n/opt/a\n")},
      {"the same by another name", configured("/opt/a\n/opt/../opt/a/\n/opt/b\n")},
      {"missing", configured("/opt/none\n/opt/a\n")},
      {"a file", configured("/etc/ld.so.conf\n/opt/a\n")},
      {"below a file", configured("/etc/ld.so.conf/x\n/opt/a\n")},
      {"a link", configured("/opt/l\n/opt/a\n").with_link("/opt/l", "a")},
      {"a link after its target", configured("/opt/a\n/opt/l\n").with_link("/opt/l", "/opt/a")},
      {"a dangling link", configured("/opt/l\n/opt/a\n").with_link("/opt/l", "/none")},
      {"links in a circle", configured("/opt/l\n/opt/a\n").with_link("/opt/l", "m").with_link("/opt/m", "l")},
      {"a link that leads out",
       configured("/opt/l\n").with_link("/opt/l", "../../../../../../../../../opt/b")},
      {"an absolute link", configured("/opt/l\n").with_link("/opt/l", "/usr/local/lib")},
      {"a builtin directory", configured("/usr/lib\n/opt/a\n/lib\n")},
      {"merged /usr", TempImage{}
                          .with_file("/usr/sbin/ldconfig")
                          .with_link("/sbin", "usr/sbin")
                          .with_directory("/usr/lib/x86_64-linux-gnu")
                          .with_link("/lib", "usr/lib")
                          .with_link("/lib64", "usr/lib64")
                          .with_directory("/usr/lib64")},
      {"merged /usr, and configured",
       TempImage{}
           .with_file("/usr/sbin/ldconfig")
           .with_link("/sbin", "usr/sbin")
           .with_directory("/usr/lib/x86_64-linux-gnu")
           .with_link("/lib", "usr/lib")
           .with_link("/lib64", "usr/lib64")
           .with_directory("/usr/lib64")
           .with_directory("/usr/local/lib")
           .with_file("/etc/ld.so.conf", all)
           .with_file("/etc/ld.so.conf.d/libc.conf", "/usr/local/lib\n")
           .with_file("/etc/ld.so.conf.d/x.conf", "/usr/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu\n")},
      {"relative", configured("opt/b\n/opt/a\n")},
      {"relative, then absolute", configured("opt/b\n/opt/b\nlib\n")},
      {"a dot", configured(".\n/opt/a\n")},
      {"include, absolute", with_more("a.conf", "/opt/a\n")},
      {"include, relative",
       configured("include ld.so.conf.d/*.conf\n").with_file("/etc/ld.so.conf.d/a.conf", "/opt/a\n")},
      {"include in the order of the names", with_more("b.conf", "/opt/a\n")
                                                .with_file("/etc/ld.so.conf.d/a.conf", "/opt/b\n")
                                                .with_file("/etc/ld.so.conf.d/B.conf", "/usr/local/lib\n")},
      {"include, then more", configured(all + "/opt/b\n").with_file("/etc/ld.so.conf.d/a.conf", "/opt/a\n")},
      {"include of one file", configured("include /etc/x\n").with_file("/etc/x", "/opt/a\n")},
      {"include of nothing", configured("include /etc/none\n/opt/a\n")},
      {"include of several", configured("include /etc/x \t/etc/y\n")
                                 .with_file("/etc/x", "/opt/b\n")
                                 .with_file("/etc/y", "/opt/a\n")},
      {"include twice",
       configured("include /etc/x\ninclude /etc/x\n").with_file("/etc/x", "/opt/b\n/opt/a\n")},
      {"include behind a tab", configured("\tinclude\t/etc/x\n").with_file("/etc/x", "/opt/a\n")},
      {"include with a comment", configured("include /etc/x#y\n").with_file("/etc/x", "/opt/a\n")},
      {"include with CRLF", configured("include /etc/x\r\n/opt/b\r\n").with_file("/etc/x", "/opt/a\n")},
      {"include without argument", configured("include\n/opt/a\n")},
      {"include with a blank for its argument", configured("include \n/opt/a\n")},
      {"include in capitals", configured("Include /etc/x\n").with_file("/etc/x", "/opt/a\n")},
      {"include and a vertical tab", configured("include\v/etc/x\n").with_file("/etc/x", "/opt/a\n")},
      {"includes is another word", configured("includes /etc/x\n").with_file("/etc/x", "/opt/a\n")},
      {"include in an included file", configured("include /etc/x/1\n")
                                          .with_file("/etc/x/1", "include 2\n/opt/b\n")
                                          .with_file("/etc/x/2", "/opt/a\n")},
      {"relative to the name, not to where it leads", configured("include /etc/l\n")
                                                          .with_link("/etc/l", "/srv/1")
                                                          .with_file("/srv/1", "include 2\n")
                                                          .with_file("/srv/2", "/opt/a\n")
                                                          .with_file("/etc/2", "/opt/b\n")},
      {"include of a directory", configured("include /etc/ld.so.conf.d\n/opt/a\n")},
      {"include of a directory among files",
       with_more("a.conf", "/opt/a\n").with_directory("/etc/ld.so.conf.d/b.conf")},
      {"include of a dangling link",
       with_more("a.conf", "/opt/a\n").with_link("/etc/ld.so.conf.d/b.conf", "/none")},
      {"include of a link out", with_more("a.conf", "/opt/a\n")
                                    .with_link("/etc/ld.so.conf.d/b.conf", "../../../../../../etc/x")
                                    .with_file("/etc/x", "/opt/b\n")},
      {"include of a hidden file", with_more(".a.conf", "/opt/a\n")},
      {"include of the wrong ending", with_more("a.conf~", "/opt/a\n")},
      {"a question mark",
       configured("include /etc/x?\n").with_file("/etc/x1", "/opt/a\n").with_file("/etc/x10", "/opt/b\n")},
      {"a set", configured("include /etc/x[!2-9]\n")
                    .with_file("/etc/x1", "/opt/a\n")
                    .with_file("/etc/x2", "/opt/b\n")},
      {"an unfinished set",
       configured("include /etc/x[1\n").with_file("/etc/x[1", "/opt/a\n").with_file("/etc/x1", "/opt/b\n")},
      {"a backslash",
       configured("include /etc/x\\*\n").with_file("/etc/x*", "/opt/a\n").with_file("/etc/x1", "/opt/b\n")},
      {"braces", configured("include /etc/{x,y}\n")
                     .with_file("/etc/x", "/opt/a\n")
                     .with_file("/etc/{x,y}", "/opt/b\n")},
      {"a tilde", configured("include ~/x\n").with_file("/x", "/opt/a\n").with_file("/etc/~/x", "/opt/b\n")},
      {"stars for directories", configured("include /srv/*/l/*.conf\n")
                                    .with_file("/srv/b/l/1.conf", "/opt/b\n")
                                    .with_file("/srv/a/l/2.conf", "/opt/a\n")
                                    .with_file("/srv/a/m/3.conf", "/usr/local/lib\n")},
      {"stars and dots", configured("include /srv/*/../*/x\n")
                             .with_file("/srv/b/x", "/opt/b\n")
                             .with_file("/srv/a/x", "/opt/a\n")},
      {"two stars", configured("include /srv/**/x\n").with_file("/srv/b/x", "/opt/b\n")},
      {"a NUL", configured("/opt/a\0/opt/b\n/opt/b\0\n"s)},
      {"a NUL first", configured("\0/opt/a\n/opt/b\n"s)},
      {"bytes over 127", configured("/opt/\xc3\xa4\n/opt/b\xa0\n").with_directory("/opt/\xc3\xa4")},
      {"a control character", configured("/opt/\033[31m\n").with_directory("/opt/\033[31m")},
      {"a name too long", configured("/" + std::string(5000, 'x') + "\n/opt/a\n")},
      {"a path too long", configured("/opt" + std::string(5000, '/') + "a\n/opt/b\n")},
      {"a comment without end", configured("/opt/a\n#" + std::string(100'000, 'x'))},
      {"glibc-hwcaps", configured("/opt/a\n")
                           .with_directory("/opt/a/glibc-hwcaps/x86-64-v3")
                           .with_directory("/opt/a/glibc-hwcaps/x86-64-v2")
                           .with_directory("/opt/a/glibc-hwcaps/.hidden")
                           .with_file("/opt/a/glibc-hwcaps/file")
                           .with_directory("/usr/lib/glibc-hwcaps/power10")
                           .with_link("/opt/a/glibc-hwcaps/link", "../../b")},
      {"glibc-hwcaps of a directory given twice",
       configured("/opt/a/glibc-hwcaps/x86-64-v3\n/opt/a\n/opt/a\n")
           .with_directory("/opt/a/glibc-hwcaps/x86-64-v3")},
      {"old hwcaps",
       configured("/opt/a\n").with_directory("/opt/a/haswell").with_directory("/usr/lib/tls/i686"), true},
      {"a type", configured("/opt/a=libc6\n/opt/b\n"), true},
      {"a colon", configured("/opt/x:y\n/opt/b\n").with_directory("/opt/x:y"), true},
      {"hwcap", configured("hwcap 1 nosegneg\n/opt/b\n"), true},
      {"HWCAP without a name", configured("HWCAP 1\n/opt/b\n"), true},
      {"a circle", configured("include /etc/ld.so.conf\n/opt/a\n"), true},
      {"a circle of two",
       with_more("a.conf", "/opt/b\ninclude /etc/ld.so.conf.d/b.conf\n")
           .with_file("/etc/ld.so.conf.d/b.conf", "include a.conf\n/opt/a\n"),
       true},
      {"a long pattern",
       configured("include /etc/" + std::string(300, '*') + "x\n").with_file("/etc/x", "/opt/a\n"), true},
      {"large", configured(std::string(300'000, '\n') + "/opt/a\n"), true},
  };
  TempImage many = configured(all), wide = configured("");
  std::string conf;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = "/srv/" + std::to_string(i * 7 % 2000);
    if (i % 3) wide.with_directory(name);
    conf += name + "\n";
  }
  wide.with_file("/etc/ld.so.conf", conf);
  for (int i = 0; i < 300; ++i)
    many.with_directory("/srv/" + std::to_string(i))
        .with_file("/etc/ld.so.conf.d/" + std::to_string(i) + ".conf", "/srv/" + std::to_string(i) + "\n");
  table.push_back({"thousands of directories", wide});
  table.push_back({"hundreds of files", many});
  TempImage tree = configured("include /srv/0\n");
  for (int i = 0; i < 12; ++i)
    tree.with_file("/srv/" + std::to_string(i),
                   "include " + std::to_string(i + 1) + " " + std::to_string(i + 1) + "\n");
  table.push_back({"a tree of files", tree.with_file("/srv/12", "/opt/a\n")});
  return table;
}

/// Both say the same, and ldconfig did not run for our answer; or it did, where there is a doubt.
void compare(const ImageRoot& image, const LdconfigKind& kind, bool doubted) {
  HostWithLdconfig host;
  AskedLdconfig ldconfig(host, image);
  const LdconfigDirectories read = read_ld_so_conf(image, kind);
  EXPECT_EQ(!read.doubt.empty(), doubted) << read.doubt;
  std::string said;
  try {
    said = text_of(ldconfig.directories());
  } catch (const Error& error) {
    said = error.what();  // of no directory at all, or of a line that this version refuses
  }
  if (doubted || read.directories.empty()) {
    EXPECT_EQ(host.runs, 1) << said;
    return;
  }
  EXPECT_EQ(host.runs, 0);
  EXPECT_EQ(said, text_of(ldconfig.ask()));
}

TEST(LdSoConfReader, AgreesWithLdconfig) {
  const auto kind = kind_of_ours();
  if (!kind) GTEST_SKIP() << "this ldconfig is of no kind that we know, so it is always asked";
  std::size_t compared = 0;
  for (const Configuration& row : rows()) {
    SCOPED_TRACE(row.name);
    compare(row.image.open(), *kind, row.doubted);
    compared += !row.doubted;
  }
  EXPECT_GE(compared, 60u);
}

TEST(LdSoConfReader, AgreesWithLdconfigForAnOrdinaryUser) {
  const auto kind = kind_of_ours();
  if (!kind) GTEST_SKIP() << "this ldconfig is of no kind that we know, so it is always asked";
  const bool possible = test::as_ordinary_user([&kind] {
    TempImage image = configured("/opt/a\n/opt/b\n/opt/b/c\ninclude /etc/x /etc/y\n");
    image.with_directory("/opt/b/c").with_file("/etc/x", "/usr/local/lib\n", 0).with_file("/etc/y", "/opt\n");
    image.with_mode("/opt/b", 0);
    compare(image.open(), *kind, false);
    image.with_mode("/opt/b", 0755);
  });
  if (!possible) GTEST_SKIP() << "cannot become an ordinary user here";
}

TEST(LdSoConfReader, AgreesWithLdconfigOnWholeImages) {
  const char* images = std::getenv("FROMHOST_TEST_IMAGES");
  if (!images) GTEST_SKIP() << "FROMHOST_TEST_IMAGES names no directory of images";
  const auto kind = kind_of_ours();
  ASSERT_TRUE(kind);
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(images)) {
    if (!std::filesystem::exists(entry.path() / "sbin/ldconfig")) continue;
    SCOPED_TRACE(entry.path().string());
    compare(ImageRoot::open(entry.path().string()), *kind, false);
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

std::string refused(const TempImage& image) {
  try {
    return "read, with this doubt: " + read_ld_so_conf(image.open(), {}).doubt;
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(LdSoConfReader, RefusesWhatLdconfigWouldWaitFor) {
  struct Case {
    const char* name;
    TempImage image;
    const char* said;
  };
  const Case cases[] = {
      {"the configuration", TempImage{}.with_fifo("/etc/ld.so.conf"), "/etc/ld.so.conf is no regular file"},
      {"a directory for the configuration", TempImage{}.with_directory("/etc/ld.so.conf"),
       "/etc/ld.so.conf is no regular file"},
      {"an included file",
       configured("include /etc/ld.so.conf.d/*.conf\n").with_fifo("/etc/ld.so.conf.d/a.conf"),
       "/etc/ld.so.conf.d/a.conf is no regular file"},
      {"by a link", configured("include /etc/x\n").with_fifo("/srv/f").with_link("/etc/x", "/srv/f"),
       "/etc/x is no regular file"},
      {"after a doubt",
       configured("hwcap 1 x\ninclude /etc/ld.so.conf\ninclude /etc/x\n").with_fifo("/etc/x"),
       "/etc/x is no regular file"},
      {"included by an included one",
       configured("include /etc/1\n").with_file("/etc/1", "include 2\n").with_fifo("/etc/2"),
       "/etc/2 is no regular file"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    EXPECT_THAT(refused(one.image), HasSubstr("empty path from ldconfig: " + ("the image's "s + one.said)));
  }
}

TEST(LdSoConfReader, HasAnEndWhateverIsIncluded) {
  TempImage tree = configured("include /srv/0\n");
  for (int i = 0; i < 64; ++i)
    tree.with_file("/srv/" + std::to_string(i),
                   "include " + std::to_string(i + 1) + " " + std::to_string(i + 1) + "\n");
  EXPECT_THAT(refused(tree.with_file("/srv/64")), HasSubstr("includes files without end"));
  EXPECT_THAT(refused(configured("include ld.so.conf\ninclude /etc/ld.so.conf\n")),
              HasSubstr("/etc/ld.so.conf includes itself more than once"));
  EXPECT_THAT(refused(configured("include a\ninclude b\n")
                          .with_file("/etc/a", "include b\n")
                          .with_file("/etc/b", "include a ld.so.conf\n")),
              HasSubstr("includes itself more than once"));
  TempImage glob = configured("include /*/*/*/*/*/*/*/*/*/*/*/*\n");
  glob.with_link("/srv/a", ".").with_link("/srv/b", ".").with_link("/srv/c", ".").with_link("/srv/d", ".");
  EXPECT_THAT(read_ld_so_conf(glob.open(), {}).doubt, HasSubstr("asks for too much"));
}

TEST(LdSoConfReader, HasAnEndWhereManyDirectoriesHaveOneFullOfHwcaps) {
  std::string lines;
  TempImage image;
  for (int i = 0; i < 400; ++i) {
    const std::string directory = "/srv/" + std::to_string(i);
    image.with_link(directory + "/glibc-hwcaps", "/opt/full");
    lines += directory + "\n";
  }
  for (int i = 0; i < 300; ++i) image.with_link("/opt/full/" + std::to_string(i), "/etc");
  image.with_file("/etc/ld.so.conf", lines);
  EXPECT_THAT(read_ld_so_conf(image.open(), {{}, true, {}}).doubt, HasSubstr("too many glibc-hwcaps"));
}

TEST(LdSoConfParser, KnowsThreeKindsOfLines) {
  const auto lines = parse_ld_so_conf("include a\tb # c\n\nHwCap 1 x\n /opt/x/ \n/\n");
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].kind, Kind::include);
  EXPECT_THAT(lines[0].words, ElementsAre("a", "b"));
  EXPECT_EQ(lines[1].kind, Kind::hwcap);
  EXPECT_EQ(lines[2].kind, Kind::directory);
  EXPECT_THAT(lines[2].words, ElementsAre("/opt/x"));
  EXPECT_THAT(lines[3].words, ElementsAre(""));
}

TEST(LdconfigKinds, AreToldByTheDirectoriesInTheProgram) {
  const auto debian = ldconfig_kind(
      "x\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0glibc-hwcaps\0"s, EM_X86_64);
  ASSERT_TRUE(debian);
  EXPECT_THAT(debian->builtin,
              ElementsAre("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"));
  EXPECT_TRUE(debian->has_glibc_hwcaps);
  const auto red_hat = ldconfig_kind("x\0/lib64/\0/usr/lib64/\0"s, EM_X86_64);
  ASSERT_TRUE(red_hat);
  EXPECT_THAT(red_hat->builtin, ElementsAre("/lib", "/lib64", "/usr/lib", "/usr/lib64"));
  EXPECT_FALSE(red_hat->has_glibc_hwcaps);
  EXPECT_EQ(read_ld_so_conf(configured("").open(), *red_hat).doubt, "");
  EXPECT_EQ(read_ld_so_conf(configured("").with_directory("/usr/libx32").open(), *red_hat).doubt,
            "/usr/libx32 is there");
  EXPECT_FALSE(ldconfig_kind("x\0/lib64/\0/usr/lib64/\0"s, EM_AARCH64));
  EXPECT_FALSE(ldconfig_kind("x\0/usr/lib/\0"s, EM_X86_64));
}

}  // namespace
}  // namespace fromhost::core
