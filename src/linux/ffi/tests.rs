use super::phc::{RawPhcBasic, RawPhcExtended, RawPhcPrecise};
use super::rtc::{RawRtcParam, RawRtcTime};

#[test]
fn request_codes_are_the_kernels() {
    assert_eq!(nix::request_code_read!(b'p', 0x09, size_of::<RawRtcTime>()), 0x8024_7009);
    assert_eq!(nix::request_code_write!(b'p', 0x0a, size_of::<RawRtcTime>()), 0x4024_700a);
    assert_eq!(nix::request_code_write!(b'p', 0x13, size_of::<RawRtcParam>()), 0x4018_7013);
    assert_eq!(nix::request_code_read!(b'p', 0x13, size_of::<libc::c_uint>()), 0x8004_7013);
    assert_eq!(nix::request_code_write!(b'=', 5, size_of::<RawPhcBasic>()), 0x4340_3d05);
    assert_eq!(nix::request_code_readwrite!(b'=', 8, size_of::<RawPhcPrecise>()), 0xc040_3d08);
    assert_eq!(nix::request_code_readwrite!(b'=', 9, size_of::<RawPhcExtended>()), 0xc4c0_3d09);
}
