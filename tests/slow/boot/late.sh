# The clock is in 1970, the network comes ten seconds after the boot has got to it, nobody answers for names.
booted >/dev/null
echo '# late'
log -u plug.service -u rntpdate-boot.service -u time-sync.target -u needs-the-time.service
echo '# end'
for unit in plug.service rntpdate-boot.service time-sync.target needs-the-time.service follows-the-time.service; do
    state $unit
    when $unit
done
for unit in needs follows; do echo "$unit-epoch $(cat /run/$unit)"; done
probe query 10.0.2.2
probe adjtimex | grep unsynchronised
# Somebody else spoils the frequency: the timer's first run finds out, and does not have to wait for the next.
probe setfreq 60
tries=0
until [ "$(property rntpdate.service ExecMainExitTimestampMonotonic)" != 0 ] || [ $tries -gt 300 ]; do
    sleep 0.5
    tries=$((tries + 1))
done
sleep 1
echo '# timer'
log -u rntpdate.timer -u rntpdate.service
echo '# end'
state rntpdate.service
probe adjtimex | sed -n 's/^frequency_ppm /frequency /p'
rntpdate --history-show | sed 's/^/history /'
