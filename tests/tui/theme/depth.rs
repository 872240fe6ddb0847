//! What is left of a theme where colours are few: 256, the terminal's 16, none.

use bakery::tui::theme::{BUILT_IN, Depth, Glyph, Role, Theme};
use ratatui::style::{Color, Modifier};

fn is_of_sixteen(color: Color) -> bool {
    !matches!(color, Color::Rgb(..) | Color::Indexed(_) | Color::Reset)
}

#[test]
fn each_depth_has_only_its_own_colours() {
    for (name, _) in BUILT_IN {
        let theme = Theme::built_in(name).unwrap();
        for role in Role::ALL {
            let what = format!("{name} {}", role.name());
            let at = |depth| theme.look(depth, false).style(role);
            let colours = |depth| [at(depth).fg, at(depth).bg].into_iter().flatten();
            assert_eq!(colours(Depth::None).count(), 0, "{what}");
            assert!(colours(Depth::Sixteen).all(is_of_sixteen), "{what}: {:?}", at(Depth::Sixteen));
            assert!(colours(Depth::Palette).all(|color| !matches!(color, Color::Rgb(..))), "{what}");
            // What has a colour keeps one, and what is bold stays so, as far down as there are any.
            let coloured = at(Depth::True).fg.is_some();
            for depth in [Depth::Palette, Depth::Sixteen] {
                assert_eq!(at(depth).fg.is_some(), coloured, "{what} {depth:?}");
            }
            for depth in [Depth::None, Depth::Sixteen, Depth::Palette] {
                assert!(at(depth).add_modifier.contains(at(Depth::True).add_modifier), "{what} {depth:?}");
            }
            if matches!(role, Role::Selection | Role::SelectionIdle) {
                for depth in [Depth::None, Depth::Sixteen] {
                    let lines = Modifier::REVERSED | Modifier::UNDERLINED;
                    assert!(at(depth).add_modifier.intersects(lines), "{what} {depth:?}: nothing shows it");
                }
            }
        }
    }
}

#[test]
fn the_terminals_own_theme_takes_no_colour_but_the_terminals() {
    let theme = Theme::built_in("terminal").unwrap();
    for depth in [Depth::Sixteen, Depth::Palette, Depth::True] {
        for role in Role::ALL {
            let style = theme.look(depth, false).style(role);
            assert!([style.fg, style.bg].into_iter().flatten().all(is_of_sixteen), "{depth:?} {}", role.name());
            assert_eq!(style, theme.look(Depth::Sixteen, false).style(role), "{depth:?} {}", role.name());
        }
    }
}

#[test]
fn without_colours_verdicts_differ_by_sign_and_the_bad_ones_by_weight() {
    let verdicts = [Glyph::Pass, Glyph::Warn, Glyph::Fail, Glyph::Unknown];
    let look = Theme::built_in("mono").unwrap().look(Depth::None, false);
    for ascii in [false, true] {
        let mut signs = verdicts.map(|glyph| glyph.text(ascii)).to_vec();
        signs.sort_unstable();
        signs.dedup();
        assert_eq!(signs.len(), verdicts.len());
    }
    let mut weights: Vec<u16> = verdicts.map(|glyph| look.style(glyph.role()).add_modifier.bits()).to_vec();
    weights.sort_unstable();
    weights.dedup();
    assert_eq!(weights.len(), verdicts.len(), "each verdict has a weight of its own in mono");
}
