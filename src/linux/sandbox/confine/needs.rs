//! What a run needs of the kernel.

/// What a run still needs when it begins to read packets.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// To set the clock, or to read the kernel's state of it.
    pub adjust: bool,
    /// To read and set the RTC, which is open.
    pub rtc: bool,
    /// To read hardware clocks, which are open.
    pub phc: bool,
    /// To choose a socket's own address.
    pub bind: bool,
    /// To start threads.
    pub threads: bool,
    /// To look for signs of life by TCP and ICMP.
    pub probes: bool,
    /// Keys are exchanged over TCP.
    pub key_exchanges: bool,
    /// To end these processes.
    pub kill: Vec<u32>,
}
