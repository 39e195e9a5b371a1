//! Cuts the drawings out of a report's page, each as an SVG file of its own: for a paper, a talk, or the book.
//!
//! ```text
//! cargo run --release --example page_pictures -- runs/quickstart/report.html pictures
//! ```
//!
//! The page has most drawings twice, for wide and for narrow screens; the wide ones are taken.

use std::path::PathBuf;

/// The page cannot be read, or the folder not be written.
pub type Failure = Box<dyn std::error::Error>;

/// Width of the page's narrow drawings.
const NARROW: f64 = 358.0;

/// Writes `01-NAME.svg`, `02-NAME.svg`, ... and names them.
pub fn main() -> Result<(), Failure> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(page), Some(folder)) = (paths.next(), paths.next()) else {
        return Err("give a page and a folder".into());
    };
    let page = std::fs::read_to_string(page)?;
    std::fs::create_dir_all(&folder)?;
    for (number, (name, drawing)) in pictures(&page).into_iter().enumerate() {
        let path = folder.join(format!("{:02}-{name}.svg", number + 1));
        std::fs::write(&path, drawing)?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Name and text of each wide drawing of a page.
pub fn pictures(page: &str) -> Vec<(String, String)> {
    let style = style(page);
    let drawings = page.match_indices("<svg class=\"chart\" ").filter_map(|(at, _)| {
        let end = page[at..].find("</svg>")?;
        picture(&page[at..at + end], &style)
    });
    drawings.collect()
}

/// The page's light colours and its rules for drawings.
fn style(page: &str) -> String {
    let sheet = page.split_once("<style>").and_then(|(_, rest)| rest.split("</style>").next()).unwrap_or_default();
    let of_drawings = |line: &&str| [":root{", ".chart ", ".chart{font", ".arm-"].iter().any(|s| line.starts_with(s));
    sheet.lines().filter(of_drawings).collect::<Vec<_>>().join("\n")
}

/// `drawing`, without its end, on a white sheet; `None` for narrow ones.
fn picture(drawing: &str, style: &str) -> Option<(String, String)> {
    let (head, body) = drawing.split_once('>')?;
    let sides: Vec<f64> = attribute(head, "viewBox")?.split(' ').filter_map(|n| n.parse().ok()).collect();
    let &[_, _, width, height] = sides.as_slice() else { return None };
    let name = file_name(attribute(head, "aria-label")?);
    let sheet = format!("<style>{style}</style><rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>");
    let file = format!("{head} width=\"{width}\" height=\"{height}\">{sheet}{body}</svg>\n");
    (width > NARROW).then_some((name, file))
}

fn attribute<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split_once(&format!("{name}=\""))?.1.split('"').next()
}

/// The label's first words, as letters, digits and hyphens.
fn file_name(label: &str) -> String {
    let words = label.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.take(4).map(str::to_lowercase).collect::<Vec<_>>().join("-")
}
