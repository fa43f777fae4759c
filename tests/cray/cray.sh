# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# What the tests of this directory share, after e2e.sh. HOSTS: host roots (none, cle, shasta, cos); TINY: a provider.
HOSTS=$WORK/fixture/hosts
TINY=$WORK/fixture/libtiny-fi.so
CXI=/opt/cray/libfabric/1.15.2.0/lib64/libfabric.so   # below a host root
GNIX=/home/ofi/libgnix-fi.so                          # below hosts/cle
OFI_CONF=/etc/ld.so.conf.d/ch-ofi.conf

# Tests that need the fixture call this first.
needs_libfabric() {
  [[ ! -f $WORK/fixture/why-no-libfabric ]] || skip "$(sed 's/^skipped: //' "$WORK/fixture/why-no-libfabric")"
  # What libfabric.so.1 is in the image: the directory, and the file.
  local path
  path=$(in_image /sbin/ldconfig -p | sed -n 's/.*libfabric\.so\.1 .*=> //p' | sed -n 1p)
  FABRIC=$(in_image readlink -f "$path")
  FABRIC_DIRECTORY=$(dirname "$path")
  # As it is before the injection: ch-ofi.conf puts more directories before it.
  FIRST=$(library_directory)
}

# The names that fi_info lists.
providers() { in_image fi_info -l | sed -n 's/^\([^ ].*\):$/\1/p'; }
expect_provider() { providers | grep -x "$1" > /dev/null || fail "fi_info does not list $1"; }
expect_no_provider() { ! providers | grep -x "$1" > /dev/null || fail "fi_info lists $1"; }

# The file that a program in the image has mapped for a soname.
mapped_by_fi_info() {
  in_image env LD_DEBUG=libs fi_info -l 2>&1 | sed -n "s/.*calling init: \(.*$1.*\)/\1/p" | sed -n 1p
}

# Two images have the same files; times and inodes may differ, and ldconfig's own notes of them.
loose_tree_of() { /usr/bin/python3 "$WORK/tree" --loose "$1"; }
expect_same_tree() {
  diff <(loose_tree_of "$1") <(loose_tree_of "$2") >&2 || fail "the images differ: < $1, > $2"
}

# The image has this directory, empty: a mount point.
expect_mount_points() {
  local path
  for path; do [[ -d $IMG$path ]] || fail "no mount point: $path"; done
}
expect_no_mount_points() {
  local path
  for path; do [[ ! -e $IMG$path ]] || fail "a mount point: $path"; done
}
ARIES=(/var/opt/cray/alps/spool /opt/cray/wlm_detect /etc/opt/cray/wlm_detect /opt/cray/udreg /opt/cray/xpmem
  /opt/cray/ugni /opt/cray/alps)
