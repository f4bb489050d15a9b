//! No bytes make the reader panic, and what it reads of them can be used.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        prop_assert!(read_data::<Value>(&bytes).is_err() || std::str::from_utf8(&bytes).is_ok());
    }

    #[test]
    fn an_answer_with_one_byte_changed_is_read_or_refused(at in 0..140_usize, byte: u8) {
        let mut body = br#"{"data": {"historical": {"transactions": {"totalCount": 1, "results": [{"id": "ab", "type": "SUPPLY", "amount": "1.5"}]}}}, "errors": null}"#.to_vec();
        let at = at % body.len();
        body[at] = byte;
        if let Err(Unread::Unusable(cause)) = read_data::<Value>(&body) {
            prop_assert!(!cause.is_empty() && cause.chars().count() < 700, "{}", cause);
        }
    }
}
