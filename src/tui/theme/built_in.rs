//! The themes that come with bakery, in the order they are offered. Reads none.

/// Name and text of each.
pub const BUILT_IN: [(&str, &str); 15] = [
    ("dark", include_str!("../../../themes/dark.yaml")),
    ("light", include_str!("../../../themes/light.yaml")),
    ("terminal", include_str!("../../../themes/terminal.yaml")),
    ("mono", include_str!("../../../themes/mono.yaml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.yaml")),
    ("high-contrast-light", include_str!("../../../themes/high-contrast-light.yaml")),
    ("deuteranopia", include_str!("../../../themes/deuteranopia.yaml")),
    ("tritanopia", include_str!("../../../themes/tritanopia.yaml")),
    ("catppuccin-latte", include_str!("../../../themes/catppuccin-latte.yaml")),
    ("catppuccin-mocha", include_str!("../../../themes/catppuccin-mocha.yaml")),
    ("gruvbox-dark", include_str!("../../../themes/gruvbox-dark.yaml")),
    ("gruvbox-light", include_str!("../../../themes/gruvbox-light.yaml")),
    ("nord", include_str!("../../../themes/nord.yaml")),
    ("solarized-dark", include_str!("../../../themes/solarized-dark.yaml")),
    ("solarized-light", include_str!("../../../themes/solarized-light.yaml")),
];

/// Other names some of them go by.
const ALIASES: [(&str, &str); 3] = [("bakery-dark", "dark"), ("bakery-light", "light"), ("monochrome", "mono")];

/// The text of a built-in theme, by its name or another it goes by.
pub(super) fn text_of(name: &str) -> Option<&'static str> {
    let real = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, real)| real);
    BUILT_IN.iter().find(|(known, _)| *known == real).map(|(_, text)| *text)
}

/// All names, for people.
pub(super) fn names() -> String {
    BUILT_IN.map(|(name, _)| name).join(", ")
}
