//! Themes: how roles look.

use super::{Field, Shape};

const COLOUR: &str = "^(#[0-9A-Fa-f]{6}|default|(bright-)?(black|red|green|yellow|blue|magenta|cyan|white))$";
const NAMED: &str = "^(default|(bright-)?(black|red|green|yellow|blue|magenta|cyan|white))$";

/// The look of one role.
pub(super) const STYLE: Shape = Shape::Mapping(
    &[
        Field::new(
            "fg",
            Shape::Form(COLOUR),
            "Colour of the text: #rrggbb, one of the terminal's 16 by name, or default.",
        )
        .example("\"#ff9e64\""),
        Field::new("bg", Shape::Form(COLOUR), "Colour behind it.").example("\"#342b4a\""),
        Field::new("ansi", Shape::Form(NAMED), "Colour of the text on terminals with 16 colours.").example("yellow"),
        Field::new("bold", Shape::Boolean, "Bold.").example("true"),
        Field::new("dim", Shape::Boolean, "Faint.").example("true"),
        Field::new("underline", Shape::Boolean, "Underlined.").example("true"),
        Field::new("reverse", Shape::Boolean, "Text and background changed over.").example("true"),
        Field::new("ansi-reverse", Shape::Boolean, "The same, only where `bg` cannot be shown.").example("true"),
        Field::new("ansi-underline", Shape::Boolean, "Underlined, only where `bg` cannot be shown.").example("true"),
    ],
    0,
);

const CANVAS: &[Field] = &[
    Field::new("background", Shape::Form(COLOUR), "Behind everything, in pictures.").required().example("\"#17141f\""),
    Field::new("text", Shape::Form(COLOUR), "Text without a colour of its own, in pictures.")
        .required()
        .example("\"#e9e4f2\""),
];

pub(super) const THEME: &[Field] = &[
    Field::new("theme", Shape::Number(1, 1), "Version of the format.").required().example("1"),
    Field::new("about", Shape::Text, "What it is for, in a few words.").example("for my projector"),
    Field::new("inherits", Shape::Form("^[a-z0-9-]+$"), "A theme of bakery's own that says what this one leaves out.")
        .absent("every role and the canvas must be there")
        .example("dark"),
    Field::new(
        "canvas",
        Shape::Mapping(CANVAS, 0),
        "What pictures are painted on; a terminal keeps its own background.",
    ),
    Field::new("roles", Shape::Map("^[a-z.]+$", &STYLE), "How each role looks; what is not said is as inherited.")
        .example("{stale: {fg: \"#ff9e64\", bold: true}}"),
];
