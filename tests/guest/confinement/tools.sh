# How many processes of the program there are, and those that another one has started.
processes() { grep -ls '^rntpdate' /proc/[0-9]*/comm | wc -l; }
children() { grep -ls "^PPid:.$1\$" /proc/[0-9]*/status | cut -d/ -f3; }

# Starts a run, waits until it has sent its first packet (to a server that never answers: nothing on port 9 of the guest's own
# network), and shows each of its processes.
look() {
    local name=$1 pid tries=0 found
    shift
    "$@" >"/tmp/$name.out" 2>"/tmp/$name.err" &
    pid=$!
    until for found in $pid $(children $pid); do ls -l "/proc/$found/fd"; done | grep -q "${sign:-eventpoll}" || [ $((tries += 1)) -gt 100 ]; do sleep 0.05; done
    sleep 0.1
    # Whoever speaks with servers comes first: it may be the last to get so far, and the first to be gone.
    for found in $(speakers $pid); do
        await_sign "$found"
        show "$name-net" "$found"
    done
    show "$name" $pid
    for found in $(children $pid); do
        case $(cat "/proc/$found/comm") in
        *-net) ;;
        *) show "$name-$(sed 's/rntpdate-//' "/proc/$found/comm")" "$found" ;;
        esac
    done
    wait $pid
    echo "$name-status $?"
    echo "$name-left $(processes)"
    sed "s/^/$name-out /" "/tmp/$name.out"
    sed "s/^/$name-err /" "/tmp/$name.err"
}

speakers() {
    for each in $(children "$1"); do grep -qs -- '-net$' "/proc/$each/comm" && echo "$each"; done
}

await_sign() {
    local tries=0
    until ls -l "/proc/$1/fd" | grep -q eventpoll || [ $((tries += 1)) -gt 100 ]; do sleep 0.05; done
}

# How many UDP sockets a process has: those of its sockets that are in the table of them.
udp() {
    local number count=0
    for number in $(ls -l "/proc/$1/fd" | sed -n 's/.*socket:\[\([0-9]*\)\]/\1/p'); do
        grep -qs " $number " /proc/net/udp /proc/net/udp6 && count=$((count + 1))
    done
    echo $count
}

# First what may be gone in a moment.
show() {
    ls -l "/proc/$2/fd" | sed -n "s/.* -> \(.*\)/$1-fd \1/p"
    echo "$1-udp $(udp "$2")"
    sed -n "s/^Max \(core file size\|file size\|processes\|address space\) *\([0-9a-z]*\) .*/$1-limit \1 \2/p" "/proc/$2/limits"
    grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Seccomp_filters|Threads):' "/proc/$2/status" | tr -s '\t' ' ' | sed "s/:/ /; s/^/$1-/; s/  */ /g"
    echo "$1-memory $(stat -c %u "/proc/$2/mem")"
}
