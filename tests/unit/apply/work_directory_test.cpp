// SPDX-License-Identifier: Apache-2.0
// The work directory is ours, whatever the image's owner does to its name.
#include "core/apply/work_directory.hpp"

#include <gtest/gtest.h>
#include <stdio.h>
#include <unistd.h>

#include <functional>
#include <system_error>

#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::TempImage;

/// The image's owner is quick: what was made has another name at once, and "theirs" has its name.
class Swapping : public FileOperations {
 public:
  explicit Swapping(const TempImage& image) : image_(image) {}
  void make_directory(int parent, const std::string& name, mode_t mode) override {
    FileOperations::make_directory(parent, name, mode);
    test::must(::rename(image_.at("/" + name).c_str(), image_.at("/aside").c_str()), "rename");
    test::must(::rename(image_.at("/theirs").c_str(), image_.at("/" + name).c_str()), "rename");
    name_ = name;
  }
  std::string at(const std::string& path) const { return "/" + name_ + path; }

 private:
  const TempImage& image_;
  std::string name_;
};

TEST(WorkDirectory, OneThatSomebodyPutInItsPlaceIsNotUsedAndNotEmptied) {
  TempImage image;
  image.with_file("/theirs/scratch/file", "theirs");
  Swapping files(image);
  const ImageRoot root = image.open();
  EXPECT_THROW(WorkDirectory::make(root, files), std::system_error);
  EXPECT_EQ(image.content(files.at("/scratch/file")), "theirs");
}

TEST(WorkDirectory, OneOfAnotherUserIsNotUsedThoughItIsEmpty) {
  if (::geteuid() != 0) GTEST_SKIP() << "skipped: needs root";
  TempImage image;
  image.with_directory("/theirs", 0700).with_owner("/theirs", 65534, 65534);
  Swapping files(image);
  const ImageRoot root = image.open();
  EXPECT_THROW(WorkDirectory::make(root, files), std::system_error);
  EXPECT_EQ(image.status(files.at("")).st_uid, 65534u);
}

}  // namespace
}  // namespace fromhost::core
