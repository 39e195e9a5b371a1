//! Learning curves: the mean over seeds, with a thin line for each seed.

use maud::{Markup, html};

use super::short_name;
use crate::report::data::{Arm, SeedCurve};
use crate::report::stats::{Summary, by_epoch};
use crate::report::svg::{
    Drawing, Fill, Frame, Layout, Margin, Scale, arm_class, label_width, marker, polyline, shorten, spread, text,
};

/// Which curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Quantity {
    TrainingLoss,
    ValidationLoss,
    TrainingAccuracy,
    ValidationAccuracy,
    TestAccuracy,
}

impl Quantity {
    /// In the order of the page.
    pub(in crate::report) const ALL: [Self; 5] = [
        Self::TrainingLoss,
        Self::ValidationLoss,
        Self::TrainingAccuracy,
        Self::ValidationAccuracy,
        Self::TestAccuracy,
    ];

    /// The name of the vertical axis.
    pub(in crate::report) fn name(self) -> &'static str {
        match self {
            Self::TrainingLoss => "training loss",
            Self::ValidationLoss => "validation loss",
            Self::TrainingAccuracy => "training accuracy, %",
            Self::ValidationAccuracy => "validation accuracy, %",
            Self::TestAccuracy => "test accuracy, %",
        }
    }

    fn is_loss(self) -> bool {
        matches!(self, Self::TrainingLoss | Self::ValidationLoss)
    }

    fn of(self, curve: &SeedCurve) -> &[f64] {
        match self {
            Self::TrainingLoss => &curve.training_loss,
            Self::ValidationLoss => &curve.validation_loss,
            Self::TrainingAccuracy => &curve.training_percent,
            Self::ValidationAccuracy => &curve.validation_percent,
            Self::TestAccuracy => &curve.test_percent,
        }
    }

    /// The curve of every seed.
    fn seeds(self, arm: &Arm) -> Vec<&[f64]> {
        arm.curves.iter().map(|curve| self.of(curve)).collect()
    }

    /// The summary of every epoch.
    pub(in crate::report) fn epochs(self, arm: &Arm) -> Vec<Summary> {
        by_epoch(&self.seeds(arm))
    }
}

/// Whether any arm recorded this quantity.
pub(in crate::report) fn is_recorded(arms: &[Arm], quantity: Quantity) -> bool {
    arms.iter().any(|arm| quantity.epochs(arm).iter().any(|s| s.mean.is_some()))
}

/// The drawing.
pub(in crate::report) fn panel(arms: &[Arm], quantity: Quantity, layout: Layout) -> Drawing {
    let names: Vec<String> = arms.iter().map(label).collect();
    let margin = Margin { top: 34.0, right: label_width(&names) + 16.0, bottom: 52.0, left: 52.0 };
    let frame = Frame { size: (layout.pick(428.0, Layout::Narrow.width()), layout.pick(290.0, 250.0)), margin };
    let panel = Panel { quantity, frame, x: epoch_scale(arms, &frame), y: value_scale(arms, quantity, &frame) };
    let body = html! {
        (frame.y_axis(&panel.y, &panel.y.ticks(5)))
        (frame.x_axis(&panel.x, &panel.x.whole_ticks(6), "epoch"))
        (frame.y_name(quantity.name()))
        @for arm in arms { g class=(arm_class(arm.rule)) { (panel.lines(arm)) } }
        (panel.labels(arms))
    };
    Drawing { size: frame.size, label: format!("{} by epoch", quantity.name()), body }
}

/// The same for every panel.
fn epoch_scale(arms: &[Arm], frame: &Frame) -> Scale {
    let epochs = Quantity::ALL.into_iter().flat_map(|q| arms.iter().flat_map(move |arm| q.seeds(arm)));
    let last = epochs.map(<[f64]>::len).max().unwrap_or(0);
    let (left, right) = frame.across();
    Scale::fit([1.0, last.max(1) as f64], 0.0, (left + 6.0, right - 6.0))
}

/// Losses share one scale and accuracies another, so that training and validation can be compared by eye.
fn value_scale(arms: &[Arm], quantity: Quantity, frame: &Frame) -> Scale {
    let family = Quantity::ALL.into_iter().filter(|other| other.is_loss() == quantity.is_loss());
    let values = family.flat_map(|q| arms.iter().flat_map(move |arm| q.seeds(arm))).flatten().copied();
    let scale = Scale::fit(values, 0.06, frame.upwards());
    if quantity.is_loss() { scale } else { scale.within(0.0, 100.0) }
}

struct Panel {
    quantity: Quantity,
    frame: Frame,
    x: Scale,
    y: Scale,
}

impl Panel {
    fn at(&self, epoch: usize, value: f64) -> (f64, f64) {
        (self.x.at(epoch as f64 + 1.0), self.y.at(value))
    }

    fn lines(&self, arm: &Arm) -> Markup {
        let seeds = self.quantity.seeds(arm);
        let mean = self.quantity.epochs(arm);
        let centre = mean.iter().enumerate().map(|(epoch, s)| self.at(epoch, s.mean.unwrap_or(f64::NAN)));
        html! {
            @if seeds.len() > 1 {
                @for seed in &seeds { path.thin d=(polyline(seed.iter().enumerate().map(|(e, v)| self.at(e, *v)))) {} }
            }
            path.line d=(polyline(centre)) {}
            @if let Some((epoch, value)) = last(&mean) { (marker(arm.rule, Fill::Solid, self.at(epoch, value), 4.0, "")) }
        }
    }

    fn labels(&self, arms: &[Arm]) -> Markup {
        let ends: Vec<_> = arms.iter().filter_map(|arm| Some((arm, last(&self.quantity.epochs(arm))?))).collect();
        let heights: Vec<f64> = ends.iter().map(|(_, (_, value))| self.y.at(*value)).collect();
        let (bottom, top) = self.frame.upwards();
        let placed = spread(&heights, 17.0, top, bottom);
        html! {
            @for ((arm, (epoch, _)), y) in ends.iter().zip(placed) {
                @let x = self.x.at(*epoch as f64 + 1.0) + 10.0;
                g class=(arm_class(arm.rule)) { (text(x, y + 4.5, "start", "label", &label(arm))) }
            }
        }
    }
}

fn label(arm: &Arm) -> String {
    shorten(&short_name(arm), 14)
}

/// The last epoch with a finite mean.
fn last(means: &[Summary]) -> Option<(usize, f64)> {
    means.iter().enumerate().rev().find_map(|(epoch, s)| Some((epoch, s.mean?)))
}
