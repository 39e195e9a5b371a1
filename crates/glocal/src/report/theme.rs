//! Colours and type. The colours are written once, as pairs; style sheets name them.

use maud::{PreEscaped, html};

use super::svg::{Drawing, shorten, text};

/// Name, light and dark value; drawings are dark on light paper in both. The three arms follow Okabe and Ito, moved until each can be read as text on its ground.
const COLOURS: [(&str, &str, &str); 16] = [
    ("ground", "#ffffff", "#14171c"),
    ("ink", "#1a1d21", "#e7e9ec"),
    ("soft", "#565d66", "#a5adb8"),
    ("rule", "#d5d9de", "#3a414b"),
    ("grid", "#e7eaed", "#2a3039"),
    ("gp", "#0067a5", "#62b6ee"),
    ("lp", "#b34a00", "#f09a4e"),
    ("hp", "#00735a", "#3ccba0"),
    ("other", "#7a3fa3", "#c9a2ee"),
    ("spike", "#23272d", "#e3e6ea"),
    ("info", "#0067a5", "#62b6ee"),
    ("warning", "#8f5a00", "#f0b850"),
    ("error", "#b3261e", "#ff8a80"),
    ("link", "#0067a5", "#62b6ee"),
    ("paper", "#ffffff", "#e0e0e0"),
    ("drawn", "#000000", "#000000"),
];

const PAGE: &str = include_str!("page.css");
const CHART: &str = include_str!("chart.css");

/// The style sheet of the page: light or dark as the reader's system asks, light on paper.
pub(super) fn page_css() -> String {
    let (light, dark) = (variables(|c| c.1), variables(|c| c.2));
    let schemes = [
        format!(":root{{color-scheme:light dark;{light}}}"),
        format!("@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"),
    ];
    schemes.join("\n") + "\n" + PAGE + CHART
}

fn variables(pick: impl Fn(&(&'static str, &'static str, &'static str)) -> &'static str) -> String {
    COLOURS.iter().map(|colour| format!("--{}:{};", colour.0, pick(colour))).collect()
}

/// A drawing as a file of its own: light colours in place of the variables, on a rounded sheet with a hairline, so
/// that it
/// also sits well on a dark page. A notice stands above the drawing.
pub(super) fn standalone(drawing: &Drawing, notice: Option<&str>) -> String {
    let css =
        COLOURS.iter().fold(CHART.to_owned(), |css, (name, light, _)| css.replace(&format!("var(--{name})"), light));
    let above = if notice.is_some() { 28.0 } else { 0.0 };
    let (width, height) = (drawing.size.0 + 48.0, drawing.size.1 + 40.0 + above);
    let top = -20.0 - above;
    let view = format!("-24 {top} {width} {height}");
    let file = html! {
        svg.chart xmlns="http://www.w3.org/2000/svg" viewBox=(view) width=(width) height=(height) role="img" aria-label=(drawing.label) {
            style { (PreEscaped(css)) }
            rect x="-23.5" y=(top + 0.5) width=(width - 1.0) height=(height - 1.0) rx="8" fill="#ffffff" stroke="#d5d9de" {}
            @if let Some(words) = notice { (text(0.0, -14.0, "start", "notice-line", &shorten(words, 105))) }
            (drawing.body)
        }
    };
    file.into_string() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2 relative luminance of `#rrggbb`.
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("hexadecimal")) / 255.0;
        let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        0.2126 * linear(channel(1)) + 0.7152 * linear(channel(3)) + 0.0722 * linear(channel(5))
    }

    #[test]
    fn every_text_colour_can_be_read_in_both_schemes() {
        let light: Vec<_> = COLOURS.iter().map(|(name, light, _)| (*name, *light)).collect();
        let dark: Vec<_> = COLOURS.iter().map(|(name, _, dark)| (*name, *dark)).collect();
        for scheme in [light, dark] {
            let ground = luminance(scheme.iter().find(|c| c.0 == "ground").expect("a ground").1) + 0.05;
            for (name, colour) in scheme.iter().filter(|c| !["ground", "rule", "grid", "paper", "drawn"].contains(&c.0))
            {
                let ink = luminance(colour) + 0.05;
                let contrast = ink.max(ground) / ink.min(ground);
                assert!(contrast >= 4.5, "{name} {colour}: {contrast:.2}");
            }
        }
    }

    /// Cells are drawn over the ground in a colour that lets it through.
    #[test]
    fn numbers_in_a_heat_map_can_be_read_in_both_schemes() {
        let scheme = |pick: fn(&(&str, &'static str, &'static str)) -> &'static str| {
            ["ground", "ink", "info", "error"].map(|name| pick(COLOURS.iter().find(|c| c.0 == name).expect("a colour")))
        };
        for [ground, ink, right, wrong] in [scheme(|c| c.1), scheme(|c| c.2)] {
            for cell in [right, wrong] {
                let (a, b) = (luminance(&mixed(cell, ground)) + 0.05, luminance(ink) + 0.05);
                assert!(a.max(b) / a.min(b) >= 4.5, "{ink} on {cell} over {ground}: {:.2}", a.max(b) / a.min(b));
            }
        }
    }

    /// `over` in the strongest shade of a cell on `ground`.
    fn mixed(over: &str, ground: &str) -> String {
        let channel = |colour: &str, at: usize| f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("hex"));
        let share = crate::report::figures::confusion::STRONGEST;
        let mix = |at| (share * channel(over, at) + (1.0 - share) * channel(ground, at)).round() as u8;
        format!("#{:02x}{:02x}{:02x}", mix(1), mix(3), mix(5))
    }
}
