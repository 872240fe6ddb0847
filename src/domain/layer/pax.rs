//! PAX extended headers: `LENGTH KEY=VALUE\n` records, parsed by their lengths and written the same way. Knows no tar.

/// Why PAX records are refused (T-11).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("PAX record {0}")]
pub(super) struct PaxError(&'static str);

/// One record: key and value.
pub(super) type Record<'a> = (&'a [u8], &'a [u8]);

/// The records in order. A value may hold anything, newlines too: only the length says where it ends.
pub(super) fn parse(mut bytes: &[u8]) -> Result<Vec<Record<'_>>, PaxError> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().take(21).position(|b| *b == b' ').ok_or(PaxError("has no length"))?;
        let digits = &bytes[..space];
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(PaxError("has a length that is no number"));
        }
        let length = digits
            .iter()
            .try_fold(0_usize, |n, d| n.checked_mul(10)?.checked_add(usize::from(d - b'0')))
            .ok_or(PaxError("has a length beyond all bounds"))?;
        if length > bytes.len() {
            return Err(PaxError("ends beyond its header"));
        }
        let record = bytes.get(space + 1..length).ok_or(PaxError("is shorter than its own length"))?;
        let record = record.strip_suffix(b"\n").ok_or(PaxError("is not terminated"))?;
        let equals = record.iter().position(|b| *b == b'=').ok_or(PaxError("has no ="))?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        if key.is_empty() || key.contains(&0) {
            return Err(PaxError("has no usable key"));
        }
        records.push((key, value));
        bytes = &bytes[length..];
    }
    Ok(records)
}

/// Appends one record.
pub(super) fn write(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while rest + length.to_string().len() != length {
        length = rest + length.to_string().len();
    }
    out.extend_from_slice(format!("{length} ").as_bytes());
    out.extend_from_slice(key);
    out.push(b'=');
    out.extend_from_slice(value);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_whatever_their_value_holds() {
        for size in [0, 1, 5, 90, 91, 92, 93, 94, 95, 96, 990, 991, 992, 993, 994, 995, 10_000] {
            let value = vec![b'\n'; size];
            let mut bytes = Vec::new();
            write(&mut bytes, b"SCHILY.xattr.security.capability", &value);
            write(&mut bytes, b"path", b"a=b c");
            let records = parse(&bytes).unwrap();
            assert_eq!(records[0].1, value);
            assert_eq!(records[1], (&b"path"[..], &b"a=b c"[..]));
        }
    }

    #[test]
    fn t11_unterminated_and_malformed_records_are_refused() {
        for bytes in [
            "11 path=abc",
            "12 path=abc",
            "9 path=a",
            "path=a\n",
            "x path=a\n",
            " 9 a=b\n",
            "4 =\n",
            "6 abc\n",
            "99999999999999999999999 a=b\n",
            "1 \n",
        ] {
            assert!(parse(bytes.as_bytes()).is_err(), "{bytes:?}");
        }
        assert_eq!(parse(b"").unwrap(), []);
    }
}
