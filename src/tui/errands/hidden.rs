//! Text that is never shown, told or kept longer than it is needed: its debug output says only that it is there.

use std::fmt;

use zeroize::Zeroizing;

/// Most characters taken.
const MOST: usize = 1024;

/// Text typed in secret. Wiped when it goes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Hidden(Zeroizing<String>);

impl Hidden {
    /// Adds a character, as long as there is room.
    pub fn push(&mut self, c: char) {
        if self.len() >= MOST {
            return;
        }
        // Growing in place would leave a copy behind that nobody wipes.
        if self.0.capacity() - self.0.len() < c.len_utf8() {
            let mut larger = Zeroizing::new(String::with_capacity((self.0.capacity() * 2).max(256)));
            larger.push_str(&self.0);
            self.0 = larger;
        }
        self.0.push(c);
    }

    /// Takes the last character away.
    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// How many characters there are.
    pub fn len(&self) -> usize {
        self.0.chars().count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text itself, for whoever it was typed for.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_never_told() {
        let mut hidden = Hidden::default();
        "pass word".chars().for_each(|c| hidden.push(c));
        hidden.pop();
        assert_eq!((format!("{hidden:?}"), hidden.reveal(), hidden.len()), ("(hidden)".to_owned(), "pass wor", 8));
    }
}
