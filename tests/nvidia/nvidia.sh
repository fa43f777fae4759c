# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# What the tests of --nvidia share, after e2e.sh. DRIVER: a host root with a real driver; VERSION: its version.
DRIVER=$WORK/fixture/driver
TRY_CUDA=$WORK/fixture/bin/try-cuda
CLI=$WORK/fixture/cli                   # for PATH: a directory with the stand-in nvidia-container-cli

# Tests that need the driver call this first.
needs_driver() {
  [[ -d $DRIVER ]] || skip "$(sed 's/^skipped: //' "$WORK/fixture/why-no-driver" 2> /dev/null || echo "no driver was fetched")"
  LIBRARIES=$(dirname "$(find "$DRIVER/usr/lib" -name 'libcuda.so.*.*' -print -quit)")
  LIBRARIES=${LIBRARIES#"$DRIVER"}      # as seen below DRIVER
  VERSION=$(basename "$DRIVER$LIBRARIES"/libcuda.so.*.*)
  VERSION=${VERSION#libcuda.so.}
}

# This machine may have nvidia-container-cli; tests without it must not find that.
without_cli() { PATH=$(path_without nvidia-container-cli) && export PATH; }
with_cli() { export PATH=$CLI:$PATH; }

# What runs in the image, its status and words, as expect_equal and grep take them.
try_in_image() {
  said_status=0
  said=$(in_image "$@" 2>&1) || said_status=$?
  echo "in the image: $*: status $said_status: $said"
}

# The fixture is not the whole driver, nor do the images have all that the driver is linked with: that is told.
expect_driver_injected() { expect_success_with_warning "libraries that the image does not have, nor are they injected"; }
