#!/usr/bin/sh
# Waits for what a script has started; where that does not come within 20 s, the script's checks will tell.
#
#   await port NUMBER        until somebody has this UDP port
#   await name PID NAME      until the process runs a program of that name, which a shell's child does a moment later
listens() { grep -qi ": [0-9A-F]*:$(printf '%04x' "$1") " /proc/net/udp /proc/net/udp6; }
runs() { [ "$(cat "/proc/$1/comm")" = "$2" ]; }
await() {
    tries=0
    until "$@" 2>/dev/null || [ $((tries += 1)) -gt 400 ]; do sleep 0.05; done
}
case $1 in
port) await listens "$2" ;;
name) await runs "$2" "$3" ;;
*)
    echo "await: unknown: $1" >&2
    exit 2
    ;;
esac
