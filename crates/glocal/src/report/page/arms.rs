//! The comparison of learning rules.

use maud::{Markup, html};

use super::table::{Table, scrolling};
use crate::report::data::{Arm, Report};
use crate::report::figures::noise::{self, same_variance, sources, variances};
use crate::report::figures::{long_name, short_name};
use crate::report::format::{decimals, difference, mean_sd, or_dash, significant};
use crate::report::stats::Summary;
use crate::report::svg::{Fill, arm_class, marker, responsive};

/// The tables and the noise figure.
pub(super) fn section(report: &Report) -> Markup {
    let arms = &report.arms;
    html! {
        @if !arms.is_empty() {
            section id="arms" {
                h2 { "Learning rules compared" }
                (overview(arms))
                @if noise::is_worth_drawing(report) { (by_noise(report)) (noise_figure(report)) }
            }
        }
    }
}

/// One row per arm: the clean test and what it cost.
fn overview(arms: &[Arm]) -> Markup {
    let sources = sources(arms);
    let caption = "Clean test accuracy in per cent, mean ± standard deviation over seeds; after a published figure, ours minus theirs.";
    let body = html! {
        caption.counted { (caption) }
        thead {
            tr {
                th scope="col" { "learning rule" }
                th scope="col" { "accuracy" }
                th scope="col" { "plastic state" br; "frozen" }
                @for source in &sources { th scope="col" { "published" br; (source) } }
                th scope="col" { "ms per" br; "training step" }
                th scope="col" { "epochs" }
                th scope="col" { "seeds" }
            }
        }
        tbody { @for arm in arms { (overview_row(arm, &sources)) } }
    };
    scrolling(caption, &body)
}

fn overview_row(arm: &Arm, sources: &[&str]) -> Markup {
    html! {
        tr {
            th scope="row" { (swatch(arm)) (long_name(arm)) }
            td { strong { (mean_sd(&ours(arm, 0.0))) } }
            td { (mean_sd(&frozen(arm, 0.0))) }
            @for source in sources { td { (published_cell(arm, source, 0.0)) } }
            td { (or_dash(arm.step_time_ms, significant)) }
            td { (arm.epochs.map_or("–".to_owned(), |epochs| epochs.to_string())) }
            td { (seeds(arm)) }
        }
    }
}

/// A group of rows per arm: ours, frozen, and each source, over the variances.
fn by_noise(report: &Report) -> Markup {
    let (variances, sources) = (variances(&report.arms), sources(&report.arms));
    let axis = report.noise_axis.as_deref().unwrap_or(noise::DEFAULT_AXIS);
    let caption = format!("Test accuracy in per cent by {axis}; after a published figure, ours minus theirs.");
    let body = html! {
        caption.counted { (caption) }
        thead { tr { th scope="col" { "learning rule" } @for v in &variances { th scope="col" { (v) } } } }
        @for arm in &report.arms {
            tbody {
                tr {
                    th scope="row" { (swatch(arm)) (long_name(arm)) }
                    @for v in &variances { td { strong { (mean_sd(&ours(arm, *v))) } } }
                }
                @if arm.accuracies.iter().any(|a| !a.frozen_percent.is_empty()) {
                    tr {
                        th.row-name scope="row" { "plastic state frozen" }
                        @for v in &variances { td { (mean_sd(&frozen(arm, *v))) } }
                    }
                }
                @for source in sources.iter().filter(|s| arm.published.iter().any(|p| p.source == **s)) {
                    tr {
                        th.row-name scope="row" { "published " (source) }
                        @for v in &variances { td { (published_cell(arm, source, *v)) } }
                    }
                }
            }
        }
    };
    html! { h3 { "Under noise" } (scrolling(&caption, &body)) }
}

fn noise_figure(report: &Report) -> Markup {
    let variances = variances(&report.arms);
    let heads = std::iter::once("mean ± sd (seeds)".to_owned()).chain(variances.iter().map(f64::to_string)).collect();
    let row = |arm: &Arm| {
        let cells = variances.iter().map(|v| ours(arm, *v)).map(|s| format!("{} ({})", mean_sd(&s), s.count));
        std::iter::once(short_name(arm)).chain(cells).collect()
    };
    let rows = report.arms.iter().map(row).collect();
    html! {
        figure {
            (responsive(|layout| noise::chart(report, layout)))
            figcaption {
                "How gracefully each rule gives way to noise that it never met in training. Look at the slope: a flatter line is a more robust network, "
                "whatever its height at the left. Lines join our means, bands are one standard deviation over seeds, hollow markers are published figures. "
                "The vertical axis does not start at zero."
            }
            (Table { caption: "Test accuracy in per cent by noise variance", heads, rows }.folded())
        }
    }
}

fn ours(arm: &Arm, variance: f64) -> Summary {
    let found = arm.accuracies.iter().find(|a| same_variance(a.variance, variance));
    Summary::of(found.map_or(&[], |a| &a.percent))
}

fn frozen(arm: &Arm, variance: f64) -> Summary {
    let found = arm.accuracies.iter().find(|a| same_variance(a.variance, variance));
    Summary::of(found.map_or(&[], |a| &a.frozen_percent))
}

fn published_cell(arm: &Arm, source: &str, variance: f64) -> Markup {
    let points = arm.published.iter().filter(|p| p.source == source).flat_map(|p| &p.points);
    let found = points.into_iter().find(|p| same_variance(p.variance, variance)).map(|p| p.percent);
    let mean = ours(arm, variance).mean;
    html! {
        @match found {
            Some(percent) => {
                (decimals(percent, 1))
                @if let Some(mean) = mean { span.delta { "(" (difference(mean - percent)) ")" } }
            }
            None => { "–" }
        }
    }
}

/// How many seeds, and which while they are few.
fn seeds(arm: &Arm) -> String {
    let list: Vec<String> = arm.seeds.iter().map(u64::to_string).collect();
    match list.len() {
        0 => "–".to_owned(),
        n if n <= 5 => format!("{n} ({})", list.join(", ")),
        n => n.to_string(),
    }
}

/// The arm's line and marker, as in the figures.
fn swatch(arm: &Arm) -> Markup {
    html! {
        span class=(arm_class(arm.rule)) {
            svg.chart.swatch viewBox="0 0 24 14" aria-hidden="true" {
                g class=(arm_class(arm.rule)) { path.line d="M1 7L23 7" {} (marker(arm.rule, Fill::Solid, (12.0, 7.0), 4.5, "")) }
            }
        }
    }
}
