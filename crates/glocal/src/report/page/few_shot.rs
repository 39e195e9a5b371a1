//! Few-shot learning: what was reached, beside what others published, and with how many pictures.

use maud::{Markup, html};

use super::episode;
use super::table::{MOST_ROWS, Table, caption, scrolling};
use crate::report::data::{FewShot, FewShotCell, FewShotRow, ShotCurve};
use crate::report::figures::shots::{SHOTS, all_shots, chart, class, close_up, fills, is_worth_drawing, lines, point};
use crate::report::format::with_interval;
use crate::report::svg::{Fill, responsive};

/// The table, accuracy against the number of pictures, and episodes in full.
pub(super) fn section(few_shot: &FewShot) -> Markup {
    let has_table = has_table(few_shot);
    let has_curves = is_worth_drawing(&few_shot.shots);
    let episodes = || few_shot.episodes.iter().filter(|episode| episode::has_anything(episode));
    html! {
        @if has_table || has_curves || episodes().next().is_some() {
            section id="few-shot" {
                h2 { "Few-shot learning" }
                p {
                    "Can a network tell classes apart that it never met in training, after a few labelled pictures of "
                    "each? Such a small task is called an episode. 5-way 1-shot means: five new classes, and one "
                    "labelled picture of each to learn from. Guessing among five classes is right in "
                    "20\u{a0}% of cases, among twenty in 5\u{a0}%."
                }
                @if has_table { (table(few_shot)) }
                @if has_curves { (shots_figure(&few_shot.shots)) }
                @for episode in episodes() { (episode::explained(episode)) }
            }
        }
    }
}

fn has_table(few_shot: &FewShot) -> bool {
    let is_filled = |row: &FewShotRow| (0..few_shot.tasks.len()).any(|task| row.cell(task).is_some());
    few_shot.table.iter().any(is_filled)
}

/// Ours first, then what others published.
fn table(few_shot: &FewShot) -> Markup {
    let words = "Accuracy on new classes in per cent, mean ± half the width of the 95 % confidence interval over \
        episodes. Bold: our highest in each column.";
    let (theirs, ours): (Vec<_>, Vec<_>) = few_shot.table.iter().partition(|row| row.published);
    let columns = few_shot.tasks.len();
    let fills = fills(&ours.iter().map(|row| row.rule).collect::<Vec<_>>());
    let best: Vec<Option<f64>> = (0..columns).map(|task| best(&ours, task)).collect();
    let body = html! {
        (caption(words))
        thead { tr { th { "" } @for task in &few_shot.tasks { th scope="col" { (task) } } } }
        @if !ours.is_empty() { tbody { @for (row, fill) in ours.iter().zip(fills) { (our_row(row, fill, &best)) } } }
        @if !theirs.is_empty() {
            tbody.published {
                tr { th.group scope="rowgroup" colspan=(columns + 1) { span { "Published by others" } } }
                @for row in &theirs {
                    tr {
                        th.row-name scope="row" { (row.label) }
                        @for task in 0..columns { td { (row.cell(task).map_or("–".to_owned(), cell_words)) } }
                    }
                }
            }
        }
    };
    html! {
        (scrolling(words, &body))
        @if let Some(count) = episode_count(&ours) {
            p.what { "Each of our figures is a mean over " (count) " of classes that were not trained on." }
        }
    }
}

fn our_row(row: &FewShotRow, fill: Fill, best: &[Option<f64>]) -> Markup {
    html! {
        tr {
            th scope="row" { (swatch(row, fill)) (row.label) }
            @for (task, best) in best.iter().enumerate() {
                @match row.cell(task) {
                    Some(cell) if Some(cell.percent) == *best => { td { strong { (cell_words(cell)) } } }
                    Some(cell) => { td { (cell_words(cell)) } }
                    None => { td { "–" } }
                }
            }
        }
    }
}

/// The row's line and marker, as in the figure.
fn swatch(row: &FewShotRow, fill: Fill) -> Markup {
    html! {
        svg.chart.swatch viewBox="0 0 24 14" aria-hidden="true" {
            g class=(class(row.rule)) {
                path.line d="M1 7L23 7" {}
                (point(row.rule, fill, (12.0, 7.0), 4.5, ""))
            }
        }
    }
}

fn cell_words(cell: &FewShotCell) -> String {
    with_interval(cell.percent, cell.interval)
}

/// The highest finite accuracy of a column; `None` where a single row leaves nothing to compare.
fn best(rows: &[&FewShotRow], task: usize) -> Option<f64> {
    let percents = || rows.iter().filter_map(|row| row.cell(task)).map(|cell| cell.percent).filter(|p| p.is_finite());
    percents().reduce(f64::max).filter(|_| percents().count() > 1)
}

/// `1000 episodes`, or `600 to 1000 episodes`.
fn episode_count(rows: &[&FewShotRow]) -> Option<String> {
    let counts = || rows.iter().flat_map(|row| &row.cells).flatten().filter_map(|cell| cell.episodes);
    let (fewest, most) = (counts().min()?, counts().max()?);
    Some(if fewest == most { format!("{most} episodes") } else { format!("{fewest} to {most} episodes") })
}

fn shots_figure(curves: &[ShotCurve]) -> Markup {
    let lines = lines(curves);
    let close = close_up(&lines);
    html! {
        figure {
            (responsive(|layout| chart(&lines, SHOTS, layout)))
            @if let Some(close) = &close { div.close-up { (responsive(|layout| chart(close, SHOTS, layout))) } }
            figcaption {
                "What each further labelled picture is worth. Look at the left end: a line that is high there needs "
                "one picture only. Bands are 95 % confidence intervals over episodes; the vertical axis need not "
                "start at zero."
                @if close.is_some() { " The lower panel shows the highest lines again, closer." }
            }
            (shots_table(curves).folded())
        }
    }
}

fn shots_table(curves: &[ShotCurve]) -> Table<'static> {
    let cell = |curve: &ShotCurve, shots: u32| {
        let point = curve.points.iter().find(|point| point.shots == shots);
        point.map_or("–".to_owned(), |point| with_interval(point.percent, Some(point.interval)))
    };
    let row =
        |shots: u32| std::iter::once(shots.to_string()).chain(curves.iter().map(|curve| cell(curve, shots))).collect();
    Table {
        caption: "Accuracy in per cent by the number of labelled pictures, mean ± half the 95 % confidence interval",
        heads: std::iter::once("shots".to_owned()).chain(curves.iter().map(|curve| curve.label.clone())).collect(),
        rows: all_shots(curves).into_iter().take(MOST_ROWS).map(row).collect(),
    }
}
