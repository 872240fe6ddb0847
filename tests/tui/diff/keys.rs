//! (model, key) -> (model, effects) on the Diff screen.

use super::compared;
use super::press;

#[test]
fn nothing_yet() {
    let mut model = compared((80, 24));
    press(&mut model, &["j"]);
}
