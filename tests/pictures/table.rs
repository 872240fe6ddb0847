//! Which pictures there are: one line each. `BAKERY_BLESS=1 cargo test --test main pictures` draws new ones.

use bakery::tui::picture::Picture;

/// A picture: `screenshots/NAME.svg` and `.png`.
pub struct Shown {
    /// Of the file, and in the README.
    pub name: &'static str,
    /// As `bakery screenshot` names it.
    pub screen: &'static str,
    /// Keys pressed before, as `--keys` takes them.
    pub keys: &'static str,
    /// Columns and rows.
    pub size: &'static str,
    /// Theme.
    pub theme: &'static str,
    /// The recorded bake shown: what it made, and how it ended.
    pub from: Option<(&'static str, &'static str)>,
    /// Whether a recorded roll-out is at work in the workspace.
    pub rollout: bool,
    /// Further arguments.
    pub more: &'static [&'static str],
    /// Drawn of a state tests make, of columns and rows, in a theme: what no recording holds.
    pub made: Option<Made>,
}

/// Draws a screen.
pub type Made = fn((u16, u16), &str) -> Picture;

const fn shown(name: &'static str, screen: &'static str, keys: &'static str) -> Shown {
    Shown { name, screen, keys, size: "112x30", theme: "dark", from: None, rollout: false, more: &[], made: None }
}

const PAYMENTS: Option<(&str, &str)> = Some(("team-a/payments-api:1.4.0", "ok"));
const REFUSED: Option<(&str, &str)> = Some(("team-b/sessions:1.2.0", "rejected"));

/// All pictures.
pub const PICTURES: &[Shown] = &[
    Shown { from: PAYMENTS, more: &["--at", "8.9s"], ..shown("bake", "bake", "") },
    shown("store", "store", ""),
    shown("recipes", "recipes", "j j j"),
    shown("editor", "recipes", "enter"),
    shown("palette", "store", "colon 'pay'"),
    Shown { theme: "nord", ..shown("themes", "store", "ctrl-t 'nor'") },
    Shown { from: PAYMENTS, ..shown("baked", "bake", "") },
    Shown { from: REFUSED, ..shown("refused", "bake", "") },
    Shown { more: &["--of", "local/team-a/payments-api:1.4.0"], ..shown("verify", "verify", "") },
    Shown { more: &["--of", "local/team-b/reports:0.9.0"], ..shown("warned", "verify", "k l j j j j") },
    Shown { more: &["--of", "local/team-b/sessions:1.1.0"], ..shown("rejected", "verify", "") },
    Shown {
        more: &["--of", "local/team-a/payments-api:1.3.0", "--of", "local/team-a/payments-api:1.4.0"],
        ..shown("diff", "diff", "j")
    },
    Shown {
        more: &["--of", "local/team-a/payments-api:1.3.0", "--of", "local/team-a/payments-api:1.4.0"],
        ..shown("packages", "diff", "]")
    },
    shown("lineage", "lineage", ""),
    Shown { rollout: true, ..shown("rollout", "lineage", "esc L") },
    shown("bakes", "bakes", ""),
    Shown { made: Some(crate::tui::pool::pictured), size: "112x36", ..shown("pool", "bakes", "") },
    shown("help", "store", "?"),
    Shown { theme: "light", ..shown("light", "store", "") },
    // The last: what it types may be kept as a draft, which *editor* would offer.
    shown("completion", "recipes", "enter alt-g '11' enter end enter '- '"),
];
