_rhwclock() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    cmd=""
    opts=""

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="rhwclock"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        rhwclock)
            opts="-r -s -w -a -u -l -f -v -D -h -V --show --get --set --hctosys --systohc --systz --adjust --param-get --param-set --vl-read --vl-clear --predict --utc --localtime --rtc --param-index --directisa --date --delay --update-drift --noadjfile --adjfile --verify --test --verbose --debug --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --param-get)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --param-set)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --rtc)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -f)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --param-index)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --date)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --delay)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --adjfile)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
    esac
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _rhwclock -o nosort -o bashdefault -o default rhwclock
else
    complete -F _rhwclock -o bashdefault -o default rhwclock
fi
