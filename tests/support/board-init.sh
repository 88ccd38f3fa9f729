#!/usr/bin/sh
# The first process of a guest with another init: what a board's initramfs does before it hands over to that.
export PATH=/usr/sbin:/usr/bin:/usr/lib/busybox HOME=/root TERM=dumb
mount -t devtmpfs dev /dev
exec </dev/null >/dev/ttyS0 2>&1
mount -t proc proc /proc
mount -t sysfs sys /sys
hostname board
for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net; do
    modprobe "$module"
done
# Where boards have them, and scripts look for them; what is there already stays.
ln -s /usr/lib/busybox/* /usr/bin/ 2>/dev/null
exec /usr/lib/busybox/init
