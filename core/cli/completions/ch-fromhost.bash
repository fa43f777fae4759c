# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion for bash. bash-completion loads it when it is wanted; without that, source it. The options are asked of the
# program that is typed, by --list-options, so that those of every plugin are known. Only what a word means by its
# argument's name is known here: see --list-options in ch-fromhost(1).

# Adds the words that begin with the first argument to the answer.
_ch_fromhost_words() {
  local begin=$1 word
  shift
  for word; do
    [[ $word != "$begin"* ]] || COMPREPLY+=("$word")
  done
}

_ch_fromhost_paths() {
  mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
  compopt -o filenames 2> /dev/null  # a slash after directories; blanks quoted
}

# The ids of the plugins that can be used.
_ch_fromhost_providers() {
  local id state rest
  while IFS= read -r rest; do
    [[ $rest == [![:space:]]* ]] || continue
    read -r id _ state _ <<< "$rest"
    [[ $state != ready ]] || echo "$id"
  done < <(command "$@" --list-plugins 2> /dev/null < /dev/null)
}

_ch_fromhost() {
  local program=("${COMP_WORDS[0]/#\~\//$HOME/}") current=$2 option=${COMP_WORDS[COMP_CWORD - 1]} prefix='' attached=''
  local names=() words=() name letter argument takes='' i value
  COMPREPLY=()
  # Bash makes three words of --ldconfig=host, unless COMP_WORDBREAKS has no equals sign.
  if [[ ${COMP_WORDS[COMP_CWORD]} == = ]]; then
    current='' attached=yes
  elif [[ $option == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 2]} attached=yes
  elif [[ $current == --*=* ]]; then
    option=${current%%=*} prefix=${current%%=*}= current=${current#*=} attached=yes
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ ${COMP_WORDS[i]} != -- ]] || { _ch_fromhost_paths -d "$current"; return; }
    case ${COMP_WORDS[i]} in
      --plugin-dir | --recipe-dir)
        value=$((i + 1))
        [[ ${COMP_WORDS[value]} != = ]] || ((++value))
        ((value >= COMP_CWORD)) || program+=("${COMP_WORDS[i]}" "${COMP_WORDS[value]/#\~\//$HOME/}")
        ;;
      --plugin-dir=?* | --recipe-dir=?*)
        value=${COMP_WORDS[i]#*=}
        program+=("${COMP_WORDS[i]%%=*}" "${value/#\~\//$HOME/}")
        ;;
    esac
  done
  while IFS=$'\t' read -r name letter argument _; do
    names+=("$name")
    if [[ $option == "$name" || $option == "$letter" && $option != - ]]; then takes=$argument; fi
  done < <(command "${program[@]}" --list-options 2> /dev/null < /dev/null)
  case $takes in
    '[='*) [[ $attached ]] || takes=- ;;
  esac
  case $takes in
    '' | -)
      if [[ $current == -* ]]; then
        _ch_fromhost_words "$current" "${names[@]}"
      else
        _ch_fromhost_paths -d "$current"
      fi
      ;;
    *'|'*)
      IFS='|' read -r -a words <<< "$takes"
      _ch_fromhost_words "$current" "${words[@]}"
      ;;
    '[=PROVIDER]')
      mapfile -t words < <(_ch_fromhost_providers "${program[@]}")
      _ch_fromhost_words "$current" "${words[@]}"
      ;;
    FILE | PATH) _ch_fromhost_paths -f "$current" ;;
    DIR) _ch_fromhost_paths -d "$current" ;;
    CMD) mapfile -t COMPREPLY < <(compgen -c -- "$current") ;;
  esac
  COMPREPLY=("${COMPREPLY[@]/#/$prefix}")
}

complete -F _ch_fromhost ch-fromhost
