# The clocks, and the kernel's state of them.
clocks() { probe clocks | sed "s/^/$1-/"; }
state() { probe adjtimex | sed "s/^/$1-/"; }

# How far the clock is from the server's: the quickest of several answers, and more of them where none is quick.
residual() {
    local rounds=0 found
    : >/tmp/replies
    until found=$(best_reply "$1" </tmp/replies) || [ $((rounds += 1)) -gt 6 ]; do
        for _ in 1 2 3 4 5 6; do probe query "${2:-$host}"; done >>/tmp/replies
    done
    echo "$found"
}

best_reply() {
    awk -v name="$1" '
        $1 == "offset_s" { offset = $2 }
        $1 == "delay_s" && (!least || $2 < least) { least = $2; best = offset }
        END { print name "-residual", best; print name "-delay", least; exit !least || least > 0.003 }'
}
