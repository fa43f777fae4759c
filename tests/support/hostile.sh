# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Images that strangers made to reach the host, for tests, after e2e.sh. $CANARY is a directory outside the image that
# each of them aims at; expect_canary fails if anything of it has changed: contents, times, numbers of links.
CANARY=$WORK/canary
mkdir "$CANARY"
echo "canary" > "$CANARY/file"
echo "canary library" > "$CANARY/libhello.so.1.0"
echo "{}" > "$CANARY/manifest.json"
mkdir "$CANARY/directory" "$CANARY/lib"
touch -d '2001-02-03 04:05:06 UTC' "$CANARY"/* "$CANARY"

# The change time tells of every write, whatever else is put back. Where the image has a hard link of one, it may remove
# that, which counts as a change of the file: LINKED is set; to "count" where it has to be there again.
LINKED=
canary() {
  if [[ $LINKED == count ]]; then
    find "$CANARY" -printf '%P %y %m %U:%G %n %s %T@ %l\n' -type f -exec sha1sum {} +
  elif [[ $LINKED ]]; then
    find "$CANARY" -printf '%P %y %m %U:%G %s %T@ %l\n' -type f -exec sha1sum {} +
  else
    find "$CANARY" -printf '%P %y %m %U:%G %n %s %T@ %C@ %l\n'
  fi
}
expect_canary() {
  canary > "$WORK/canary.after"
  [[ $(< "$WORK/canary.before") != "$(< "$WORK/canary.after")" ]] || return 0
  diff "$WORK/canary.before" "$WORK/canary.after" >&2 || fail "the host has changed ($1)"
}

# Runs the tool, at most a minute, and looks after the canary. Whether it succeeds is another question: it ends by
# itself, with a word for a person if it fails, and no crash.
survive() {
  local what=$1
  shift
  status=0
  timeout -k 5 60 "$TOOL" "$@" > "$WORK/stdout" 2> "$WORK/stderr" || status=$?
  { printf '%q ' ch-fromhost "$@"; echo "-> status $status ($what)"; } > "$WORK/command"
  [[ $status == [01] || $status == 3 || $status == 4 ]] || fail "$what: ended with $status"
  [[ $status != 1 ]] || expect_stderr_like '^ch-fromhost: error: [a-z ]+: .'
  [[ $(< "$WORK/stderr")$(< "$WORK/stdout") != *[$'\x01'-$'\x08'$'\x0b'-$'\x1f'$'\x7f']* ]] || fail "$what: control characters reach the terminal"
  expect_canary "$what"
}

# Looking, writing and undoing.
survive_everything() {
  survive "$1: verify" --verify --json "$IMG"
  survive "$1: inject" "${BOTH[@]}" --dest /srv --path "$DATA" "$IMG"
  survive "$1: undo" --undo "$IMG"
}

# A fresh image, for the next attack.
fresh_image() {
  [[ ! -e $IMG ]] || { chmod -R u+rwX "$IMG" 2> /dev/null || true; rm -rf "$IMG"; }
  "$WORK/copy-image" "$WORK/pristine" "$IMG"
  canary > "$WORK/canary.before"
}
mv "$IMG" "$WORK/pristine"
# attack WHAT SHELL-COMMAND: the command makes the image hostile; it runs in the image's directory. ALL names the runs.
ALL=survive_everything
attack() {
  local what=$1
  shift
  fresh_image
  (cd "$IMG" && eval "$*") || fail "cannot set up: $what"
  canary > "$WORK/canary.before"
  $ALL "$what"
}
