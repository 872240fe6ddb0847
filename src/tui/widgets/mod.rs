//! The parts screens are put together from. They know looks and widths, no screen and no bake.

mod change_tree;
mod check;
mod cursor;
mod filter;
mod meter;
mod overlay;
mod sizes;
mod split;
mod swatch;
mod table;
mod toast;
mod typed;

pub use change_tree::{ChangeTreeView, Order, TreeFold, total_line};
pub use check::{CheckText, Counts, badge, glyph_of_verdict, signer_words};
pub use cursor::Cursor;
pub use filter::Filter;
pub use meter::{meter, meter_of};
pub use overlay::{
    Choice, Confirm, ConfirmBox, HelpBox, Item, Live, PassphraseBox, PassphrasePrompt, Picker, PickerBox, TypedBox,
    TypedConfirm, open as open_box,
};
pub use sizes::{Axis, Divider, Sizes, Zoom};
pub use split::{Split, cut, rule, split, split_at_most};
pub use swatch::swatches;
pub use table::{Align, Column, Table, Width, known, marked, marked_cells, selected_bar, selected_evenly};
pub use toast::{Toast, Toasts, Tone};
pub use typed::typed;
