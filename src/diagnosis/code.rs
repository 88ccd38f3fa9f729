//! Causes in a form that programs read.

/// A verdict in a form that programs read; the texts are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The server has a part in the result.
    Fit,
    /// The server agrees with the majority, and has no part in the result.
    Outlier,
    /// The server is fit, and proves nothing, where others prove themselves.
    NoVote,
    /// The server could not change the result any more, and was not waited for.
    NotAwaited,
    /// Some replies got lost; it is fit all the same.
    Loss,
    /// Replies came after the time-out; it is fit all the same.
    Late,
    /// Nothing listens on the port.
    NothingListens,
    /// A firewall on this machine forbids it.
    OwnFirewall,
    /// A firewall elsewhere says that it forbids it.
    Prohibited,
    /// No route.
    NoRoute,
    /// The last router gets no answer from the host.
    HostUnreachable,
    /// The host is on this network and does not exist or is down.
    NoNeighbour,
    /// The next router does not exist or is down.
    NoGateway,
    /// The link has no carrier.
    NoCarrier,
    /// The source port that was asked for is in use.
    SourcePortInUse,
    /// The right to use the source port is missing.
    SourcePortDenied,
    /// The kernel has another reason.
    SendFailed,
    /// The host is up; a firewall drops the packets or the server ignores us.
    FilteredOrIgnored,
    /// The server runs and keeps the time from us.
    NotServing,
    /// Only packets from port 123 come through.
    SourcePortFiltered,
    /// Replies come from another address or port.
    OtherAddress,
    /// The host does not answer at all.
    HostSilent,
    /// The server did not answer at first, and then it did.
    SlowOrLossy,
    /// What came is no reply to our requests.
    BadReplies,
    /// The server was started lately.
    JustStarted,
    /// The server is not synchronised any more.
    LostSources,
    /// The server is not synchronised, and no more is known.
    Unsynchronised,
    /// Kiss code DENY or RSTR.
    AccessDenied,
    /// Kiss code RATE.
    RateLimited,
    /// The server does not accept our key, or its replies do not prove that it has it.
    NotAuthentic,
    /// This machine's clock was set during the run.
    ClockSetHere,
    /// The offset jumped during the run: a clock was set, or stood still, there or here.
    OffsetJump,
    /// Somebody else answers in the server's place.
    TwoAnswers,
    /// The server's samples cannot all be true.
    Contradiction,
    /// The server contradicts the majority.
    Falseticker,
    /// The servers contradict each other.
    NoMajority,
    /// Some servers smear a leap second that others make at once.
    LeapSmear,
    /// The round trip or the error bound is too large.
    TooFar,
    /// The server's own times contradict each other or are stale.
    Broken,
    /// A name, not a server: no name server is configured.
    NoNameServer,
    /// The name server does not answer.
    NameServerSilent,
    /// The name server answers that it has failed.
    NameServerFailed,
    /// The name server answers that it does not serve us.
    NameServerRefused,
    /// The name does not exist, or has no such address.
    NoSuchName,
    /// The key that its servers have to prove to know cannot be had.
    NoKey,
    /// Nothing listens on the TCP port of the key exchange.
    NtsNothingListens,
    /// The way to the key exchange is barred, or nothing comes back.
    NtsFiltered,
    /// What answers there exchanges no keys.
    NtsNoServer,
    /// The server has no TLS 1.3.
    NtsTooOld,
    /// Nobody who is trusted vouches for its certificate.
    NtsUnknownIssuer,
    /// The server's certificate is for another host.
    NtsOtherHost,
    /// The server's certificate is over.
    NtsExpired,
    /// The server's certificate has not begun.
    NtsNotYetValid,
    /// The server's certificate is of no use.
    NtsCertificate,
    /// No authority to trust.
    NtsNoRoots,
    /// The server's certificate was not valid at the time that was obtained.
    NtsWrongDates,
    /// The server's response to the request for keys is of no use.
    NtsResponse,
    /// An earlier key exchange failed a short time ago.
    NtsTooSoon,
    /// The key exchange failed in another way.
    NtsFailed,
    /// The server does not know its cookies.
    NtsRefused,
    /// Replies came without NTS.
    NtsStripped,
    /// Replies were not sealed with the keys.
    NtsForged,
    /// Requests with NTS are not answered, and others are.
    NtsSilent,
    /// A hardware clock of this machine is not there, or not to be used.
    NoClock,
    /// No address, and no more is known.
    NameUnresolved,
}

impl Code {
    /// The machine-readable form.
    #[allow(clippy::too_many_lines, reason = "one line for each")]
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::Fit => "fit",
            Code::Outlier => "outlier",
            Code::NoVote => "no-vote",
            Code::NotAwaited => "not-awaited",
            Code::Loss => "loss",
            Code::Late => "late",
            Code::NothingListens => "nothing-listens",
            Code::OwnFirewall => "own-firewall",
            Code::Prohibited => "prohibited",
            Code::NoRoute => "no-route",
            Code::HostUnreachable => "host-unreachable",
            Code::NoNeighbour => "no-neighbour",
            Code::NoGateway => "no-gateway",
            Code::NoCarrier => "no-carrier",
            Code::SourcePortInUse => "source-port-in-use",
            Code::SourcePortDenied => "source-port-denied",
            Code::SendFailed => "send-failed",
            Code::FilteredOrIgnored => "filtered-or-ignored",
            Code::NotServing => "not-serving",
            Code::SourcePortFiltered => "source-port-filtered",
            Code::OtherAddress => "other-address",
            Code::HostSilent => "host-silent",
            Code::SlowOrLossy => "slow-or-lossy",
            Code::BadReplies => "bad-replies",
            Code::JustStarted => "just-started",
            Code::LostSources => "lost-sources",
            Code::Unsynchronised => "unsynchronised",
            Code::AccessDenied => "access-denied",
            Code::RateLimited => "rate-limited",
            Code::NotAuthentic => "not-authentic",
            Code::ClockSetHere => "clock-set-here",
            Code::OffsetJump => "offset-jump",
            Code::TwoAnswers => "two-answers",
            Code::Contradiction => "contradiction",
            Code::Falseticker => "falseticker",
            Code::NoMajority => "no-majority",
            Code::LeapSmear => "leap-smear",
            Code::TooFar => "too-far",
            Code::Broken => "broken",
            Code::NoNameServer => "no-name-server",
            Code::NameServerSilent => "name-server-silent",
            Code::NameServerFailed => "name-server-failed",
            Code::NameServerRefused => "name-server-refused",
            Code::NoSuchName => "no-such-name",
            Code::NoKey => "no-key",
            Code::NtsNothingListens => "nts-nothing-listens",
            Code::NtsFiltered => "nts-filtered",
            Code::NtsNoServer => "nts-no-server",
            Code::NtsTooOld => "nts-too-old",
            Code::NtsUnknownIssuer => "nts-unknown-issuer",
            Code::NtsOtherHost => "nts-other-host",
            Code::NtsExpired => "nts-expired",
            Code::NtsNotYetValid => "nts-not-yet-valid",
            Code::NtsCertificate => "nts-certificate",
            Code::NtsNoRoots => "nts-no-roots",
            Code::NtsWrongDates => "nts-wrong-dates",
            Code::NtsResponse => "nts-response",
            Code::NtsTooSoon => "nts-too-soon",
            Code::NtsFailed => "nts-failed",
            Code::NtsRefused => "nts-refused",
            Code::NtsStripped => "nts-stripped",
            Code::NtsForged => "nts-forged",
            Code::NtsSilent => "nts-silent",
            Code::NoClock => "no-clock",
            Code::NameUnresolved => "name-unresolved",
        }
    }
}
