//! Exceptions, applied: what of a check's offences the policy lets pass, and which word for it has run out. Only what is
//! wrong can be excepted: what is unknown cannot.

use super::Exception;
use crate::domain::text::escape;
use crate::domain::trust::globs::Globs;
use crate::domain::trust::rules::Offence;

/// A check's offences, sorted.
pub struct Sorted {
    /// Those that stand.
    pub rest: Vec<Offence>,
    /// Those let pass, each as a line with the reason.
    pub excused: Vec<String>,
    /// Exceptions of this check that have run out, each as a line.
    pub expired: Vec<String>,
}

/// Sorts the offences of a check. Without a day, every exception that ends has ended.
pub fn sort(check: &str, offences: Vec<Offence>, exceptions: &[Exception], today: Option<time::Date>) -> Sorted {
    let ours = || exceptions.iter().filter(|exception| exception.check == check);
    let live = |exception: &&Exception| is_live(exception, today);
    // A glob that cannot be compiled lets nothing pass.
    let globs: Vec<(&Exception, Option<Globs>)> = ours()
        .filter(live)
        .filter_map(|exception| {
            Some((exception, exception.path.as_ref().map(|path| Globs::new([path])).transpose().ok()?))
        })
        .collect();
    let mut sorted = Sorted { rest: Vec::new(), excused: Vec::new(), expired: Vec::new() };
    for offence in offences {
        let covers = |globs: &Option<Globs>| match (globs, &offence.subject) {
            (None, _) => true,
            (Some(globs), Some(subject)) => globs.matches(subject),
            (Some(_), None) => false,
        };
        match globs.iter().find(|(_, globs)| covers(globs)) {
            Some((exception, _)) => sorted.excused.push(excused(&offence, exception)),
            None => sorted.rest.push(offence),
        }
    }
    sorted.expired = ours().filter(|exception| !is_live(exception, today)).map(expired).collect();
    sorted
}

/// Whether an exception still counts.
pub fn is_live(exception: &Exception, today: Option<time::Date>) -> bool {
    match (exception.until, today) {
        (None, _) => true,
        (Some(until), Some(today)) => today <= until,
        (Some(_), None) => false,
    }
}

fn excused(offence: &Offence, exception: &Exception) -> String {
    let until = exception.until.map(|day| format!(", until {day}")).unwrap_or_default();
    format!("{} (let pass: {}{until})", offence.line, escape(&exception.reason))
}

fn expired(exception: &Exception) -> String {
    let until = exception.until.map(|day| day.to_string()).unwrap_or_default();
    let about = exception.path.as_ref().map(|path| format!(" for {}", escape(path))).unwrap_or_default();
    let (line, reason) = (exception.line, escape(&exception.reason));
    format!("the exception in line {line}{about} ran out on {until}: {reason}")
}
