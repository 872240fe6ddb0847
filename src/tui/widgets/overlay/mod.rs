//! What comes up over a screen: questions, choices, the keys. The safe answer of a question is the focused one.

mod confirm;
mod help;
mod passphrase;
mod picker;

pub use confirm::{Choice, Confirm, ConfirmBox, TypedBox, TypedConfirm};
pub use help::HelpBox;
pub use passphrase::{PassphraseBox, PassphrasePrompt};
pub use picker::{Item, Live, Picker, PickerBox};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::{Cursor, Filter, cut, marked, rule, swatches};
use crate::tui::theme::{Look, Role};

/// A place in the middle of `body`, cleared, with a rule above and below.
pub fn open(look: &Look, body: Rect, size: (u16, u16), title: &str, buffer: &mut Buffer) -> Rect {
    let (area, inner) = middle(body.intersection(buffer.area), size);
    let height = area.height;
    Clear.render(area, buffer);
    rule(look, Rect { height: 1.min(height), ..area }, &[look.span(Role::Strong, title.to_owned())], &[], buffer);
    rule(look, Rect { y: area.bottom().saturating_sub(1), height: 1.min(height), ..area }, &[], &[], buffer);
    inner
}

/// That place, and what is left of it within its rules.
fn middle(body: Rect, (width, height): (u16, u16)) -> (Rect, Rect) {
    let (width, height) = (width.min(body.width), (height + 2).min(body.height));
    let x = body.x + (body.width - width) / 2;
    let y = body.y + (body.height - height) / 3;
    let inner = Rect {
        x: x + 2.min(width),
        y: y + 1.min(height),
        width: width.saturating_sub(4),
        height: height.saturating_sub(2),
    };
    (Rect { x, y, width, height }, inner)
}
