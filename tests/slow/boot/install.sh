# A new machine: the package is installed, asked to work, and upgraded.
booted >/dev/null
files >/root/before
systemctl list-unit-files --no-legend >/root/units-before
year=$(date +%Y)

apt install /test/old.deb 2>&1 | sed 's/^/install /'
echo "installed $(dpkg-query -W -f '${Status} ${Version}' rntpdate)"
files | diff /root/before - | sed -n 's/^> /added /p'
for unit in rntpdate.timer rntpdate-boot.service; do
    echo "fresh $unit $(systemctl is-enabled $unit) $(systemctl is-active $unit)"
done
[ "$(date +%Y)" != "$year" ] || echo 'clock untouched'
for name in ntpdate hwclock; do echo "name $name $(command -v $name | xargs -r realpath)"; done

# A clock of which it is said that 15 ppm have to be added: one run can take that back, for it moves a frequency by 20 at the most.
mkdir /var/lib/rntpdate
echo 15 >/test/drift
rntpdate -b --discipline --drift-file /test/drift 10.0.2.2

echo 'NTPSERVERS="10.0.2.2"' >/etc/default/ntpdate
# Not for the boots to come: no moment of the machine's own.
mkdir /etc/systemd/system/rntpdate.timer.d
printf '[Timer]\nOnBootSec=\nOnBootSec=1s\nRandomizedDelaySec=0\n' >/etc/systemd/system/rntpdate.timer.d/test.conf
systemctl enable --now rntpdate.timer 2>&1
systemctl enable rntpdate-boot.service 2>&1
# The machine is up for longer than the timer waits after boot: so the first run is now.
tries=0
until [ "$(property rntpdate.service ExecMainExitTimestampMonotonic)" != 0 ] || [ $tries -gt 60 ]; do
    sleep 0.3
    tries=$((tries + 1))
done
echo "first-run $(property rntpdate.service Result) $(property rntpdate.service ExecMainStatus)"

echo '# upgrade'
apt-get -y -o Dpkg::Use-Pty=0 install /test/new.deb 2>&1 | grep -E ' rntpdate |newly|rntpdate \('
systemctl is-enabled rntpdate.timer rntpdate-boot.service
systemctl is-active rntpdate.timer
echo '# end'
echo "upgraded $(dpkg-query -W -f '${Status} ${Version}' rntpdate)"
for unit in rntpdate.timer rntpdate.service rntpdate-boot.service; do
    echo "description $unit $(property $unit Description)"
done
[ -e /usr/share/doc/rntpdate/OLD ] || echo 'the old file is gone'
systemctl start rntpdate.service
echo "run-status $?"
systemctl --failed --no-legend | sed 's/^/failed /'
probe adjtimex | sed -n 's/^frequency_ppm /learned /p'
rm -r /etc/systemd/system/rntpdate.timer.d
