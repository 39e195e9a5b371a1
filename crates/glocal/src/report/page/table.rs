//! Tables that scroll inside their own box.

use maud::{Markup, html};

/// Longer tables are cut: the JSON has everything.
pub(super) const MOST_ROWS: usize = 1000;

/// A table as text: a caption, the column heads, and rows whose first cell is their head.
pub(super) struct Table<'a> {
    pub caption: &'a str,
    pub heads: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table<'_> {
    /// The table in a box of its own.
    pub(super) fn html(&self) -> Markup {
        let body = html! {
            caption { span { (self.caption) } }
            thead { tr { @for head in &self.heads { th scope="col" { (head) } } } }
            tbody {
                @for row in &self.rows {
                    tr {
                        @for (column, cell) in row.iter().enumerate() {
                            @if column == 0 { th.row-name scope="row" { (cell) } } @else { td { (cell) } }
                        }
                    }
                }
            }
        };
        scrolling(self.caption, &body)
    }

    /// The table behind a line that opens it.
    pub(super) fn folded(&self) -> Markup {
        html! { details { summary { "The numbers as a table" } (self.html()) } }
    }
}

/// A numbered caption that stays in view while its table scrolls sideways.
pub(super) fn caption(words: &str) -> Markup {
    html! { caption { span.counted { (words) } } }
}

/// A table's box: reachable by keyboard, so that it can be scrolled without a pointer.
pub(super) fn scrolling(label: &str, body: &Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(label) { table { (body) } } }
}
