//! Many names in one piece of memory: a hundred thousand are gathered and let go in a moment.

/// Names, one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Names {
    /// Adds a name that consists of these parts.
    pub fn push(&mut self, parts: &[&str]) {
        parts.iter().for_each(|part| self.text.push_str(part));
        self.ends.push(self.text.len());
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One of them.
    pub fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)?;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(start..end)
    }

    /// Whether this is one of them.
    pub fn has(&self, name: &str) -> bool {
        (0..self.len()).any(|at| self.get(at) == Some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were_put() {
        let mut names = Names::default();
        names.push(&["global", "/", "os"]);
        names.push(&[]);
        names.push(&["ä"]);
        assert_eq!((0..4).map(|at| names.get(at)).collect::<Vec<_>>(), [Some("global/os"), Some(""), Some("ä"), None]);
        assert!(names.has("ä") && !names.has("os"));
    }
}
