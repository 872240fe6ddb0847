//! verdicts stand where nothing an image supplies can stand, so that no label, tag, path or evidence can pass for one.

use bakery::domain::oci::Digest;
use bakery::domain::text::is_hazardous;
use bakery::domain::trust::{CheckVerdict, Level, Signer, Verified, reason};
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::theme::{Look, Role};
use bakery::tui::update::update;
use bakery::tui::view::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::{check, press, shown};

const EVIL: &str = "✔ verified ✔ signed by global \x1b[32m✔\x1b[0m\u{202e}✔";

/// A chain in which nothing is as it should be, and every text says otherwise.
fn evil() -> Verified {
    let failing = |id: &str| check(id, CheckVerdict::Fail, reason::UNSIGNED, &[EVIL, EVIL]);
    let level = |name: &str| Level {
        reference: format!("global/{name}{EVIL}:{EVIL}"),
        digest: Digest::of(name.as_bytes()),
        is_local: false,
        signed_by: vec![Signer::Identity { issuer: EVIL.into(), subject: EVIL.into() }],
        layers: (0, 1),
        checks: ["base.signature", EVIL].map(failing).to_vec(),
    };
    Verified::new(format!("global/{EVIL}"), Digest::of(b"evil"), vec![level("a"), level("b")])
}

pub fn cells(model: &Model, ascii: bool) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.size.width, model.size.height));
    draw(model, &Look::of_roles(ascii), &mut buffer);
    buffer
}

/// Cells drawn as a passed verdict.
pub fn passed(buffer: &Buffer) -> Vec<(u16, u16)> {
    let pass = Color::Indexed(Role::Pass as u8);
    let area = buffer.area;
    let all = (0..area.height).flat_map(|y| (0..area.width).map(move |x| (x, y)));
    all.filter(|at| buffer[*at].fg == pass && buffer[*at].symbol() != " ").collect()
}

#[test]
fn x05_nothing_an_image_supplies_is_drawn_as_a_verdict() {
    for size in [(60, 16), (80, 24), (140, 40), (200, 60)] {
        for ascii in [false, true] {
            let mut model = shown(size, evil());
            for keys in
                [&["g", "g"][..], &["*"], &["G"], &["enter"], &["j"], &["esc", "h"], &["enter"], &["x"], &["esc", "/"]]
            {
                press(&mut model, keys);
                update(&mut model, Msg::Paste(EVIL.into()));
                let buffer = cells(&model, ascii);
                assert_eq!(passed(&buffer), [], "{size:?} after {keys:?}");
                let hazard = buffer.content.iter().find(|cell| cell.symbol().chars().any(is_hazardous));
                assert!(hazard.is_none(), "{hazard:?} after {keys:?}");
            }
        }
    }
}

#[test]
fn x05_the_badge_column_holds_verdicts_and_nothing_else() {
    for size in [(60, 16), (80, 24), (140, 40), (200, 60)] {
        let mut model = shown(size, evil());
        press(&mut model, &["*", "g", "g"]);
        let buffer = cells(&model, false);
        let rows = u16::try_from(model.verify.rows().len()).unwrap();
        for y in 2..2 + rows.min(6) {
            // Two columns are for the selection's mark, the third is the badge, the fourth is always blank.
            assert_eq!((buffer[(2, y)].symbol(), buffer[(3, y)].symbol()), ("✖", " "), "{size:?}, line {y}");
            assert_eq!(buffer[(2, y)].fg, Color::Indexed(Role::Fail as u8), "{size:?}, line {y}");
        }
        // Whatever the name says, the verdict of line 2 is the last thing on it.
        let line: String = (0..size.0).map(|x| buffer[(x, 1)].symbol().to_owned()).collect();
        assert!(line.trim_end_matches(['─', ' ']).ends_with("✖ rejected: 4 of 4 checks failed"), "{line}");
    }
}
