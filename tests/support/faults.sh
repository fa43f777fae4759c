# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the sweeps of faults share, after e2e.sh: small images, and the sweep itself.
BASE=$WORK/base
RUN=("${BOTH[@]}" --dest /srv/data --path "$DATA")

# Both the sanitizers' runtime and broken-calls.so would have to be loaded first.
! sanitized || skip "sweeps of faults run on a build without sanitizers"

# An image that is copied in no time: what a run looks at, and no more.
make_tiny_image() {
  mkdir -p "$1"/{etc/ld.so.conf.d,usr/{bin,sbin,lib},srv/data,tmp}
  ln -s usr/lib "$1/lib"
  ln -s usr/sbin "$1/sbin"
  printf '#!/bin/sh\nexit 1\n' > "$1/usr/sbin/ldconfig"
  # What preflight takes for a loader and a C library: nothing of the image is executed.
  local loader
  loader=$(readelf --string-dump=.interp "$PROGRAM" | sed -nE 's:^[^/]*(/.*)$:\1:p')
  mkdir -p "$1$(dirname "$loader")"
  cp "$LIBRARY" "$1$loader"
  cp "$LIBRARY" "$1/usr/lib/libc.so.6"
  echo 'include /etc/ld.so.conf.d/*.conf' > "$1/etc/ld.so.conf"
  echo /lib > "$1/etc/ld.so.conf.d/first.conf"
  chmod 555 "$1/srv/data"
  find "$1" -exec touch -h -d '2001-02-03 04:05:06.789 UTC' {} +
}

# Something of its own at every name that an injection takes: a file, a link, a file with two names, an old cache.
fill_tiny_image() {
  echo "old program" > "$1/usr/bin/hello"
  chmod 640 "$1/usr/bin/hello"
  ln -s /nowhere "$1/usr/lib/libhello.so.1.0"
  ln -s libhello.so.0 "$1/usr/lib/libhello.so.1"
  echo "old greeting" > "$1/tmp/other-name"
  chmod 755 "$1/srv/data"
  ln "$1/tmp/other-name" "$1/srv/data/greeting.txt"
  cp "$IMG/etc/ld.so.cache" "$1/etc/ld.so.cache"
  chmod 555 "$1/srv/data"
  find "$1" -exec touch -h -d '2001-02-03 04:05:06.789 UTC' {} +
}

# "sweep kill" or "sweep ERRNO": breaks the run of RUN on BASE at each of its calls; see tests/support/sweep.
sweep() {
  /usr/bin/python3 "$WORK/sweep" "$1" "$TOOL" "$WORK/fixture/lib/broken-calls.so" "$BASE" "$WORK" "${RUN[@]}" \
    || fail "sweep $1"
}
