// SPDX-License-Identifier: Apache-2.0
// Apply: reflink, copy_file_range, sendfile, a buffer; whichever of them works first.
#include "core/apply/copy_contents.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>
#include <system_error>

#include "core/error.hpp"
#include "core/host/again_after_signal.hpp"
#include "core/host/elf_file.hpp"

namespace fromhost::core {
namespace {

// Large enough to cost nothing, small enough for a person to see it move on a slow file system.
constexpr std::size_t kChunk = std::size_t{1} << 24;
constexpr std::size_t kBuffer = std::size_t{1} << 16;  // in the processor's cache twice
constexpr off_t kWorthPreallocating = off_t{1} << 20;
constexpr off_t kToTheEnd = std::numeric_limits<off_t>::max();

/// Says errno that this means is not to be had between these two files? EXDEV: across file systems.
bool unsupported(int error) {
  return error == EXDEV || error == EINVAL || error == EOPNOTSUPP || error == ENOSYS || error == EPERM;
}

/// A clone's blocks are on disk, but nothing of it is in memory. ldconfig maps each library, and at the first
/// touch of it the kernel would read what lies around: 128 KiB, on btrfs 4 MiB, several times a library.
/// Those few pages that ldconfig looks at are read here, by themselves, by as many threads as copy.
void read_tables(int fd) {
  (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
  (void)read_elf(fd);
}

class Copy {
 public:
  Copy(int from, int to, const PieceCopied& copied) : from_(from), to_(to), copied_(copied) {}

  void run() {
    struct stat facts;
    if (::fstat(from_, &facts) != 0) throw_errno("stat");
    const off_t size = facts.st_size;
    // Nothing at all: an empty file, or one that only pretends to be (procfs, some FUSE).
    if (size == 0) {
      means_ = Means::buffer;
      section(kToTheEnd);
      return;
    }
    if (::ioctl(to_, FICLONE, from_) == 0) {
      read_tables(to_);
      return tell(size);
    }
    // Or compressed; then it is one section.
    if (off_t{facts.st_blocks} * 512 < size) return sections(size);
    preallocate(size);
    section(kToTheEnd);
    if (done_ < size && ::ftruncate(to_, done_) != 0) throw_errno("truncate");  // it has shrunk meanwhile
  }

 private:
  enum class Means { copy_file_range, sendfile, buffer };

  void tell(off_t bytes) {
    done_ += bytes;
    if (copied_ && bytes > 0) copied_(static_cast<std::uint64_t>(bytes));
  }

  /// From hole to hole.
  void sections(off_t size) {
    while (done_ < size) {
      off_t begin = ::lseek(from_, done_, SEEK_DATA);
      if (begin < 0 && errno == ENXIO) break;  // no more
      off_t end = begin < 0 ? -1 : ::lseek(from_, begin, SEEK_HOLE);
      if (end < 0) {  // the file system knows of no holes
        begin = done_;
        end = kToTheEnd;
      }
      if (::lseek(from_, begin, SEEK_SET) < 0 || ::lseek(to_, begin, SEEK_SET) < 0) throw_errno("seek");
      tell(begin - done_);
      if (!section(end - begin)) return;
    }
    if (done_ >= size) return;
    if (::ftruncate(to_, size) != 0) throw_errno("truncate");
    tell(size - done_);
  }

  /// ext4 then looks for blocks once a file, not once a page: a third less time. It need not write the file
  /// out either when that is renamed over another. XFS, btrfs and tmpfs gain nothing; btrfs would not
  /// compress.
  void preallocate(off_t size) {
    struct statfs facts;
    if (size < kWorthPreallocating || ::fstatfs(to_, &facts) != 0 || facts.f_type != EXT4_SUPER_MAGIC) return;
    // Whatever is wrong, the copy will say.
    (void)again_after_signal([&] { return ::fallocate(to_, 0, 0, size); });
  }

  /// False if the file ended before.
  bool section(off_t left) {
    while (left > 0) {
      const ssize_t n = piece(static_cast<std::size_t>(std::min<off_t>(left, kChunk)));
      if (n == 0) return false;
      left -= n;
      some_ = true;
      tell(n);
    }
    return true;
  }

  ssize_t piece(std::size_t most) {
    if (means_ == Means::copy_file_range) {
      const ssize_t n =
          again_after_signal([&] { return ::copy_file_range(from_, nullptr, to_, nullptr, most, 0); });
      if (!next_means(n, Means::sendfile, "copy_file_range")) return n;
    }
    if (means_ == Means::sendfile) {
      const ssize_t n = again_after_signal([&] { return ::sendfile(to_, from_, nullptr, most); });
      if (!next_means(n, Means::buffer, "sendfile")) return n;
    }
    if (!buffer_) buffer_ = std::make_unique<char[]>(kBuffer);
    const ssize_t n =
        again_after_signal([&] { return ::read(from_, buffer_.get(), std::min(most, kBuffer)); });
    if (n < 0) throw_errno("read");
    for (ssize_t written = 0; written < n;) {
      const ssize_t k = again_after_signal(
          [&] { return ::write(to_, buffer_.get() + written, static_cast<std::size_t>(n - written)); });
      if (k < 0) throw_errno("write");
      written += k;
    }
    return n;
  }

  /// Nothing at all may be a file that only pretends to be empty, which the kernel's copies believe.
  bool next_means(ssize_t result, Means next, const char* call) {
    if (result > 0 || (result == 0 && some_)) return false;
    if (result < 0 && !unsupported(errno)) throw_errno(call);
    means_ = next;
    return true;
  }

  const int from_, to_;
  const PieceCopied& copied_;
  Means means_ = Means::copy_file_range;
  std::unique_ptr<char[]> buffer_;
  bool some_ = false;
  off_t done_ = 0;
};

}  // namespace

void copy_contents(int from, int to, const PieceCopied& copied) {
  Copy(from, to, copied).run();
}

}  // namespace fromhost::core
