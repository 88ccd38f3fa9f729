complete -c rntpdate -l step-threshold -d 'Step offsets from this size on, slew smaller ones [default: 0.5]' -r
complete -c rntpdate -l rtc -d 'Device file of the RTC [default: the first of /dev/rtc, /dev/rtc0, /dev/misc/rtc]' -r -F
complete -c rntpdate -l adjfile -d 'Another file than /etc/adjtime' -r -F
complete -c rntpdate -l svg -d 'With --history-show: draw the offsets and the frequency into this file, as SVG' -r -F
complete -c rntpdate -l settle -d 'With --discipline, while nothing is known of this machine\'s clock: measure again after so long, at least 64, so that the clock is kept from the first run on. 120 are a good choice; later runs are as short as ever' -r
complete -c rntpdate -l history -d 'Where runs keep what they learn of the clock [default: /var/lib/rntpdate/history]' -r -F
complete -c rntpdate -l drift-file -d 'While there is no history, start from the frequency in this drift file of ntpd or chronyd' -r -F
complete -c rntpdate -s p -l samples -d 'Samples from each server, 1 to 8 [default: 4, with -q and --fleet 1, with --check 2, with --discipline 8]' -r
complete -c rntpdate -s t -l timeout -d 'How long to wait for one reply; with --wait the first tries wait for less [default: 2]' -r
complete -c rntpdate -l deadline -d 'How long names and servers may take, all in all; see UNATTENDED RUNS for what comes after that [default: what the other options need, 31 without any]' -r
complete -c rntpdate -l interval -d 'Pause between packets to one server [default: 2; to a loopback, private or link-local address 0.05, until one is lost]' -r
complete -c rntpdate -l port -d 'The servers\' UDP port [default: 123]' -r
complete -c rntpdate -l source-port -d 'Send from this UDP port, for firewalls that let only port 123 through [default: a random one]' -r
complete -c rntpdate -l source-address -d 'Send from this address of the machine, where it has several; the looks for a cause of -d do not [default: by the routing table]' -r
complete -c rntpdate -s o -l protocol-version -d 'Version of the protocol in requests, 1 to 4 [default: 4]' -r
complete -c rntpdate -s a -l auth-key -d 'Believe only servers that prove by the key with this number that they know its secret' -r
complete -c rntpdate -s k -l key-file -d 'The file of keys for -a, in ntpd\'s or chronyd\'s form; without -a it is not read [default: /etc/ntp.keys]' -r -F
complete -c rntpdate -l nts-ca -d 'Certificates of NTS servers have to come from an authority in this file, or folder of files, and not from the system\'s [default: /etc/ssl/certs/ca-certificates.crt, or where the system has its authorities]' -r -F
complete -c rntpdate -l nts-dir -d 'Where keys and cookies of NTS servers are kept for the next run that sets the clock [default: /var/lib/rntpdate/nts]' -r -F
complete -c rntpdate -s e -l auth-delay -d 'What ntpdate took for the time to compute a digest, below 1. Checked and not used: the kernel\'s timestamps leave it out' -r
complete -c rntpdate -s U -l user -d 'Become this user before the first packet (root becomes nobody anyway), keeping nothing but the right to set the clock' -r
complete -c rntpdate -l from -d 'Take the servers from this file: ntp.conf, chrony.conf, timesyncd.conf, ntp.toml and others, a list, or a DHCP lease' -r -F
complete -c rntpdate -l accuracy -d 'Stop sampling as soon as the error bound is at most this; -d samples on' -r
complete -c rntpdate -l phc-offset -d 'Hardware clocks of this machine (phc:/dev/ptp0) are so far ahead of UTC: 0 where they keep UTC, 37 where TAI' -r
complete -c rntpdate -l min-servers -d 'So many of the named servers have to agree, or nothing is set [default: 1, or what the configuration file demands]' -r
complete -c rntpdate -l max-distance -d 'Believe no server whose error bound (root distance) is larger than this [default: 3]' -r
complete -c rntpdate -l max-step -d 'Refuse a larger step' -r
complete -c rntpdate -l max-first-step -d 'What --max-step is until the clock has been set once since boot: for machines without an RTC [default: as --max-step]' -r
complete -c rntpdate -l wait -d 'Retry for so long while names do not resolve, no route is there or the servers are silent' -r
complete -c rntpdate -l splay -d 'Start after a delay of up to so long, which differs between machines and is always the same on one' -r
complete -c rntpdate -l slot -d 'With --splay: this machine is number N of M, and they start evenly spread, 1/M of the time apart' -r
complete -c rntpdate -l after-step -d 'Run this shell command after a step, with the step\'s size in RNTPDATE_OFFSET' -r
complete -c rntpdate -l warning -d 'With --check, --fleet and --collect: the range of offsets beyond which it is a WARNING; a bare number means their size [default: 0.1]' -r
complete -c rntpdate -l critical -d 'With --check, --fleet and --collect: the range of offsets beyond which it is CRITICAL [default: 0.5]' -r
complete -c rntpdate -l warning-stratum -d 'With --check and --fleet: the range of strata beyond which it is a WARNING' -r
complete -c rntpdate -l critical-stratum -d 'With --check and --fleet: the range of strata beyond which it is CRITICAL' -r
complete -c rntpdate -l metrics -d 'Replace this file by what the run found and did, as Prometheus\'s text for node_exporter (*.prom); - is standard output' -r -F
complete -c rntpdate -l fleet -d 'Ask every clock that this list (- is standard input) names, and print those beyond the limits: one name, address or block such as 192.0.2.0/24 on each line, each with :PORT where that differs. Sets nothing; exit status as with --check' -r -F
complete -c rntpdate -l rate -d 'With --fleet: requests a second to one network (an IPv4 /24, an IPv6 /64) [default: 100]' -r
complete -c rntpdate -l reference -d 'With --fleet: compare the clocks with this server\'s instead of this machine\'s' -r
complete -c rntpdate -l expect -d 'With --collect: the machines that this file lists, one on each line, have to be there' -r -F
complete -c rntpdate -l state-dir -d 'Where the lock and the notes of earlier runs are [default: /run/rntpdate]' -r -F
complete -c rntpdate -s q -l query -d 'Print what each server says, and set nothing'
complete -c rntpdate -s d -l debug -d 'Do all steps, print what happens in each and why servers are dropped, and set nothing'
complete -c rntpdate -l self-test -d 'Try the whole path with -d against a built-in server on loopback; needs no network and sets nothing'
complete -c rntpdate -l history-show -d 'Print what --discipline has kept, as a table and, on a terminal, a plot'
complete -c rntpdate -s b -l step -d 'Always step: set the clock at once, however small the offset. The later of -b and -B counts'
complete -c rntpdate -s B -l slew -d 'Always slew: let the kernel speed the clock up or slow it down (500 us each second), however large the offset'
complete -c rntpdate -s w -l systohc -d 'After the clock, set the RTC too, as `hwclock -w` does; after a slew, to the time the clock is slewed to'
complete -c rntpdate -l utc -d 'The RTC keeps UTC, whatever the adjtime file says'
complete -c rntpdate -l localtime -d 'The RTC keeps local time, whatever the adjtime file says'
complete -c rntpdate -l noadjfile -d 'Neither read nor write the adjtime file; needs --utc or --localtime'
complete -c rntpdate -l rtc-optional -d 'A machine without an RTC is no error'
complete -c rntpdate -l verify -d 'Wait for the RTC\'s next tick and print how far it is from true time'
complete -c rntpdate -l discipline -d 'Learn from run to run how fast this machine\'s clock goes, and tune the kernel\'s frequency by that, from the second run on. Without this option root\'s runs do so once they have come at regular times; never beside a daemon'
complete -c rntpdate -l no-discipline -d 'Neither learn from run to run nor tune the kernel\'s frequency'
complete -c rntpdate -s 4 -l ipv4 -d 'IPv4 only. The later of -4 and -6 counts'
complete -c rntpdate -s 6 -l ipv6 -d 'IPv6 only'
complete -c rntpdate -s u -l unprivileged -d 'Send from a random port. That is the default; it undoes an earlier --source-port'
complete -c rntpdate -l nts -d 'Ask all servers by Network Time Security (NTS, RFC 8915), and believe none without. Port numbers behind the servers are then those of their key exchanges. nts:SERVER asks for it for one server. Of --nts and --no-nts the later counts'
complete -c rntpdate -l no-nts -d 'Ask without NTS the servers for which configuration files want it. Anybody on the way can then answer for them'
complete -c rntpdate -l nts-strict -d 'Certificates of NTS servers have to be valid at this machine\'s time, even where the clock cannot be right'
complete -c rntpdate -l nts-first -d 'With a clock that cannot be right, believe a single NTS server whose certificate is valid at the time that it gives; without this option there have to be two'
complete -c rntpdate -l nts-forget -d 'Throw away the keys and cookies of NTS servers that were kept, and exchange new ones'
complete -c rntpdate -l no-sandbox -d 'Let the run make system calls that it does not need. For kernels and C libraries that the filter does not fit; it is logged'
complete -c rntpdate -s s -l syslog -d 'Log to syslog instead of stdout and stderr'
complete -c rntpdate -s v -l verbose -d 'Say more: the version, and what each server\'s part was'
complete -c rntpdate -l no-plus -d 'Print positive offsets without the plus sign, as ntpdate did before 4.2.8p11'
complete -c rntpdate -l json -d 'Print one JSON object instead of lines; with -q, -d, or when the clock is set. With --fleet and --collect one for each clock, and one at the end'
complete -c rntpdate -l doctor -d 'Look over this machine: may the clock be set, who else sets it, RTC, network, names. Exit status 1 if anything is bad'
complete -c rntpdate -l peers -d 'Print what the servers say of themselves and of their own sources, as ntpq -p does, and set nothing'
complete -c rntpdate -l quiet -d 'Print nothing unless the clock was stepped, or the run was refused or failed. A server that is wrong or silent is no failure where the others are enough: --check and --metrics show it'
complete -c rntpdate -l forward-only -d 'Refuse to step the clock back'
complete -c rntpdate -l allow-past -d 'Let the clock be set to a time before this program was built or released'
complete -c rntpdate -l mark-synced -d 'Tell the kernel that the clock is synchronised, and how well. The kernel then writes the RTC every 11 minutes'
complete -c rntpdate -l force -d 'Set the clock although another time daemon runs, and ask servers that want to be left alone for a while'
complete -c rntpdate -l check -d 'Compare this machine\'s clock with the servers as a monitoring plugin: one line, exit status 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. Ends within -t, 10 s at the most, and sets nothing'
complete -c rntpdate -l collect -d 'Put together what `rntpdate --json` printed on many machines, read from standard input as pdsh, clush, Ansible, srun and kubectl deliver it. Exit status as with --check'
complete -c rntpdate -s h -l help -d 'Print help'
complete -c rntpdate -s V -l version -d 'Print version'
