//! What crossterm reads, as messages.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Size};

use crate::tui::keymap::{Code, Key};
use crate::tui::msg::{Mouse, Msg};

/// The message of an event; `None` for those nothing follows from.
pub(in crate::tui) fn read(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) => pressed(key).map(Msg::Key),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Mouse(mouse) => moved(mouse).map(Msg::Mouse),
        Event::Resize(width, height) => sane(width, height).map(Msg::Resized),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// The widest and highest screen drawn: a terminal that claims more is a mistake, and costs memory.
const MOST: Size = Size { width: 1000, height: 500 };

/// A size to draw for; `None` where the terminal does not say (V-02: some claim nothing at all).
pub(in crate::tui) fn sane(width: u16, height: u16) -> Option<Size> {
    (width > 0 && height > 0).then(|| Size { width: width.min(MOST.width), height: height.min(MOST.height) })
}

fn pressed(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let alt = event.modifiers.contains(KeyModifiers::ALT);
    let code = match event.code {
        // Ctrl and a letter arrive in either case.
        KeyCode::Char(c) if ctrl => Code::Char(c.to_ascii_lowercase()),
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Insert => Code::Insert,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(number) => Code::F(number),
        _ => return None,
    };
    // What other terminals send for Ctrl and the key right of 6 or of the dot.
    let code = if ctrl && matches!(code, Code::Char('7' | '/')) { Code::Char('_') } else { code };
    Some(Key { code, ctrl, alt })
}

fn moved(event: MouseEvent) -> Option<Mouse> {
    let at = Position { x: event.column, y: event.row };
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Mouse::Click(at)),
        MouseEventKind::Drag(MouseButton::Left) => Some(Mouse::Drag(at)),
        MouseEventKind::Up(MouseButton::Left) => Some(Mouse::Release),
        MouseEventKind::ScrollDown => Some(Mouse::Wheel { at, down: true }),
        MouseEventKind::ScrollUp => Some(Mouse::Wheel { at, down: false }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v02_sizes_that_cannot_be_are_not_believed() {
        assert_eq!(sane(0, 24), None);
        assert_eq!(sane(80, 0), None);
        assert_eq!(sane(1, 1), Some(Size { width: 1, height: 1 }));
        assert_eq!(sane(65535, 65535), Some(MOST));
        assert_eq!(read(Event::Resize(0, 0)), None);
    }

    #[test]
    fn the_first_button_and_the_wheel_count_nothing_else_does() {
        let event = |kind| {
            let mouse = MouseEvent { kind, column: 7, row: 3, modifiers: KeyModifiers::NONE };
            read(Event::Mouse(mouse)).map(|msg| format!("{msg:?}"))
        };
        let at = "Position { x: 7, y: 3 }";
        let told = |what: &str| Some(format!("Mouse({what})"));
        assert_eq!(event(MouseEventKind::Down(MouseButton::Left)), told(&format!("Click({at})")));
        assert_eq!(event(MouseEventKind::Drag(MouseButton::Left)), told(&format!("Drag({at})")));
        assert_eq!(event(MouseEventKind::Up(MouseButton::Left)), told("Release"));
        assert_eq!(event(MouseEventKind::ScrollUp), told(&format!("Wheel {{ at: {at}, down: false }}")));
        assert_eq!((event(MouseEventKind::Down(MouseButton::Right)), event(MouseEventKind::Moved)), (None, None));
    }
}
