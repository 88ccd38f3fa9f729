complete -c rhwclock -l param-get -d 'Display the RTC parameter: a number, or features, correction, bsm' -r
complete -c rhwclock -l param-set -d 'Set the RTC parameter' -r
complete -c rhwclock -s f -l rtc -d 'Device file of the RTC [default: the first of /dev/rtc, /dev/rtc0, /dev/misc/rtc]' -r -F
complete -c rhwclock -l param-index -d 'Index for --param-get and --param-set, for a parameter with several values' -r
complete -c rhwclock -l date -d 'Time for --set and --predict; local unless written with a zone' -r
complete -c rhwclock -l delay -d 'Write the RTC so long after the whole second [default: 0.5 for rtc_cmos, 0 for other drivers]' -r
complete -c rhwclock -l adjfile -d 'Another file than /etc/adjtime' -r -F
complete -c rhwclock -s r -l show -d 'Display the RTC time; the default'
complete -c rhwclock -l get -d 'Display the RTC time with its drift corrected'
complete -c rhwclock -l set -d 'Set the RTC to the time given with --date'
complete -c rhwclock -s s -l hctosys -d 'Set the system clock from the RTC, and the kernel\'s timezone'
complete -c rhwclock -s w -l systohc -d 'Set the RTC from the system clock'
complete -c rhwclock -l systz -d 'Set the kernel\'s timezone only; an RTC in local time warps the clock'
complete -c rhwclock -s a -l adjust -d 'Correct the RTC by its systematic drift'
complete -c rhwclock -l vl-read -d 'Display what the RTC says of its supply voltage'
complete -c rhwclock -l vl-clear -d 'Clear what the RTC says of its supply voltage'
complete -c rhwclock -l predict -d 'Display what the RTC will read at the time given with --date'
complete -c rhwclock -s u -l utc -d 'The RTC keeps UTC'
complete -c rhwclock -s l -l localtime -d 'The RTC keeps local time'
complete -c rhwclock -l directisa -d 'Refused: access to the chip past the kernel\'s driver'
complete -c rhwclock -l update-drift -d 'Calibrate the drift factor too'
complete -c rhwclock -l noadjfile -d 'Work without the adjtime file; needs --utc or --localtime'
complete -c rhwclock -l verify -d 'After writing the RTC, wait for its next tick and compare'
complete -c rhwclock -l test -d 'Change nothing, say what would be done; implies --verbose'
complete -c rhwclock -s v -l verbose -d 'Say what is done'
complete -c rhwclock -s D -l debug -d 'Deprecated: use --verbose'
complete -c rhwclock -s h -l help -d 'Display this help'
complete -c rhwclock -s V -l version -d 'Display the version'
