//! Numbers in tar headers: octal text, or base-256 where the first bit is set. Refuses what wraps (T-13).

/// A field that is no usable number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FieldError {
    /// Neither octal nor base-256.
    #[error("is no number")]
    NotANumber,
    /// Below zero.
    #[error("is negative")]
    Negative,
    /// More than fits.
    #[error("is beyond all bounds")]
    TooLarge,
}

/// A number that cannot be negative; an empty field is 0.
pub(super) fn unsigned(field: &[u8]) -> Result<u64, FieldError> {
    u64::try_from(signed(field)?).map_err(|_| FieldError::Negative)
}

/// A number that may be negative, in base-256 only.
pub(super) fn signed(field: &[u8]) -> Result<i64, FieldError> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => base256(field),
        _ => octal(field),
    }
}

fn base256(field: &[u8]) -> Result<i64, FieldError> {
    let negative = field[0] & 0x40 != 0;
    let mut value: i128 = if negative { -1 } else { 0 };
    for (at, byte) in field.iter().enumerate() {
        // The first bit is the mark, the next the sign.
        let byte = if at == 0 && !negative { byte & 0x7f } else { *byte };
        value = value.checked_mul(256).ok_or(FieldError::TooLarge)? | i128::from(byte);
        if !(-(1_i128 << 80)..1 << 80).contains(&value) {
            return Err(FieldError::TooLarge);
        }
    }
    i64::try_from(value).map_err(|_| FieldError::TooLarge)
}

fn octal(field: &[u8]) -> Result<i64, FieldError> {
    let blank = |b: &u8| *b == b' ' || *b == 0;
    let start = field.iter().position(|b| !blank(b)).unwrap_or(field.len());
    let digits = &field[start..];
    let end = digits.iter().position(blank).unwrap_or(digits.len());
    if !digits[end..].iter().all(blank) || !digits[..end].iter().all(|b| (b'0'..=b'7').contains(b)) {
        return Err(FieldError::NotANumber);
    }
    digits[..end]
        .iter()
        .try_fold(0_i64, |n, d| n.checked_mul(8)?.checked_add(i64::from(d - b'0')))
        .ok_or(FieldError::TooLarge)
}

/// A decimal number of a PAX record.
pub(super) fn decimal(text: &[u8]) -> Result<u64, FieldError> {
    if text.first() == Some(&b'-') {
        return Err(FieldError::Negative);
    }
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(FieldError::NotANumber);
    }
    text.iter().try_fold(0_u64, |n, d| n.checked_mul(10)?.checked_add(u64::from(d - b'0'))).ok_or(FieldError::TooLarge)
}

/// The whole seconds of a PAX time: `-1.5`, `1700000000.25`.
pub(super) fn seconds(text: &[u8]) -> Result<i64, FieldError> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut parts = text.splitn(2, |b| *b == b'.');
    let whole = decimal(parts.next().unwrap_or_default())?;
    if !parts.next().unwrap_or_default().iter().all(u8::is_ascii_digit) {
        return Err(FieldError::NotANumber);
    }
    let whole = i64::try_from(whole).map_err(|_| FieldError::TooLarge)?;
    Ok(if negative { -whole } else { whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t13_numbers_never_wrap() {
        assert_eq!(unsigned(b"0000644\0"), Ok(0o644));
        assert_eq!(unsigned(b"   644 \0"), Ok(0o644));
        assert_eq!(unsigned(b"\0\0\0\0"), Ok(0));
        assert_eq!(unsigned(b"\x80\0\0\0\0\0\0\x02\0\0\0\0"), Ok(2 << 32));
        assert_eq!(unsigned(b"\xff\xff\xff\xff\xff\xff\xff\xff"), Err(FieldError::Negative));
        assert_eq!(signed(b"\xff\xff\xff\xff\xff\xff\xff\xfe"), Ok(-2));
        assert_eq!(unsigned(b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), Err(FieldError::TooLarge));
        assert_eq!(unsigned(b"777777777777777777777777"), Err(FieldError::TooLarge));
        for field in [&b"-1\0"[..], b"9", b"7 7", b"0x1"] {
            assert_eq!(unsigned(field), Err(FieldError::NotANumber), "{field:?}");
        }
        assert_eq!(decimal(b"18446744073709551616"), Err(FieldError::TooLarge));
        assert_eq!(decimal(b"-1"), Err(FieldError::Negative));
        assert_eq!(seconds(b"-1.5"), Ok(-1));
        assert_eq!(seconds(b"12.0625"), Ok(12));
    }
}
