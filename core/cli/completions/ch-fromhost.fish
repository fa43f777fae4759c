# SPDX-License-Identifier: Apache-2.0
# Completion for fish. The options are asked of the program that is typed, by --list-options, so that those of every plugin
# are known. Only what a word means by its argument's name is known here: see --list-options in ch-fromhost(1).

# The ids of the plugins that can be used.
function __ch_fromhost_providers
    command $argv --list-plugins 2>/dev/null </dev/null | string match -rg '^(\S+) +\S+ +ready '
end

function __ch_fromhost_expanded -a path
    string replace -r '^~/' "$HOME/" -- $path
end

# What an argument may be, by its name and its first letters.
function __ch_fromhost_values -a takes begin
    switch $takes
        case '*|*'
            string split '|' -- $takes
        case '[=PROVIDER]'
            __ch_fromhost_providers $argv[3..]
        case FILE PATH
            __fish_complete_path "$begin"
        case DIR
            __fish_complete_directories "$begin"
        case CMD
            complete -C "$begin"
    end
end

function __ch_fromhost
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l program (__ch_fromhost_expanded $before[1])
    for i in (seq 2 (count $before))
        switch $before[$i]
            case --plugin-dir --recipe-dir
                set -l value $before[(math $i + 1)]
                set -q value[1]; and set -a program $before[$i] (__ch_fromhost_expanded $value)
            case '--plugin-dir=?*' '--recipe-dir=?*'
                set -a program (string split -m 1 = -- $before[$i])[1] (__ch_fromhost_expanded (string split -m 1 = -- $before[$i])[2])
            case --
                __fish_complete_directories "$current"
                return
        end
    end

    set -l option $before[-1]
    set -l prefix ''
    if string match -q -- '--*=*' $current
        set option (string split -m 1 = -- $current)[1]
        set prefix "$option="
        set current (string split -m 1 = -- $current)[2]
    end
    set -l takes -
    set -l offers
    for line in (command $program --list-options 2>/dev/null </dev/null)
        set -l fields (string split \t -- $line)
        set -a offers $fields[1]\t$fields[4]
        if test $fields[2] != -
            set -a offers $fields[2]\t$fields[4]
        end
        if contains -- $option $fields[1] (string match -v -- - $fields[2])
            set takes $fields[3]
        end
    end
    if string match -q -- '[=*' $takes; and test -z "$prefix"
        set takes -
    end
    if test $takes != -
        for value in (__ch_fromhost_values $takes "$current" $program)
            echo $prefix$value
        end
    else if string match -q -- '-*' $current
        string join \n -- $offers
    else
        __fish_complete_directories "$current"
    end
end

complete -c ch-fromhost -f -a '(__ch_fromhost)'
