# One boot of four: what a daemon does beside the boot unit and the timer, and the next daemon installed.
# The name of this boot's daemon stands in /test/name: nothing yet, in the first.
read -r name </test/name
booted | sed 's/^/booted /'
frequency() { probe adjtimex | sed -n 's/^frequency_ppm /frequency /p'; }

case $name in
usual) ;;
timesyncd) unit=systemd-timesyncd.service synchronised='Initial clock synchronization\|Contacted time server 10.0.2.2' ;;
chrony) unit=chrony.service synchronised='Selected source 10.0.2.2' ;;
ntpsec) unit=ntpsec.service synchronised='CLOCK: time stepped\|PROTO: 10.0.2.2 .* sys_peer\|c614\|c615' ;;
esac
if [ "$name" != usual ]; then
    tries=0
    until log -u $unit | grep -q "$synchronised" || [ $tries -gt 40 ]; do
        sleep 1
        tries=$((tries + 1))
    done
    state $unit
    when $unit
fi
echo "# $name"
log -u rntpdate-boot.service -u time-sync.target ${unit:+-u $unit}
echo '# end'
for each in rntpdate-boot.service time-sync.target; do state $each; when $each; done
probe query 10.0.2.2
frequency
systemctl start rntpdate.service 2>/dev/null
echo "run-status $?"
log -u rntpdate.service | grep 'rntpdate\[' | sed 's/^/run /'

case $name in
usual)
    mkdir -p /etc/systemd/timesyncd.conf.d
    printf '[Time]\nNTP=10.0.2.2\nFallbackNTP=\n' >/etc/systemd/timesyncd.conf.d/test.conf
    next=systemd-timesyncd
    ;;
timesyncd)
    mkdir -p /etc/chrony/sources.d
    echo 'server 10.0.2.2 iburst' >/etc/chrony/sources.d/test.sources
    next=chrony
    ;;
chrony) next=ntpsec ;;
ntpsec) exit ;;
esac
apt -o Dpkg::Options::=--force-confold install $next >/tmp/apt 2>&1 || cat /tmp/apt
[ $next != ntpsec ] || sed -i 's/^pool .*//; $a server 10.0.2.2 iburst' /etc/ntpsec/ntp.conf
echo "next $next"
