//! The comparison of learning rules.

use glocal_core::LearningRule;
use maud::{Markup, html};

use super::table::{caption, scrolling};
use crate::report::data::{Arm, NoiseAccuracy, Report};
use crate::report::figures::long_name;
use crate::report::figures::noise::{self, same_variance, sources, variances};
use crate::report::format::{decimals, difference, mean_sd, plain, significant};
use crate::report::stats::Summary;
use crate::report::svg::{Fill, arm_class, marker, responsive};

/// A cell that may have nothing to say.
type Cell = Option<Markup>;

/// The tables and the noise figure.
pub(super) fn section(report: &Report) -> Markup {
    let arms = &report.arms;
    html! {
        @if !arms.is_empty() {
            section id="arms" {
                h2 { @if arms.len() > 1 { "Learning rules compared" } @else { "What the network reached" } }
                (overview(arms))
                @if noise::is_worth_drawing(report) {
                    h3 { "Under noise" }
                    (noise_figure(report))
                    (by_noise(report))
                }
            }
        }
    }
}

/// One column per arm: the clean test beside the published figures, and what it cost. Rows that nobody filled are
/// left out.
fn overview(arms: &[Arm]) -> Markup {
    let words = "Clean test accuracy in per cent, mean ± standard deviation over seeds; \
        after a published figure, ours minus theirs.";
    let rows = overview_rows(arms).into_iter().filter(|(_, cells)| cells.iter().any(Option::is_some));
    let body = html! {
        (caption(words))
        thead { tr { th { "" } @for arm in arms { th.arm scope="col" { (swatch(arm.rule)) (long_name(arm)) } } } }
        tbody { @for (name, cells) in rows { tr { th.row-name scope="row" { (name) } (row_cells(&cells)) } } }
    };
    scrolling(words, &body)
}

fn overview_rows(arms: &[Arm]) -> Vec<(String, Vec<Cell>)> {
    let row = |name: &str, cell: &dyn Fn(&Arm) -> Cell| (name.to_owned(), arms.iter().map(cell).collect());
    let mut rows = vec![
        row("accuracy", &|arm| ours(arm, 0.0).map(strong)),
        row("plastic state frozen", &|arm| frozen(arm, 0.0).map(|s| html! { (mean_sd(&s)) })),
    ];
    for source in sources(arms) {
        rows.push(row(&format!("published {source}"), &|arm| published(arm, source, 0.0)));
    }
    rows.push(row("seeds", &seeds));
    rows.push(row("epochs", &|arm| arm.epochs.map(|epochs| html! { (epochs) })));
    rows.push(row("ms per training step", &|arm| arm.step_time_ms.map(|ms| html! { (significant(ms)) })));
    rows
}

fn row_cells(cells: &[Cell]) -> Markup {
    html! { @for cell in cells { td { @match cell { Some(words) => { (words) } None => { "–" } } } } }
}

fn strong(summary: Summary) -> Markup {
    html! { strong { (mean_sd(&summary)) } }
}

/// A group of rows per arm: ours, frozen, and each source, over the variances.
fn by_noise(report: &Report) -> Markup {
    let variances = variances(&report.arms);
    let axis = report.noise_axis.as_deref().unwrap_or(noise::DEFAULT_AXIS);
    let words = format!("Test accuracy in per cent by {axis}; after a published figure, ours minus theirs.");
    let body = html! {
        (caption(&words))
        thead { tr { th scope="col" { "learning rule" } @for v in &variances { th scope="col" { (plain(*v)) } } } }
        @for arm in &report.arms {
            tbody {
                @for (class, name, cells) in noise_rows(arm, &variances) {
                    tr { th class=(class) scope="row" { (name) } (row_cells(&cells)) }
                }
            }
        }
    };
    scrolling(&words, &body)
}

fn noise_rows(arm: &Arm, variances: &[f64]) -> Vec<(&'static str, Markup, Vec<Cell>)> {
    let over = |cell: &dyn Fn(f64) -> Cell| variances.iter().map(|v| cell(*v)).collect::<Vec<_>>();
    let name = html! { (swatch(arm.rule)) (long_name(arm)) };
    let mut rows = vec![("", name, over(&|v| ours(arm, v).map(strong)))];
    if arm.accuracies.iter().any(|a| !a.frozen_percent.is_empty()) {
        let cells = over(&|v| frozen(arm, v).map(|s| html! { (mean_sd(&s)) }));
        rows.push(("row-name", html! { "plastic state frozen" }, cells));
    }
    for source in sources(std::slice::from_ref(arm)) {
        rows.push(("row-name", html! { "published " (source) }, over(&|v| published(arm, source, v))));
    }
    rows
}

fn noise_figure(report: &Report) -> Markup {
    html! {
        figure {
            (responsive(|layout| noise::chart(report, layout)))
            figcaption {
                "How gracefully each rule gives way to noise that it never met in training. Look at the slope: a "
                "flatter line is a more robust network, "
                "whatever its height at the left. Lines join our means, bands are one standard deviation over "
                "seeds, hollow markers are published figures. "
                "The vertical axis does not start at zero."
            }
        }
    }
}

fn ours(arm: &Arm, variance: f64) -> Option<Summary> {
    summary(arm, variance, |a| &a.percent)
}

fn frozen(arm: &Arm, variance: f64) -> Option<Summary> {
    summary(arm, variance, |a| &a.frozen_percent)
}

/// `None` where nothing was measured.
fn summary(arm: &Arm, variance: f64, of: fn(&NoiseAccuracy) -> &Vec<f64>) -> Option<Summary> {
    let found = arm.accuracies.iter().find(|a| same_variance(a.variance, variance)).map(of)?;
    (!found.is_empty()).then(|| Summary::of(found))
}

fn published(arm: &Arm, source: &str, variance: f64) -> Cell {
    let mut points = arm.published.iter().filter(|p| p.source == source).flat_map(|p| &p.points);
    let percent = points.find(|p| same_variance(p.variance, variance))?.percent;
    let mean = ours(arm, variance).and_then(|s| s.mean);
    Some(html! {
        (decimals(percent, 1))
        @if let Some(mean) = mean { span.delta { "(" (difference(mean - percent)) ")" } }
    })
}

/// How many seeds, and which while they are few; counted from the accuracies where they were not named.
fn seeds(arm: &Arm) -> Cell {
    let list: Vec<String> = arm.seeds.iter().map(u64::to_string).collect();
    let measured = arm.accuracies.iter().map(|a| a.percent.len()).max().unwrap_or(0);
    match (list.len(), measured) {
        (0, 0) => None,
        (0, n) => Some(html! { (n) }),
        (n, _) if n <= 5 => Some(html! { (n) span.delta { "(" (list.join(", ")) ")" } }),
        (n, _) => Some(html! { (n) }),
    }
}

/// The arm's line and marker, as in the figures.
pub(super) fn swatch(rule: LearningRule) -> Markup {
    html! {
        svg.chart.swatch viewBox="0 0 24 14" aria-hidden="true" {
            g class=(arm_class(rule)) {
                path.line d="M1 7L23 7" {}
                (marker(rule, Fill::Solid, (12.0, 7.0), 4.5, ""))
            }
        }
    }
}
