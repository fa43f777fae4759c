# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# What the tests of lines in ld.so.conf share, after e2e.sh: two providers, first and second, which want the lines that the
# exported variables of these names say ("DIRECTORY DIRECTORY>FILE"), and an image with a library in each directory.
CONF=/etc/ld.so.conf.d/ch-fromhost.conf
export first=/opt/first second=/opt/second
mkdir -p "$IMG"/opt/{first,second,both,own}
for name in first second both own; do cp "$LIBRARY" "$IMG/opt/$name/libhello.so.1"; done

inject() {
  run_tool --plugin-dir "$WORK/fixture/lines" "$@" "$IMG"
  expect_status 0
}
# undo PROVIDER...: one after the other; nothing is wrong with what is left.
undo() {
  local provider
  for provider; do
    run_tool --undo="$provider" "$IMG"
    expect_status 0
    expect_no_stderr "was changed since"
    run_tool --status "$IMG"
    [[ $status == 0 || $status == 4 ]] || fail "after --undo=$provider, --status ends with $status"
  done
}

# expect_lines FILE LINE...: it has these, and no others.
expect_lines() { expect_equal "$(cat "$IMG$1")" "$(printf '%s\n' "${@:2}")"; }
# The cache has the library of this directory.
expect_cached() { grep -qa "$1/libhello.so.1" "$IMG/etc/ld.so.cache" || fail "the cache lacks $1"; }
expect_not_cached() { ! grep -qa "$1/libhello.so.1" "$IMG/etc/ld.so.cache" || fail "the cache has $1"; }

# Of directories in which something came and went, the times are new.
untimed() { tree_of "$IMG" | sed -E 's/^([^ ]+ dir .*) [0-9]{15,}/\1/; s/ inode [0-9]+//'; }
remember_original() { untimed > "$WORK/original"; }
expect_original() { diff "$WORK/original" <(untimed) >&2 || fail "not as before the first injection (< then, > now)"; }
