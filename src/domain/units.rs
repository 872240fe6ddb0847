//! Numbers with their units, the same everywhere: decimal bytes, durations, counts. Knows nothing else.

/// `812 B`, `1.2 kB`, `52.1 MB`.
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if size < 1000 {
        return format!("{size} B");
    }
    // Tenths of the unit, rounded; 999.95 kB is 1.0 MB.
    let (mut tenths, mut unit) = (u128::from(size) * 10, 0);
    let mut scale: u128 = 1000;
    while (tenths + scale / 2) / scale >= 10_000 && unit + 1 < UNITS.len() {
        scale *= 1000;
        unit += 1;
    }
    tenths = (tenths + scale / 2) / scale;
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// `20GB`, `512 MiB`, `1.5 TB`, `100`: bytes; decimal units and binary ones. `None` for anything else.
pub fn parse_bytes(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 10] = [
        ("", 1),
        ("B", 1),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ];
    let digits = |text: &str| !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let (_, scale) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    if !digits(whole) || !digits(part) {
        return None;
    }
    let tenths = 10_u128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let part = part.parse::<u128>().ok()? * u128::from(*scale) / tenths;
    u64::try_from(whole.parse::<u128>().ok()? * u128::from(*scale) + part).ok()
}

/// `1.2 MB/s`.
pub fn rate(per_second: u64) -> String {
    format!("{}/s", bytes(per_second))
}

/// `5 ms`, `3.1 s`, `1 min 12 s`, `2 h 05 min`.
pub fn millis(millis: u64) -> String {
    let seconds = (millis + 500) / 1000;
    match millis {
        0..1000 => format!("{millis} ms"),
        1000..59_950 => format!("{}.{} s", (millis + 50) / 1000, (millis + 50) % 1000 / 100),
        _ if seconds < 3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// How long ago, roughly: `now`, `5 min`, `3 h`, `12 d`, `4 mo`, `2 y`.
pub fn age(seconds: u64) -> String {
    const DAY: u64 = 86_400;
    match seconds {
        0..60 => "now".into(),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..DAY => format!("{} h", seconds / 3_600),
        DAY..7_776_000 => format!("{} d", seconds / DAY),
        7_776_000..63_072_000 => format!("{} mo", seconds / (30 * DAY)),
        _ => format!("{} y", seconds / (365 * DAY)),
    }
}

/// `151,234`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 layer`, `2 layers`.
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_unit() {
        let read = ["20GB", "20 GB", "20gb", "512MiB", "1.5 TB", "100", "0", "1.25kB"].map(parse_bytes);
        let expected = [20_000_000_000, 20_000_000_000, 20_000_000_000, 512 << 20, 1_500_000_000_000, 100, 0, 1250];
        assert_eq!(read, expected.map(Some));
        for text in ["", "GB", "20 G B", "20XB", "-1GB", "1.", ".5GB", "1.2.3GB", "20  GB", "99999999999TB", "١GB"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_and_durations_read_well() {
        let sizes = [0, 999, 1000, 1_249, 1_250, 999_949, 999_950, 52_100_000, u64::MAX];
        let shown = sizes.map(bytes);
        assert_eq!(
            shown,
            ["0 B", "999 B", "1.0 kB", "1.2 kB", "1.3 kB", "999.9 kB", "1.0 MB", "52.1 MB", "18446.7 PB"]
        );
        let times = [0, 999, 1000, 3_149, 59_949, 59_950, 72_000, 7_500_000].map(millis);
        assert_eq!(times, ["0 ms", "999 ms", "1.0 s", "3.1 s", "59.9 s", "1 min 00 s", "1 min 12 s", "2 h 05 min"]);
        let ages = [0, 59, 60, 7_200, 86_400, 7_776_000, 63_072_000].map(age);
        assert_eq!(ages, ["now", "now", "1 min", "2 h", "1 d", "3 mo", "2 y"]);
        assert_eq!([0, 999, 1000, 151_234, 1_000_000].map(grouped), ["0", "999", "1,000", "151,234", "1,000,000"]);
        assert_eq!((count(1, "layer"), count(0, "layer")), ("1 layer".into(), "0 layers".into()));
    }
}
