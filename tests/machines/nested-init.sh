#!/bin/busybox sh
# shellcheck shell=dash
# The first process of both machines of tests/machines/nested: the outer one starts the inner one by KVM, and the inner one asks its
# host's clock.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /tmp /run /var/lib
ip link set lo up
if [ -e /inner ]; then
    qemu-system-aarch64 -M virt,gic-version=host -accel kvm -cpu host -m 384 -nodefaults -display none -serial stdio -no-reboot \
        -kernel /inner/kernel -initrd /inner/initrd -append 'console=ttyAMA0 quiet panic=-1' </dev/null
    echo "outer-says $(date +%s)"
else
    echo "clock $(cat /sys/class/ptp/ptp0/clock_name)"
    date -s @86400 >/dev/null
    rntpdate -d -p 4 phc:kvm
    echo "status-d $?"
    rntpdate -b phc:kvm
    echo "status-b $?"
    rntpdate -q --json phc:kvm
    echo "inner-says $(date +%s)"
fi
poweroff -f
