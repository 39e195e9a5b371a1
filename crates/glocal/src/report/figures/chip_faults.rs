//! Accuracy against the share of a chip that is damaged: one small panel per kind, a line per network.

use super::course::{Look, other_looks};
use super::panel::{Axis, LABEL_GAP, Line, Panel, Stroke};
use crate::report::data::{ChipFaults, ChipNetwork};
use crate::report::format::plain;
use crate::report::stats::Summary;
use crate::report::svg::{Drawing, Layout, label_width};

/// A network whose chip was damaged, with the number and the look of its lines.
pub(in crate::report) struct Damaged<'a> {
    pub number: usize,
    pub network: &'a ChipNetwork,
    pub look: Look,
}

/// The networks with any accuracy under damage, numbered from 1.
pub(in crate::report) fn damaged(networks: &[ChipNetwork]) -> Vec<Damaged<'_>> {
    let is_measured = |network: &&ChipNetwork| network.faults.iter().any(|faults| !curve(faults).is_empty());
    let measured: Vec<_> = networks.iter().filter(is_measured).collect();
    let looks = other_looks(measured.len());
    let numbered = (1..).zip(measured).zip(looks);
    numbered.map(|((number, network), look)| Damaged { number, network, look }).collect()
}

/// The kinds of damage of all networks, in order of appearance.
pub(in crate::report) fn kinds<'a>(damaged: &[Damaged<'a>]) -> Vec<&'a str> {
    let mut kinds = Vec::new();
    for faults in damaged.iter().flat_map(|damaged| &damaged.network.faults).filter(|f| !curve(f).is_empty()) {
        if !kinds.contains(&faults.name.as_str()) {
            kinds.push(&faults.name);
        }
    }
    kinds
}

impl Damaged<'_> {
    /// Shares damaged in this way, ascending, with mean and deviation over seeds; empty where nothing was measured.
    pub(in crate::report) fn curve(&self, kind: &str) -> Vec<(f64, Summary)> {
        self.network.faults.iter().find(|faults| faults.name == kind).map_or(Vec::new(), curve)
    }

    fn line(&self, kind: &str) -> Option<Line> {
        let points = self.curve(kind);
        let (label, name) = (self.number.to_string(), self.network.label.clone());
        let look = self.look.clone();
        (!points.is_empty()).then_some(Line { label, name, look, stroke: Stroke::Full, points })
    }
}

/// The drawing of one kind. Panels share the height of their scales; shares differ too much from kind to kind.
pub(in crate::report) fn panel(damaged: &[Damaged], kind: &str, layout: Layout) -> Drawing {
    let of = |kind: &str| -> Vec<Line> { damaged.iter().filter_map(|damaged| damaged.line(kind)).collect() };
    let (own, all) = (of(kind), kinds(damaged).into_iter().flat_map(of).collect::<Vec<_>>());
    let axis = Axis {
        name: "share damaged, %",
        ticks: |scale| scale.ticks(6),
        at: |share| format!("{} % damaged", plain(share)),
    };
    let right = label_width(own.iter().map(|line| &line.label)) + LABEL_GAP;
    let panel = Panel::new(&own, &all, right, layout, axis);
    panel.drawing(&own, format!("Test accuracy by share of {kind}"))
}

fn curve(faults: &ChipFaults) -> Vec<(f64, Summary)> {
    let measured = faults.points.iter().filter(|(share, percent)| share.is_finite() && !percent.is_empty());
    let mut points: Vec<_> = measured.map(|(share, percent)| (*share, Summary::of(percent))).collect();
    points.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(kind: &str, points: &[(f64, Vec<f64>)]) -> ChipNetwork {
        let faults = vec![ChipFaults { name: kind.to_owned(), points: points.to_vec() }];
        ChipNetwork { faults, ..ChipNetwork::default() }
    }

    #[test]
    fn networks_are_numbered_and_shares_ascend() {
        let points = [(5.0, vec![80.0, 82.0]), (f64::NAN, vec![3.0]), (2.0, vec![]), (0.0, vec![90.0])];
        let networks = [network("links", &[(1.0, vec![])]), network("cores", &points), network("bits", &points[..1])];
        let damaged = damaged(&networks);
        assert_eq!(damaged.iter().map(|d| d.number).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(kinds(&damaged), ["cores", "bits"]);
        let means: Vec<_> = damaged[0].curve("cores").iter().map(|(share, s)| (*share, s.mean)).collect();
        assert_eq!(means, [(0.0, Some(90.0)), (5.0, Some(81.0))]);
        assert!(damaged[1].curve("cores").is_empty());
    }
}
