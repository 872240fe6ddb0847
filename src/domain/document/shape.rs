//! Keys and the forms of their values, as tables can hold them. Renders nothing.

/// A key of a mapping.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// What its value is.
    pub shape: Shape,
    /// What it is for, in a sentence or two.
    pub about: &'static str,
    /// What counts where it is left out, as YAML; `None` where no value says it.
    pub default: Option<&'static str>,
    /// The same in words, where no value says it.
    pub absent: &'static str,
    /// A value that may stand there, as YAML; empty where its parts have examples of their own.
    pub example: &'static str,
    /// It must be there.
    pub required: bool,
}

/// The form of a value.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Any text; whole numbers count as text.
    Text,
    /// Text of this form, a regular expression of JSON Schema.
    Form(&'static str),
    /// Text of this form; a bare whole number counts as one.
    NumberForm(&'static str),
    /// One of these words.
    Words(&'static [&'static str]),
    /// A whole number within these bounds.
    Number(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// A list of at least so many.
    List(&'static Shape, usize),
    /// A mapping of names of one's own, which have this form.
    Map(&'static str, &'static Shape),
    /// A mapping of these keys, at least so many of them.
    Mapping(&'static [Field], usize),
    /// A mapping of exactly one of these keys.
    OneOf(&'static [Field]),
    /// Any of these.
    Any(&'static [Shape]),
}

impl Field {
    /// A key that may be left out.
    pub const fn new(key: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { key, shape, about, default: None, absent: "", example: "", required: false }
    }

    /// It must be there.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What counts where it is left out.
    #[must_use]
    pub const fn default(mut self, yaml: &'static str) -> Self {
        self.default = Some(yaml);
        self
    }

    /// The same in words.
    #[must_use]
    pub const fn absent(mut self, words: &'static str) -> Self {
        self.absent = words;
        self
    }

    /// A value that may stand there.
    #[must_use]
    pub const fn example(mut self, yaml: &'static str) -> Self {
        self.example = yaml;
        self
    }
}

/// The keys of a table, in its order.
pub fn keys(fields: &[Field]) -> Vec<&'static str> {
    fields.iter().map(|field| field.key).collect()
}
