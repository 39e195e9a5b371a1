//! Path data.

/// Whether a value has a place on a drawing: finite, and not so far away that its digits would fill a page.
pub(in crate::report) fn has_place(value: f64) -> bool {
    value.abs() < 1e6
}

/// One drawing coordinate: at most one decimal, and 0 for what has no place.
pub(in crate::report) fn coordinate(value: f64) -> String {
    let value = if has_place(value) { (value * 10.0).round() / 10.0 } else { 0.0 };
    format!("{}", value + 0.0)
}

/// A line through the points, broken where a point has no place.
pub(in crate::report) fn polyline(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    let mut pen_down = false;
    for (x, y) in points {
        let drawn = has_place(x) && has_place(y);
        if drawn {
            path.push(if pen_down { 'L' } else { 'M' });
            path.push_str(&format!("{} {}", coordinate(x), coordinate(y)));
        }
        pen_down = drawn;
    }
    path
}

/// The area between an upper and a lower edge, given as `(x, upper, lower)`; points that have no place are left out.
pub(in crate::report) fn band(edges: &[(f64, f64, f64)]) -> String {
    let finite: Vec<_> = edges.iter().filter(|e| [e.0, e.1, e.2].into_iter().all(has_place)).collect();
    if finite.len() < 2 {
        return String::new();
    }
    let there = finite.iter().map(|e| (e.0, e.1));
    let back = finite.iter().rev().map(|e| (e.0, e.2));
    polyline(there.chain(back)) + "Z"
}

/// A filled box from its upper left corner, to be joined with others into one path: a box as its own element would
/// weigh ten times as much.
pub(in crate::report) fn filled_box((left, top): (f64, f64), width: f64, height: f64) -> String {
    let (w, h) = (coordinate(width), coordinate(height));
    format!("M{} {}h{w}v{h}h-{w}z", coordinate(left), coordinate(top))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_point_breaks_the_line() {
        let points = [(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 4.25)];
        assert_eq!(polyline(points), "M0 1L1 2M3 4.3");
    }

    #[test]
    fn coordinates_are_short_and_finite() {
        assert_eq!(coordinate(-0.01), "0");
        assert_eq!(coordinate(f64::INFINITY), "0");
        assert_eq!(coordinate(f64::MAX), "0");
        assert_eq!(coordinate(12.3456), "12.3");
    }

    #[test]
    fn a_band_needs_two_points() {
        assert_eq!(band(&[(0.0, 1.0, 2.0)]), "");
        assert_eq!(band(&[(0.0, 1.0, 3.0), (1.0, 1.0, 3.0)]), "M0 1L1 1L1 3L0 3Z");
    }
}
