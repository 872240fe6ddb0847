//! What is read reads: WCAG's AA for words, less for lines, on the canvas and under both selections.

use bakery::tui::theme::{BUILT_IN, Depth, Look, Role, Theme};
use ratatui::style::{Color, Modifier};

use super::colour::contrast;

/// Lines between places and bars of meters: seen, not read (3:1). Every other role but the selections is words (4.5:1).
const MARKS: [Role; 2] = [Role::Rule, Role::Meter];

/// Themes whose colours are not theirs: the terminal's own 16, whatever they are; and none.
fn has_own_colours(name: &str) -> bool {
    !matches!(name, "terminal" | "mono")
}

/// What a role's words may stand on: the canvas; words also on the selections.
fn grounds(look: &Look, role: Role) -> Vec<Color> {
    let behind = [Role::Selection, Role::SelectionIdle].map(|role| look.style(role).bg.unwrap());
    match MARKS.contains(&role) {
        true => vec![look.canvas.background],
        false => vec![look.canvas.background, behind[0], behind[1]],
    }
}

#[test]
fn every_role_reads_on_the_canvas_and_under_the_selections() {
    let mut faint = Vec::new();
    for (name, _) in BUILT_IN.into_iter().filter(|(name, _)| has_own_colours(name)) {
        for depth in [Depth::True, Depth::Palette] {
            let look = Theme::built_in(name).unwrap().look(depth, false);
            for role in Role::ALL {
                let fg = look.style(role).fg.unwrap_or(look.canvas.text);
                let least = if MARKS.contains(&role) { 3.0 } else { 4.5 };
                for ground in grounds(&look, role) {
                    let seen = contrast(fg, ground);
                    if seen < least {
                        faint.push(format!("{name} {depth:?} {}: {seen:.2} of {least} on {ground:?}", role.name()));
                    }
                }
            }
        }
    }
    assert!(faint.is_empty(), "{}", faint.join("\n"));
}

#[test]
fn high_contrast_is_wcags_aaa() {
    for name in ["high-contrast", "high-contrast-light"] {
        let look = Theme::built_in(name).unwrap().look(Depth::True, false);
        for role in Role::ALL.into_iter().filter(|role| !MARKS.contains(role)) {
            let seen = contrast(look.style(role).fg.unwrap_or(look.canvas.text), look.canvas.background);
            assert!(seen >= 7.0, "{name} {}: {seen:.2}", role.name());
        }
    }
}

#[test]
fn a_selection_is_seen_by_more_than_its_ground() {
    for (name, _) in BUILT_IN {
        for depth in [Depth::None, Depth::Sixteen, Depth::Palette, Depth::True] {
            let look = Theme::built_in(name).unwrap().look(depth, false);
            let style = look.style(Role::Selection);
            assert!(style.add_modifier.intersects(Modifier::BOLD | Modifier::REVERSED), "{name} {depth:?}");
        }
    }
}
