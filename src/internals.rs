//! What the tests, the benchmarks and the fuzz targets use of this library. It is no interface: any of it may change with any version.
#![allow(missing_docs, reason = "each item is described where it is written")]

pub mod cli {
    pub use crate::cli::parse;
    pub mod rhwclock {
        pub use crate::cli::rhwclock::RhwclockCli;
    }
    pub mod rntpdate {
        pub use crate::cli::rntpdate::RntpdateCli;
    }
}
pub mod config {
    pub use crate::config::{
        Authorities, Form, LineFault, Parsed, ProofWish, Server, TimesyncdServers, guess_form, leases,
        ntpdate_defaults, parse, sysconfig,
    };
    pub mod keys {
        pub use crate::config::keys::find;
    }
}
pub mod control {
    pub use crate::control::{Dialogue, NoView, ServerView, Step, peers_table};
}
pub mod diagnosis {
    pub use crate::diagnosis::diagnose;
}
pub mod discipline {
    pub use crate::discipline::{
        Boot, Break, Dropped, History, MAX_FREQUENCY, MAX_POINTS, MAX_POINTS_OF_RUN, MAX_RUNS, Point, Run, judge,
        learn, parse, parse_drift_file, render,
    };
}
pub mod estimate {
    pub use crate::estimate::{
        Assessment, Candidate, Consistency, Contender, DistancePart, DropReason, Kiss, Limits, NoEstimate, Peer,
        Rejection, Rules, Sample, Verdict, assess,
    };
}
pub mod exchange {
    pub use crate::exchange::{
        Action, Authentication, Contact, Exchange, Keyring, Mirror, Pace, Report, Standings, Trace, TraceEvent,
    };
}
pub mod linux {
    pub use crate::linux::SystemClock;
    pub mod files {
        pub mod adjtime {
            pub use crate::linux::files::adjtime::Disk;
        }
        pub mod config {
            pub use crate::linux::files::config::{Found, configured_under, named};
        }
    }
    pub mod host {
        pub use crate::linux::host::{LocalZone, local_zone};
    }
    pub mod net {
        pub use crate::linux::net::{SystemResolver, UdpNetwork};
        #[cfg(feature = "nts")]
        pub mod nts {
            pub use crate::linux::net::nts::{TlsExchanges, TrustFiles, Trusts};
        }
    }
    pub mod rtc {
        pub mod tick {
            pub use crate::linux::rtc::tick::{by_polling, exact};
        }
    }
    pub mod sandbox {
        pub mod confine {
            pub use crate::linux::sandbox::confine::{Needs, names, network, run, setter};
        }
    }
}
pub mod machine {
    pub use crate::machine::{
        Clock, ClockError, CookieStore, DryClock, Here, KernelZone, KeyExchanges, KeyWay, Network, NoProgress,
        NtsState, Resolver, Servers,
    };
    pub mod phc {
        pub use crate::machine::phc::{Clocks, NoServers, OpenPhc, PhcReading, ReadPhc, WithClockNames, WithClocks};
    }
    pub mod rtc {
        pub use crate::machine::rtc::{DryRtc, Param, Rtc, RtcChange, Tick, TickSource};
    }
    pub mod rtc_error {
        pub use crate::machine::rtc_error::RtcError;
    }
}
pub mod net {
    pub use crate::net::{Event, Family, Fault, FaultKind, ResolveError, Resolved, Step};
    pub mod phc {
        pub use crate::net::phc::{Method, Phc, Scale};
    }
}
pub mod nts {
    pub use crate::nts::{Established, KeyFailure, KeyOrder, NewAssociation, Stage};
    pub mod jar {
        pub use crate::nts::jar::{Jar, Peer, parse, render};
    }
}
pub mod outcome {
    pub use crate::outcome::{Conclusion, ExitStatus, Outcome};
}
pub mod plan {
    pub use crate::plan::{KeyPlan, Plan, TrustPlan, Tuning};
}
pub mod report {
    pub use crate::report::{Context, Curve, Panel, Picture, history_picture, history_table, render};
}
pub mod rhwclock {
    pub mod date {
        pub use crate::rhwclock::date::{DateError, parse};
    }
    pub mod functions {
        pub use crate::rhwclock::functions::{FunctionError, Machine, run};
    }
    pub mod request {
        pub use crate::rhwclock::request::Request;
    }
    pub mod systohc {
        pub use crate::rhwclock::systohc::{Options, Written, set_rtc};
    }
}
pub mod rtc {
    pub mod adjtime {
        pub use crate::rtc::adjtime::{Adjtime, Kept};
    }
    pub mod rtc_time {
        pub use crate::rtc::rtc_time::RtcTime;
    }
    pub mod write_effect {
        pub use crate::rtc::write_effect::WriteEffect;
    }
}
pub mod run {
    pub mod history {
        pub use crate::run::history::RunHistory;
    }
    pub mod sync {
        pub use crate::run::sync::{System, run, run_after};
    }
}
pub mod time {
    pub use crate::time::{Interval, Reading, Time};
}
pub mod wire {
    pub use crate::wire::{
        Algorithm, Assembly, ControlRequest, HEADER_LEN, Header, Key, KeyId, MacFault, Malformed, Mode, NtpShort,
        NtpTimestamp, Opcode, RefId, Stratum, Variables, parse_associations,
    };
    pub mod nts {
        pub use crate::wire::nts::{
            ALPN, Aead, Association, Cookie, Direction, EXPORTER_LABEL, Fresh, Keys, MOST_COOKIES, Opened, Reader,
            Response, ResponseFault, Secret, exporter_context, fields, open, sealed_request,
        };
    }
}
pub mod zone {
    pub use crate::zone::{Moments, Scale, Season, Zone};
    pub mod rules {
        pub use crate::zone::rules::ZoneRules;
    }
}
