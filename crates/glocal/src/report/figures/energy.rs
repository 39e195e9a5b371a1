//! Energy by what it is spent on: horizontal bars, each with a line from its low to its high bound.

use maud::{Markup, html};

use crate::report::data::ChipComponent;
use crate::report::format::{EnergyUnit, decimals};
use crate::report::svg::{Drawing, Layout, Scale, coordinate, filled_box, has_place, line, shorten, text};

/// Bars at most; what is left is joined.
const MOST_BARS: usize = 16;
/// Parts that are nowhere above this share of the whole are joined.
const TINY: f64 = 0.01;
/// Height of a bar.
const BAR: f64 = 16.0;
/// Room for names left of the bars, where they do not stand above.
const NAMES: f64 = 190.0;
/// Room above the bars.
const TOP: f64 = 6.0;

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Part {
    pub name: String,
    /// Low, nominal, high.
    pub nanojoules: [f64; 3],
    /// What was joined into it; empty for most.
    pub joined: Vec<String>,
}

/// The components that are not zero, largest first; tiny ones are joined where there are several.
pub(in crate::report) fn parts(components: &[ChipComponent]) -> Vec<Part> {
    let is_spent = |component: &&ChipComponent| component.nanojoules.iter().any(|energy| *energy != 0.0);
    let mut spent: Vec<_> = components.iter().filter(is_spent).collect();
    spent.sort_by(|a, b| b.nanojoules[1].total_cmp(&a.nanojoules[1]));
    let whole = total(components);
    let is_tiny = |(index, component): &(usize, &ChipComponent)| {
        *index >= MOST_BARS || component.nanojoules.iter().all(|energy| energy.abs() < TINY * whole)
    };
    let (tiny, large): (Vec<_>, Vec<_>) = spent.into_iter().enumerate().partition(is_tiny);
    let alone = |(_, component): (usize, &ChipComponent)| Part::of(component);
    let joined = Part::joining(&tiny.iter().map(|(_, component)| *component).collect::<Vec<_>>());
    let rest: Vec<Part> = if tiny.len() > 1 { vec![joined] } else { tiny.into_iter().map(alone).collect() };
    large.into_iter().map(alone).chain(rest).collect()
}

/// Whether there is any bar to draw.
pub(in crate::report) fn is_worth_drawing(parts: &[Part]) -> bool {
    parts.iter().flat_map(|part| part.nanojoules).any(|energy| energy.is_finite() && energy > 0.0)
}

/// The finite nominal energies together.
fn total(components: &[ChipComponent]) -> f64 {
    components.iter().map(|component| component.nanojoules[1]).filter(|energy| energy.is_finite()).sum()
}

impl Part {
    fn of(component: &ChipComponent) -> Self {
        Self { name: component.name.clone(), nanojoules: component.nanojoules, joined: Vec::new() }
    }

    fn joining(components: &[&ChipComponent]) -> Self {
        let sum = |bound: usize| components.iter().map(|component| component.nanojoules[bound]).sum();
        let joined: Vec<String> = components.iter().map(|component| component.name.clone()).collect();
        Self { name: format!("{} others", joined.len()), nanojoules: [0, 1, 2].map(sum), joined }
    }
}

/// The drawing.
pub(in crate::report) fn chart(parts: &[Part], layout: Layout) -> Drawing {
    let bars = Bars::new(parts, layout);
    let body = html! {
        (bars.axis())
        @for (row, part) in parts.iter().enumerate() { (bars.row(row, part)) }
    };
    Drawing {
        size: (layout.width(), bars.base() + 52.0),
        label: "Energy of an image by what it is spent on".to_owned(),
        body,
    }
}

struct Bars<'a> {
    parts: &'a [Part],
    layout: Layout,
    unit: EnergyUnit,
    whole: f64,
    x: Scale,
}

impl<'a> Bars<'a> {
    fn new(parts: &'a [Part], layout: Layout) -> Self {
        let ends =
            || parts.iter().flat_map(|part| part.nanojoules).filter(|energy| energy.is_finite() && *energy >= 0.0);
        let unit = EnergyUnit::fitting(ends().fold(0.0, f64::max));
        let range = (layout.pick(NAMES, 0.0), layout.width() - beside(layout));
        let x = Scale::fit(ends().map(|energy| energy / unit.nanojoules).chain([0.0]), 0.0, range);
        let whole = parts.iter().map(|part| part.nanojoules[1]).filter(|energy| energy.is_finite()).sum();
        Self { parts, layout, unit, whole, x }
    }

    /// From one bar to the next: on a phone the name stands above its bar.
    fn step(&self) -> f64 {
        self.layout.pick(30.0, 46.0)
    }

    fn base(&self) -> f64 {
        TOP + self.step() * self.parts.len() as f64
    }

    fn at(&self, nanojoules: f64) -> f64 {
        self.x.at(nanojoules / self.unit.nanojoules)
    }

    fn axis(&self) -> Markup {
        let base = self.base();
        let (left, right) = (self.at(0.0), self.layout.width() - beside(self.layout));
        html! {
            @for (value, words) in self.x.ticks(self.layout.pick(8, 5)) {
                @let x = self.x.at(value);
                (line((x, TOP), (x, base), "grid"))
                (text(x, base + 18.0, if value == 0.0 && self.layout == Layout::Narrow { "start" } else { "middle" }, "tick", &words))
            }
            (line((left, base), (right, base), "axis"))
            (text((left + right) / 2.0, base + 40.0, "middle", "name", &format!("energy of an image, {}", self.unit.name)))
        }
    }

    fn row(&self, row: usize, part: &Part) -> Markup {
        let below = self.base() - self.step() * (self.parts.len() - row) as f64;
        let (top, left) = (below + self.step() - BAR - 7.0, self.at(0.0));
        let [low, nominal, high] = part.nanojoules.map(|energy| self.at(energy.max(0.0)));
        let words = self.words(part);
        let [name_at, words_at] = self.layout.pick([top + 12.5; 2], [top - 5.0; 2]);
        html! {
            (text(0.0, name_at, "start", "of-part", &shorten(&part.name, self.layout.pick(25, 26))))
            (text(self.layout.width(), words_at, "end", "tick", &words))
            g {
                @if has_place(nominal) { path.spent d=(filled_box((left, top), nominal - left, BAR)) {} }
                @if has_place(low) && has_place(high) && high > low { path.whisker d=(whisker(low, high, top + BAR / 2.0)) {} }
                title { (part.name) ": " (words) }
            }
        }
    }

    /// `1.23 µJ, 34 %`.
    fn words(&self, part: &Part) -> String {
        let nominal = part.nanojoules[1];
        let share = 100.0 * nominal / self.whole;
        let places = if share < 10.0 { 1 } else { 0 };
        let share = if share.is_finite() { format!(", {} %", decimals(share, places)) } else { String::new() };
        let unit = if nominal.is_finite() { format!(" {}", self.unit.name) } else { String::new() };
        let value = nominal / self.unit.nanojoules;
        // beside larger ones, more digits of a small one say nothing
        let value = if (0.0..0.1).contains(&value) { decimals(value, 3) } else { self.unit.words(nominal) };
        format!("{value}{unit}{share}")
    }
}

/// Room right of the bars: for their words, or for half of the last number of the axis.
fn beside(layout: Layout) -> f64 {
    layout.pick(150.0, 18.0)
}

fn whisker(low: f64, high: f64, y: f64) -> String {
    let [from, to] = [low, high].map(coordinate);
    let [above, below, middle] = [y - 5.0, y + 5.0, y].map(coordinate);
    format!("M{from} {above}V{below}M{from} {middle}H{to}M{to} {above}V{below}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(name: &str, nanojoules: [f64; 3]) -> ChipComponent {
        ChipComponent { name: name.to_owned(), nanojoules }
    }

    #[test]
    fn bars_are_sorted_and_tiny_ones_joined() {
        let components = [
            component("a", [1.0, 2.0, 3.0]),
            component("large", [300.0, 600.0, 900.0]),
            component("none", [0.0; 3]),
            component("b", [0.5, 1.0, 2.0]),
            component("uncertain", [0.0, 1.0, 700.0]),
            component("second", [200.0, 396.0, 500.0]),
        ];
        let parts = parts(&components);
        let names: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
        // 1 % of 600 + 396 + 2 + 1 + 1 = 1000 is 10
        assert_eq!(names, ["large", "second", "uncertain", "2 others"]);
        assert_eq!(
            (parts[3].nanojoules, parts[3].joined.as_slice()),
            ([1.5, 3.0, 5.0], &["a".to_owned(), "b".into()][..])
        );
    }

    #[test]
    fn a_single_tiny_part_keeps_its_name() {
        let parts = parts(&[component("large", [1000.0; 3]), component("small", [1.0; 3])]);
        assert_eq!(parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>(), ["large", "small"]);
    }

    #[test]
    fn without_energy_there_is_nothing_to_draw() {
        assert!(parts(&[component("none", [0.0; 3])]).is_empty());
        assert!(!is_worth_drawing(&parts(&[component("lost", [f64::NAN; 3])])));
        assert!(is_worth_drawing(&parts(&[component("some", [0.0, 0.0, 1.0])])));
    }

    #[test]
    fn bars_end_where_their_energy_is() {
        // 0 to 4 µJ over 0..340: a microjoule is 85 wide
        let parts = parts(&[component("all", [1000.0, 2000.0, 4000.0])]);
        let bars = Bars::new(&parts, Layout::Narrow);
        assert_eq!([0.0, 1000.0, 2000.0, 4000.0].map(|energy| bars.at(energy)), [0.0, 85.0, 170.0, 340.0]);
        assert_eq!(bars.words(&parts[0]), "2.00 µJ, 100 %");
    }
}
