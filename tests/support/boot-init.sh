#!/usr/bin/sh
# The first process of a guest that boots from a disk: copies the test's files there and hands over to the system's own.
export PATH=/bin
mount -t devtmpfs dev /dev
exec </dev/null >/dev/ttyS0 2>&1
mount -t proc proc /proc
mount -t sysfs sys /sys
for module in virtio_pci virtio_blk virtio_net; do modprobe "$module"; done
mount -t ext4 /dev/vda /disk
cp -a /overlay/. /disk/
mount --move /dev /disk/dev
mount --move /proc /disk/proc
mount --move /sys /disk/sys
exec switch_root /disk /usr/lib/systemd/systemd
