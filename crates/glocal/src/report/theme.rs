//! Colours and type. The colours are written once, as pairs; style sheets name them.

/// Name, light and dark value. The three arms follow Okabe and Ito, moved until each can be read as text on its ground.
const COLOURS: [(&str, &str, &str); 14] = [
    ("ground", "#ffffff", "#14171c"),
    ("raised", "#f6f7f8", "#1c2027"),
    ("ink", "#1a1d21", "#e7e9ec"),
    ("soft", "#565d66", "#a5adb8"),
    ("rule", "#d5d9de", "#3a414b"),
    ("grid", "#e7eaed", "#2a3039"),
    ("gp", "#0067a5", "#62b6ee"),
    ("lp", "#b34a00", "#f09a4e"),
    ("hp", "#00735a", "#3ccba0"),
    ("spike", "#23272d", "#e3e6ea"),
    ("info", "#0067a5", "#62b6ee"),
    ("warning", "#8f5a00", "#f0b850"),
    ("error", "#b3261e", "#ff8a80"),
    ("link", "#0067a5", "#62b6ee"),
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

/// A drawing as a file of its own: light colours in place of the variables, on a rounded sheet with a hairline, so that it also sits well on a dark page.
pub(super) fn standalone(drawing: &str) -> String {
    let css =
        COLOURS.iter().fold(CHART.to_owned(), |css, (name, light, _)| css.replace(&format!("var(--{name})"), light));
    let (open, rest) = drawing.split_once('>').unwrap_or(("", ""));
    let body = rest.trim_end_matches("</svg>");
    let size = open.split('"').find_map(|part| part.strip_prefix("0 0 ")).unwrap_or("880 424");
    let (width, height) = size.split_once(' ').unwrap_or(("880", "424"));
    let side = |text: &str, room: f64| text.parse::<f64>().unwrap_or(0.0) + room;
    let (w, h) = (side(width, 48.0), side(height, 40.0));
    let open = open.replace(&format!("0 0 {size}"), &format!("-24 -20 {w} {h}"));
    format!(
        "{open} width=\"{w}\" height=\"{h}\"><style>{css}</style>\
         <rect x=\"-23.5\" y=\"-19.5\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"#ffffff\" stroke=\"#d5d9de\"/>{body}</svg>\n",
        w - 1.0,
        h - 1.0
    )
}
