# What the scripts of several boots use. What README.Debian shows is between two lines `# NAME` and `# end`.
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 SYSTEMD_PAGER= SYSTEMD_COLORS=0

apt() { apt-get -qq -y -o Dpkg::Use-Pty=0 "$@"; }

# What is installed, made or left behind, without what any system writes while it runs.
files() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /root -o -path /test \
        -o -path /lost+found -o -path /var/log -o -path /var/cache -o -path /var/tmp -o -path /var/lib/apt \
        -o -path /var/lib/dpkg -o -path /var/lib/systemd -o -path /var/backups \) -prune -o -print | sort
}

booted() { systemctl is-system-running --wait || true; }

# A unit's property.
property() { systemctl show --value -p "$2" "$1"; }

# Seconds since the machine was switched on at which a unit became active.
when() { echo "$1-at $(property "$1" ActiveEnterTimestampMonotonic | awk '{ printf "%.1f", $1 / 1e6 }')"; }

state() { echo "$1-state $(property "$1" ActiveState) $(property "$1" Result)"; }

log() { journalctl -b -q -o short-monotonic --no-hostname "$@"; }
