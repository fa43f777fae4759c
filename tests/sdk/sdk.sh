# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the SDK's tests are written with. run-sdk has set WORK (ours alone, removed afterwards) and TREE, the installed tree.
set -euo pipefail
set -E
trap 'fail "$BASH_COMMAND"' ERR

fail() {
  trap - ERR
  echo "failed: ${BASH_SOURCE[1]}: line ${BASH_LINENO[0]}: $*" >&2
  [[ ! -e $WORK/output ]] || sed 's/^/  | /' "$WORK/output" >&2
  exit 1
}

skip() {
  echo "skipped: $*"
  exit 77
}

# Runs a command that has to succeed; its words are shown if it does not.
quietly() {
  "$@" > "$WORK/output" 2>&1 || fail "$*"
}

# Runs a command that has to fail with words that contain $1.
expect_refusal() {
  local words=$1
  shift
  if "$@" > "$WORK/output" 2>&1; then fail "succeeded: $*"; fi
  grep -qF -- "$words" "$WORK/output" || fail "does not say \"$words\": $*"
}

# The plugin exports its entry alone and wants nothing but the C and C++ libraries.
expect_plugin() {
  [[ $(nm -D --defined-only "$1" | awk '{ print $NF }') == fromhost_provider ]] || fail "exports of $1"
  nm -D --undefined-only "$1" | awk '$1 == "U"' | grep -vE '@(GLIBC|GLIBCXX|CXXABI|GCC)_' > "$WORK/output" \
    && fail "undefined in $1"
  readelf -SW "$1" > "$WORK/output"
  grep -q ' fromhost_abi_1 ' "$WORK/output" || fail "no section for the entry in $1"
}
