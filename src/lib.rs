//! One-shot time client and RTC tool for Linux.
