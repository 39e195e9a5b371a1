//! The plotting area with its axes.

use maud::{Markup, html};

use super::{Scale, coordinate, label_width, line, text};

/// Room around the plotting area.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Margin {
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
    pub left: f64,
}

/// A plotting area inside a canvas.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Frame {
    pub size: (f64, f64),
    pub margin: Margin,
}

impl Frame {
    /// Left and right end of the plotting area.
    pub(in crate::report) fn across(&self) -> (f64, f64) {
        (self.margin.left, self.size.0 - self.margin.right)
    }

    /// Bottom and top of the plotting area: larger values are drawn higher.
    pub(in crate::report) fn upwards(&self) -> (f64, f64) {
        (self.size.1 - self.margin.bottom, self.margin.top)
    }

    /// Horizontal grid lines with their numbers.
    pub(in crate::report) fn y_axis(&self, scale: &Scale, ticks: &[(f64, String)]) -> Markup {
        let (left, right) = self.across();
        html! {
            @for (value, words) in ticks {
                @let y = scale.at(*value);
                (line((left, y), (right, y), "grid"))
                (text(left - 8.0, y + 4.5, "end", "tick", words))
            }
        }
    }

    /// The base line, its ticks and numbers, and what they count.
    pub(in crate::report) fn x_axis(&self, scale: &Scale, ticks: &[(f64, String)], name: &str) -> Markup {
        let (left, right) = self.across();
        let base = self.upwards().0;
        // A name longer than a narrow axis begins at the drawing's edge.
        let middle = ((left + right) / 2.0).max(label_width([name]) / 2.0);
        html! {
            (line((left, base), (right, base), "axis"))
            @for (value, words) in ticks {
                @let x = scale.at(*value);
                (line((x, base), (x, base + 5.0), "axis"))
                (text(x, base + 20.0, "middle", "tick", words))
            }
            (text(middle, base + 41.0, "middle", "name", name))
        }
    }

    /// What the vertical axis shows: written upwards beside it, where there is no room above.
    pub(in crate::report) fn y_name_beside(&self, name: &str) -> Markup {
        let (bottom, top) = self.upwards();
        let middle = coordinate((bottom + top) / 2.0);
        html! { text.name text-anchor="middle" transform={ "translate(12 " (middle) ") rotate(-90)" } { (name) } }
    }

    /// What the vertical axis shows: written level above it, where it costs no width.
    pub(in crate::report) fn y_name(&self, name: &str) -> Markup {
        text(0.0, 15.0, "start", "name", name)
    }
}
