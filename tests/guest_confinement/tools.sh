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
    until ls -l "/proc/$pid/fd" | grep -q eventpoll || [ $((tries += 1)) -gt 100 ]; do sleep 0.05; done
    show "$name" $pid
    for found in $(children $pid); do
        show "$name-$(sed 's/rntpdate-//' "/proc/$found/comm")" "$found"
    done
    wait $pid
    echo "$name-status $?"
    echo "$name-left $(processes)"
    sed "s/^/$name-out /" "/tmp/$name.out"
    sed "s/^/$name-err /" "/tmp/$name.err"
}

show() {
    grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Seccomp_filters|Threads):' "/proc/$2/status" | tr -s '\t' ' ' | sed "s/:/ /; s/^/$1-/; s/  */ /g"
    echo "$1-memory $(stat -c %u "/proc/$2/mem")"
    ls -l "/proc/$2/fd" | sed -n "s/.* -> \(.*\)/$1-fd \1/p"
}
