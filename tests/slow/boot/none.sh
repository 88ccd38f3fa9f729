# No network at all; and in the end nothing is to be left of the package.
booted >/dev/null
echo '# none'
log -u multi-user.target -u rntpdate-boot.service -u time-sync.target -u needs-the-time.service
echo '# end'
for unit in multi-user.target rntpdate-boot.service time-sync.target needs-the-time.service follows-the-time.service; do
    state $unit
    when $unit
done
systemctl start rntpdate.service 2>/dev/null
echo "run-status $?"
log -u rntpdate.service | sed 's/^/run /'

# What is not the package's.
rm -r /etc/default/ntpdate /etc/systemd/system/needs-the-time.service /etc/systemd/system/follows-the-time.service \
    /etc/systemd/system/graphical.target.d
systemctl daemon-reload
echo '# purge'
apt-get -y -o Dpkg::Use-Pty=0 remove rntpdate 2>&1 | grep -E ' rntpdate |rntpdate \('
echo '# end'
echo "removed $(dpkg-query -W -f '${Status}' rntpdate)"
files | diff /root/before - | sed -n 's/^[<>]/kept/p'
mkdir -p /run/systemd/system
printf '[Unit]\nRequires=time-sync.target\nAfter=time-sync.target\n[Service]\nType=oneshot\nExecStart=true\n' \
    >/run/systemd/system/after.service
systemctl start after.service
echo "after-status $?"
rm /run/systemd/system/after.service
echo '# purge'
apt-get -y -o Dpkg::Use-Pty=0 purge rntpdate 2>&1 | grep -E 'rntpdate \('
echo '# end'
dpkg-query -W rntpdate 2>/dev/null | sed 's/^/left /'
files | diff /root/before - | sed -n 's/^[<>]/left &/p'
find /run /var/lib/systemd /var/lib/dpkg /etc -name '*rntpdate*' | sed 's/^/left /'
systemctl list-unit-files --no-legend | diff /root/units-before - | sed -n 's/^[<>]/left unit &/p'
systemctl list-units --all --no-legend '*rntpdate*' | sed 's/^/left in memory /'
systemctl --failed --no-legend | sed 's/^/left failed /'
