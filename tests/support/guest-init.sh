#!/usr/bin/sh
# The guest's first process: sets the machine up, runs the test's script, reports its exit status, powers off.
# The busybox applets come last in PATH: a program copied into the guest always wins.
export PATH=/usr/sbin:/usr/bin:/usr/lib/busybox HOME=/root TERM=dumb
mount -t devtmpfs dev /dev
exec </dev/null >/dev/ttyS0 2>&1
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /dev/shm
ip link set lo up
hostname guest

# The kernel passes what it does not know of its command line on as environment.
if [ -n "${GUEST_NET:-}${GUEST_KEPT:-}" ]; then
    for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci; do
        modprobe "$module"
    done
fi
if [ "${GUEST_NET:-}" = user ]; then
    for module in failover net_failover virtio_net; do
        modprobe "$module"
    done
    ip link set eth0 up
    ip addr add 10.0.2.15/24 dev eth0
    ip route add default via 10.0.2.2
    ip addr add fec0::15/64 dev eth0 nodad
    ip route add default via fec0::2
fi

# A card with a clock of its own; the driver sets that to the system clock.
for module in i2c-algo-bit dca igb; do
    [ ! -e /usr/lib/phc/$module.ko ] || insmod /usr/lib/phc/$module.ko
done

# Two things come a moment later by themselves. A slew begun before the kernel has settled on its clock source is
# dropped, and the step between the two sources would be measured as an error of the program under test. A packet sent
# before the card has a carrier is lost.
settled() {
    read -r source </sys/devices/system/clocksource/clocksource0/current_clocksource
    [ "$source" != tsc-early ] || return 1
    [ "${GUEST_NET:-}" = user ] || return 0
    read -r carrier </sys/class/net/eth0/carrier
    [ "$carrier" = 1 ]
}
tries=0
until settled || [ $tries -ge 400 ]; do
    tries=$((tries + 1))
    sleep 0.02
done

# A machine that is kept (guest/booted.rs): here it is stopped, and the guests that go on from here have the test's files on the disk.
if [ -n "${GUEST_KEPT:-}" ]; then
    modprobe virtio_blk
    echo booted >/dev/ttyS1
    until [ "$(dd if=/dev/vda bs=512 count=1 iflag=direct 2>/dev/null | head -c 6)" = 070701 ]; do
        sleep 0.02
    done
    # Without all of them there is no test, and no status.
    cpio -i -d -u </dev/vda 2>/dev/null || poweroff -f
fi

cd /root || exit
echo '>>> test'
sh /test/script
status=$?
echo '<<< test'
echo "exit status $status" >/dev/ttyS1
poweroff -f
