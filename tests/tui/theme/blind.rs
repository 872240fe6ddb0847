//! Eyes that see fewer colours: in the themes made for them states and origins stay apart, by colour and by lightness.

use bakery::tui::theme::{BUILT_IN, Depth, Role, Theme};

use super::colour::{Eyes, distance, seen};

/// What must not be taken for another. What is added is as what is good, what is deleted as what is bad: they never meet.
const APART: [Role; 5] = [Role::Pass, Role::Warn, Role::Fail, Role::Global, Role::Local];
/// Told at a glance.
const GLANCE: f64 = 15.0;

fn apart(name: &str, depth: Depth, eyes: Eyes, roles: &[Role]) -> Vec<(f64, Role, Role)> {
    let look = Theme::built_in(name).unwrap().look(depth, false);
    let color = |role: Role| seen(look.style(role).fg.unwrap_or(look.canvas.text), eyes);
    let pairs = roles.iter().enumerate().flat_map(|(at, one)| roles[at + 1..].iter().map(move |other| (*one, *other)));
    pairs.map(|(one, other)| (distance(color(one), color(other)), one, other)).collect()
}

#[test]
fn states_and_origins_stay_apart_for_the_eyes_a_theme_is_made_for() {
    let made_for = [
        ("deuteranopia", Eyes::Deuteranope),
        ("deuteranopia", Eyes::Protanope),
        ("tritanopia", Eyes::Tritanope),
        ("deuteranopia", Eyes::Usual),
        ("tritanopia", Eyes::Usual),
    ];
    for (name, eyes) in made_for {
        for depth in [Depth::True, Depth::Palette] {
            for (far, one, other) in apart(name, depth, eyes, &APART) {
                assert!(far >= GLANCE, "{name} {depth:?} {eyes:?}: {one:?} and {other:?} are {far:.1} apart");
            }
            for (far, one, other) in apart(name, depth, eyes, &[Role::Added, Role::Modified, Role::Deleted]) {
                assert!(far >= GLANCE, "{name} {depth:?} {eyes:?}: {one:?} and {other:?} are {far:.1} apart");
            }
            let rest = [Role::Stale, Role::Unknown];
            for (far, one, other) in APART.iter().flat_map(|role| apart(name, depth, eyes, &[*role, rest[0]])) {
                assert!(far >= GLANCE / 2.0, "{name} {depth:?} {eyes:?}: {one:?} and {other:?} are {far:.1} apart");
            }
        }
    }
}

#[test]
fn verdicts_differ_in_lightness_too() {
    for name in ["deuteranopia", "tritanopia"] {
        let look = Theme::built_in(name).unwrap().look(Depth::True, false);
        let light = |role: Role| seen(look.style(role).fg.unwrap(), Eyes::Usual)[0];
        for (one, other) in
            [(Role::Pass, Role::Fail), (Role::Pass, Role::Warn), (Role::Warn, Role::Fail), (Role::Added, Role::Deleted)]
        {
            let far = (light(one) - light(other)).abs();
            assert!(far >= 8.0, "{name}: {one:?} and {other:?} differ by {far:.1} in lightness");
        }
    }
}

#[test]
fn bakerys_own_colours_would_not_do_for_those_eyes() {
    // Why the themes are there at all: if this ever fails, they may go.
    let nearest = |name: &str, eyes| {
        let pairs = apart(name, Depth::True, eyes, &[Role::Pass, Role::Warn, Role::Fail, Role::Stale]);
        pairs.into_iter().map(|(far, ..)| far).fold(f64::INFINITY, f64::min)
    };
    assert!(nearest("dark", Eyes::Deuteranope) < GLANCE);
}

#[test]
fn origins_staleness_and_verdicts_are_told_apart_at_any_depth() {
    let roles = [Role::Global, Role::Local, Role::Stale, Role::Pass, Role::Fail, Role::Text];
    for (name, _) in BUILT_IN.into_iter().filter(|(name, _)| *name != "mono") {
        for depth in [Depth::Sixteen, Depth::Palette, Depth::True] {
            let look = Theme::built_in(name).unwrap().look(depth, false);
            for (at, one) in roles.iter().enumerate() {
                for other in &roles[at + 1..] {
                    let (a, b) = (look.style(*one), look.style(*other));
                    assert_ne!(a, b, "{name} {depth:?}: {} and {}", one.name(), other.name());
                }
            }
        }
    }
}
