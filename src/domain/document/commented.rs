//! A table as a file of comments: every key explained, none set. Prose stands after `# `, keys after `#` alone, so that taking
//! that away sets them.

use super::{Field, Shape};

const WIDTH: usize = 100;

/// The text, below its heading.
pub fn commented(heading: &[&str], fields: &[Field]) -> String {
    let mut out: String = heading.iter().map(|line| format!("# {line}\n")).collect();
    for field in fields {
        out.push('\n');
        prose(&mut out, "# ", field);
        match field.shape {
            Shape::Mapping(below, _) if field.example.is_empty() => {
                out.push_str(&format!("#{}:\n", field.key));
                for field in below {
                    prose(&mut out, "#  # ", field);
                    out.push_str(&format!("#  {}: {}\n", field.key, shown(field)));
                }
            }
            _ => out.push_str(&format!("#{}: {}\n", field.key, shown(field))),
        }
    }
    out
}

/// The default where it says something, else the example.
fn shown(field: &Field) -> &'static str {
    field.default.filter(|default| *default != "{}").unwrap_or(field.example)
}

fn prose(out: &mut String, before: &str, field: &Field) {
    let mut text = field.about.to_owned();
    if let Shape::Words(words) = field.shape {
        text.push_str(&format!(" One of {}.", words.join(", ")));
    }
    if !field.absent.is_empty() {
        text.push_str(&format!(" Left out: {}.", field.absent));
    }
    let mut line = before.to_owned();
    for word in text.split(' ') {
        if line.len() + word.len() >= WIDTH && line.len() > before.len() {
            out.push_str(line.trim_end());
            out.push('\n');
            line = before.to_owned();
        }
        line.push_str(word);
        line.push(' ');
    }
    out.push_str(line.trim_end());
    out.push('\n');
}
