#!/bin/sh
# What is done in each guest, by busybox's shell; the clock is wrong at the beginning. Each line `row NAME WORDS` is one cell of
# the table; words that begin with "NO" are a failure.
server=10.0.2.2
export PATH=/bin
echo '10.0.2.2 ntp.test' >>/etc/hosts

# Prints a row: what came of a condition, and the words for it.
row() { echo "row $1 $2"; }
say() { sed "s/^/$1: /" /tmp/out; }

# `run NAME STATUS COMMAND…`: its output and whether its status is this one.
run() {
    name=$1 wanted=$2
    shift 2
    timeout 60 "$@" >/tmp/out 2>&1 </dev/null
    status=$?
    say "$name"
    [ $status = "$wanted" ] || { row "$name" "NO: status $status"; return 1; }
}

# Whether a number lies within a bound on both sides of 0.
within() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a <= b && a >= -b) }'; }
# The clock chip at its tick less the server's clock, by the kernel's and the probe's reading.
rtc_error() { awk -v r="$(probe rtc)" -v o="$(probe offset $server)" 'BEGIN { printf "%.3f", r - o }'; }
# The clock against the server's, and the row.
clock() {
    off=$(probe offset $server)
    if within "$off" "$2"; then row "$1" "yes ($(printf %.3f "$off") s)"; else row "$1" "NO: the clock is $off s off"; fi
}

before=$(probe offset $server)
run -q 0 rntpdate -q -p 4 $server && {
    said=$(sed -n 's/.*offset \([-+0-9.]*\) sec.*/\1/p' /tmp/out | tail -n 1)
    # The probe does not know in which of NTP's eras of 2^32 s the server is.
    off=$(awk -v a="$before" -v b="$said" 'BEGIN { off = b - a; printf "%.6f", off - 4294967296 * int(off / 4294967296 + 0.5) }')
    if within "$off" 0.2; then row -q "yes"; else row -q "NO: says $said, where it is $before"; fi
}
run -b 0 rntpdate -b $server && clock -b 0.2
run name 0 rntpdate -q -p 1 ntp.test && row name yes
run -d 0 rntpdate -d -p 2 $server && {
    if grep -q 'no system call is refused' /tmp/out; then row -d "NO filter"; else row -d yes; fi
}
# Nobody is there: it waits, and can be looked at. Who waits for it is timeout.
timeout 20 rntpdate -q -p 1 -t 3 10.0.2.77 >/dev/null 2>&1 &
for _ in 1 2 3 4 5 6 7 8 9 10; do
    usleep 300000
    for process in /proc/[0-9]*; do
        [ "$(cat "$process/comm" 2>/dev/null)" = rntpdate ] && filter=$(sed -n 's/^Seccomp:[^0-9]*//p' "$process/status" 2>/dev/null)
    done
    [ "$filter" = 2 ] && break
done
if [ "$filter" = 2 ]; then row filter yes; else row filter "NO: $filter"; fi
wait
# The chip an hour ahead, by another's hand; then by ours.
busybox date -s "@$(awk -v t="$(probe time)" 'BEGIN { printf "%.0f", t + 3600 }')" >/dev/null
busybox hwclock -w -u
run step 0 rntpdate -b $server
run -w 0 rhwclock -w -u && {
    off=$(rtc_error)
    if within "$off" 1.1; then row -w "yes ($off s)"; else row -w "NO: the RTC is $off s off"; fi
}
busybox date -s "@$(awk -v t="$(probe time)" 'BEGIN { printf "%.0f", t - 5000 }')" >/dev/null
run -s 0 rhwclock -s -u && clock -s 1.2
run -r 0 rhwclock -r -u && row -r yes
run both 0 rntpdate -b -w --utc $server && {
    off=$(rtc_error)
    if within "$off" 1.1; then row both "yes ($off s)"; else row both "NO: the RTC is $off s off"; fi
}
# Twenty writes, each at another moment of the second; the reader is not the program that writes.
[ -n "$quick" ] || {
    : >/tmp/errors
    for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        usleep $((turn * 370000 % 1000000))
        # The clock loses the fraction of its second.
        busybox date -s "@$(date +%s)" >/dev/null
        timeout 60 rhwclock -w -u >/tmp/out 2>&1 </dev/null || { say twenty; break; }
        probe rtc >>/tmp/errors
    done
    sed 's/^/twenty: /' /tmp/errors
    if [ "$(grep -c . /tmp/errors)" = 20 ]; then
        # The median of an even number of values is between the two in the middle.
        spread=$(sort -n /tmp/errors | awk '{ e[NR] = $1; a = $1 < 0 ? -$1 : $1; if (a > w) { w = a; worst = $1 } }
            END { printf "%+.0f, %+.0f ms", (e[10] + e[11]) * 500, worst * 1000 }')
        if within "$(sort -n /tmp/errors | head -n 1)" 0.6 && within "$(sort -n /tmp/errors | tail -n 1)" 0.6; then
            row 20 "$spread"
        else
            row 20 "NO: $spread"
        fi
    else
        row 20 'NO: a write failed'
    fi
}
run again 0 rntpdate -b -w --utc $server
run --self-test 0 rntpdate --self-test && row --self-test yes
timeout 60 rntpdate --doctor >/tmp/out 2>&1
say doctor
if grep -q '^ok *filter' /tmp/out && grep -q '^ok *setting' /tmp/out && grep -q '^ok *timestamps' /tmp/out; then
    row --doctor yes
else
    row --doctor NO
fi
# A clock that cannot be read, from the first reading or from a later one: an error, and nothing is written. Only where the program
# makes the call itself, and so it can be made to fail.
if [ -n "$unreadable" ]; then
    bad='' when=1 failed=0
    while [ $when -le 12 ]; do
        for command in 'rhwclock -w -u' 'rhwclock -s -u' "rntpdate -b -w --utc $server"; do
            inject=clock_gettime64:error=EOVERFLOW:when=$when+
            # shellcheck disable=SC2086  # the command is several words
            timeout 60 strace -f -o /tmp/trace -e trace=clock_gettime64 -e inject=$inject $command >/tmp/out 2>&1 </dev/null
            status=$?
            chip=$(rtc_error) off=$(probe offset $server)
            if grep -q INJECTED /tmp/trace; then
                failed=$((failed + 1))
                [ $status != 0 ] || bad="$bad $when:$command:0"
            fi
            { within "$chip" 1.1 && within "$off" 1.2; } || bad="$bad $when:$command:$status:$chip:$off"
        done
        when=$((when + 1))
    done
    say unreadable
    if [ -z "$bad" ] && [ $failed -gt 10 ]; then row unreadable "yes ($failed)"; else row unreadable "NO: $failed$bad"; fi
fi
