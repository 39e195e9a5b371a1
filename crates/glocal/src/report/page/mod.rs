//! The page: its frame here, one section per function beside it.

mod arms;
mod chip;
mod chip_episodes;
mod class_incremental;
mod confusion;
mod continual;
mod episode;
mod faults;
mod few_shot;
mod inside;
mod learning;
mod multi_task;
mod notes;
mod placed;
mod table;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::data::Report;
use super::theme;

/// Forbids the browser to load anything at all: what the page needs is in it.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// The whole document.
pub(super) fn document(report: &Report) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content="glocal";
                title { (report.title) }
                style { (PreEscaped(theme::page_css())) }
            }
            body {
                main {
                    (head(report))
                    (arms::section(report))
                    @if let Some(few_shot) = &report.few_shot { (few_shot::section(few_shot)) }
                    @if let Some(found) = &report.class_incremental { (class_incremental::section(found)) }
                    @if let Some(continual) = &report.continual { (continual::section(continual)) }
                    @if let Some(multi_task) = &report.multi_task { (multi_task::section(multi_task)) }
                    @if let Some(chips) = &report.chips { (chip::section(chips)) }
                    @if let Some(tolerance) = &report.fault_tolerance { (faults::section(tolerance)) }
                    (confusion::section(&report.confusions))
                    (learning::section(&report.arms))
                    @for sample in &report.samples { (inside::activity_section(sample)) }
                    (inside::weights_section(&report.plastic_layers))
                    @if let Some(findings) = &report.health { (notes::health_section(findings)) }
                    @if let Some(provenance) = &report.provenance { (notes::provenance_section(provenance)) }
                    footer {
                        "One file, nothing loaded from elsewhere. Every number of this page is in it as JSON, in the element "
                        code { "#glocal-report" } "."
                    }
                }
                script type="application/json" id="glocal-report" { (PreEscaped(embedded_json(report))) }
            }
        }
    }
}

fn head(report: &Report) -> Markup {
    html! {
        header {
            h1 { (report.title) }
            @if let Some(notice) = &report.notice { p.notice role="note" { (notice) } }
            @if !report.summary.is_empty() { p.lead { (report.summary) } }
            @if !report.headlines.is_empty() {
                dl.headlines {
                    @for headline in &report.headlines {
                        div {
                            dt { (headline.label) }
                            dd { (headline.value) }
                            @if let Some(note) = &headline.note { dd.note { (note) } }
                        }
                    }
                }
            }
        }
    }
}

/// The report as JSON. No `<` survives, so no text inside can end the element or open another.
fn embedded_json(report: &Report) -> String {
    let json = serde_json::to_string(report).unwrap_or_else(|_| "null".to_owned());
    json.replace('<', "\\u003c")
}
