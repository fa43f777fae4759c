# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# What end-to-end tests are written with. run-e2e has set WORK (ours alone, removed afterwards), TEST_IMAGE, TEST_USER, and
# TEST_USER_NAME: who that is here.
set -euo pipefail
set -E
trap 'fail "$BASH_COMMAND"' ERR

TOOL=$WORK/tool/bin/ch-fromhost
PLUGINS=$WORK/tool/lib/ch-fromhost/plugins
IMG=$WORK/img                                # the image, fresh
PROGRAM=$WORK/fixture/bin/hello              # prints a greeting that it has from …
LIBRARY=$WORK/fixture/lib/libhello.so.1.0    # … this library, soname libhello.so.1
DATA=$WORK/fixture/greeting.txt              # a name that says no destination
BOTH=(--path "$PROGRAM" --path "$LIBRARY")
status=

show() {
  [[ ! -e $WORK/command ]] || { printf 'the last run was: '; cat "$WORK/command"; } >&2
  [[ ! -e $WORK/stdout ]] || sed 's/^/  stdout: /' "$WORK/stdout" >&2
  [[ ! -e $WORK/stderr ]] || sed 's/^/  stderr: /' "$WORK/stderr" >&2
}

fail() {
  trap - ERR
  local frame
  for ((frame = 1; frame < ${#FUNCNAME[@]}; ++frame)); do
    [[ ${BASH_SOURCE[frame]} != *.test ]] || break
  done
  echo "failed: line ${BASH_LINENO[frame - 1]}: $*" >&2
  show
  exit 1
}

skip() {
  echo "skipped: $*"
  exit 77
}

# Runs ch-fromhost; its status, stdout and stderr are what the expect_ functions look at. Standard input is ours.
run_tool() {
  status=0
  "$TOOL" "$@" > "$WORK/stdout" 2> "$WORK/stderr" || status=$?
  { printf '%q ' ch-fromhost "$@"; echo "-> status $status"; } > "$WORK/command"
}

# The same on a terminal, of kind $terminal (xterm) with $columns (100): all that it is sent is stderr. Standard input is
# what is typed.
run_on_terminal() {
  local command
  printf -v command '%q ' "$TOOL" "$@"
  status=0
  TERM=${terminal-xterm} SHELL=/bin/sh script --quiet --return --flush --log-out /dev/null \
    --command "stty cols ${columns-100}; exec $command" > "$WORK/stderr" || status=$?
  : > "$WORK/stdout"
  echo "on a terminal: $command-> status $status" > "$WORK/command"
}

# Is TOOL built with a sanitizer?
sanitized() { grep -qa -e __asan_init -e __tsan_init "$TOOL"; }

# From here on, TOOL waits 0.3 s before each piece that it copies.
make_copying_slow() {
  # A sanitized build cannot look for leaks while it is traced.
  export ASAN_OPTIONS=detect_leaks=0
  strace -qq -e trace=fsync -o "$WORK/probe" true 2> "$WORK/why" || skip "strace cannot trace here: $(cat "$WORK/why")"
  printf '%s\n' '#!/bin/sh' "exec strace -qq -o /dev/null -e trace=copy_file_range \\" \
    "  -e inject=copy_file_range:delay_enter=300000 '$TOOL' \"\$@\"" > "$WORK/slow"
  chmod 755 "$WORK/slow"
  TOOL=$WORK/slow
}

expect_status() { [[ $status == "$1" ]] || fail "status is $status, not $1"; }
expect_stderr() { grep -qF -- "$1" "$WORK/stderr" || fail "stderr lacks: $1"; }
expect_stdout() { grep -qF -- "$1" "$WORK/stdout" || fail "stdout lacks: $1"; }
expect_stderr_like() { grep -qE -- "$1" "$WORK/stderr" || fail "no line of stderr is like: $1"; }
expect_stdout_like() { grep -qE -- "$1" "$WORK/stdout" || fail "no line of stdout is like: $1"; }
expect_no_stderr() { ! grep -qF -- "$1" "$WORK/stderr" || fail "stderr has: $1"; }
expect_no_stdout() { ! grep -qF -- "$1" "$WORK/stdout" || fail "stdout has: $1"; }
expect_stderr_lines() {
  local lines
  lines=$(wc -l < "$WORK/stderr")
  [[ $lines == "$1" ]] || fail "stderr has $lines lines, not $1"
}
expect_stdout_empty() { [[ ! -s $WORK/stdout ]] || fail "stdout is not empty"; }
expect_equal() { [[ $1 == "$2" ]] || fail "$1 is not $2"; }
expect_in_image() { [[ -f $IMG$1 && ! -L $IMG$1 ]] || fail "not a file in the image: $1"; }
expect_not_in_image() { [[ ! -e $IMG$1 && ! -L $IMG$1 ]] || fail "in the image: $1"; }
expect_same_contents() { cmp -s "$1" "$2" || fail "contents differ: $1 and $2"; }

# Success, and what that prints by default: one line on stderr, nothing on stdout.
expect_success() {
  expect_status 0
  expect_stdout_empty
  expect_stderr_lines 1
  expect_stderr_like '^ch-fromhost: injected '
}

# The same after one warning, with this text.
expect_success_with_warning() {
  expect_status 0
  expect_stdout_empty
  expect_stderr_lines 2
  expect_stderr_like '^ch-fromhost: warning: '
  expect_stderr "$1"
  expect_stderr_like '^ch-fromhost: injected '
}

# Failure with this text in an error line that names a stage.
expect_error() {
  expect_status 1
  expect_stdout_empty
  expect_stderr "$1"
  expect_stderr_like '^ch-fromhost: error: [a-z ]+: .'
}

# Stdout is one JSON document that follows docs/ch-fromhost.schema.json; prints a Python expression over it, "it".
json() { /usr/bin/python3 "$WORK/json" "$WORK/schema" "$WORK/stdout" "$@"; }
expect_json() {
  local value
  value=$(json "$1") || fail "stdout is no such document"
  [[ $value == "$2" ]] || fail "$1 is $value, not $2"
}

# The names that the image's manifest has, sorted; and those of a plan on stdout, less the manifest's own and what goes.
manifest_names() {
  /usr/bin/python3 -c 'import json, sys
for one in sorted(one["path"] for one in json.load(open(sys.argv[1]))["entries"]): print(one)' "$IMG/ch/fromhost/manifest.json"
}
planned_names() {
  json 'sorted(one["path"] for one in it["changes"] if one["path"] != "/ch/fromhost/manifest.json" and one["action"] != "remove")'
}

tree_of() { /usr/bin/python3 "$WORK/tree" "$1"; }
remember_image() { tree_of "$IMG" > "$WORK/before"; }
expect_unchanged() {
  tree_of "$IMG" > "$WORK/after"
  diff "$WORK/before" "$WORK/after" >&2 || fail "the image has changed (< before, > after)"
}

# Every name with all that a change leaves traces in: also the change time, and the times of directories.
# (Files and links with other names belong to other tests' images, too, which come and go, and change those two.)
traces() {
  find "$IMG" ! -type d -links +1 -printf '%P %y %m %U:%G %s %i %T@\n' -o -printf '%P %y %m %U:%G %n %s %i %T@ %C@ %l\n' | sort
}
remember_traces() { traces > "$WORK/traces.before"; }
expect_no_traces() {
  traces > "$WORK/traces.after"
  diff "$WORK/traces.before" "$WORK/traces.after" >&2 || fail "the image was touched (< before, > after)"
}

in_image() { USER=${USER:-x} ch-run "$IMG" -- "$@"; }

# The directories that the image's ldconfig reports, in order, one a line.
ldconfig_directories() { in_image /sbin/ldconfig -Nv 2>/dev/null | grep '^/' | cut -d: -f1; }

# The first one, where libraries go. (No head: it would close the pipe under its writer.)
library_directory() { ldconfig_directories | sed -n 1p; }

# The program works in the image: it finds its library there.
expect_greeting() {
  expect_equal "$(in_image "${1:-hello}" 2>&1)" "hello from the host"
}

# Puts a shell script in the place of the image's ldconfig, which is then /sbin/ldconfig.real. It runs with
# --ldconfig=image only; questions (-N …) still go to the real one, the script gets -X -C FILE.
replace_ldconfig() {
  mv "$IMG/usr/sbin/ldconfig" "$IMG/usr/sbin/ldconfig.real"
  printf '%s\n' '#!/bin/sh' 'case "$1" in -N*) exec /sbin/ldconfig.real "$@" ;; esac' "$@" > "$IMG/usr/sbin/ldconfig"
  chmod 755 "$IMG/usr/sbin/ldconfig"
}

# A directory for PATH with every command of this machine but the ones named.
path_without() {
  local name
  mkdir "$WORK/path"
  ln -s /usr/sbin/* /usr/bin/* "$WORK/path/" 2>/dev/null || true
  for name; do rm -f "$WORK/path/$name"; done
  echo "$WORK/path"
}
