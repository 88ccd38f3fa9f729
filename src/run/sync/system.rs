//! What a run works on.

use crate::exchange::Keyring;
use crate::machine::{AdjtimeStore, Clock, NtsState, Progress, Resolver, Servers};
use crate::rhwclock::functions::Open;
use crate::zone::Zone;

/// The machine and what lies around it, as one run sees it.
pub struct System<'a> {
    /// The clock to read and set.
    pub clock: &'a mut dyn Clock,
    /// The way to the servers.
    pub servers: &'a mut dyn Servers,
    /// The way from names to addresses.
    pub resolver: &'a dyn Resolver,
    /// The keys that servers have to prove to know.
    pub keys: &'a Keyring,
    /// What there is of NTS besides the servers.
    pub nts: NtsState<'a>,
    /// The way to the RTC.
    pub open_rtc: &'a mut Open<'a>,
    /// The way to the adjtime file.
    pub store: &'a dyn AdjtimeStore,
    /// What an RTC in local time shows.
    pub local: &'a dyn Zone,
    /// The progress that is told how far the run is.
    pub progress: &'a mut dyn Progress,
}
