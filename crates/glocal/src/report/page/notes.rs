//! Health findings and how to obtain the same numbers again.

use maud::{Markup, html};

use super::table::scrolling;
use crate::report::data::{Finding, Level, Provenance};

/// What the health checks found, worst first.
pub(super) fn health_section(findings: &[Finding]) -> Markup {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by(|a, b| b.level.cmp(&a.level));
    html! {
        section id="health" {
            h2 { "Health" }
            @if sorted.is_empty() { p { "The checks ran and found nothing to report." } }
            @else { (findings_table(&sorted)) }
        }
    }
}

fn findings_table(findings: &[&Finding]) -> Markup {
    let caption = "What the checks noticed, the most serious first.";
    let body = html! {
        caption.counted { (caption) }
        thead { tr { th scope="col" { "level" } th.words scope="col" { "layer" } th.words scope="col" { "what" } th.words scope="col" { "hint" } } }
        tbody {
            @for finding in findings {
                @let (symbol, word, class) = level(finding.level);
                tr {
                    th scope="row" { span class=(class) { (symbol) " " (word) } }
                    td.words { (finding.layer.as_deref().unwrap_or("whole network")) }
                    td.words { (finding.what) }
                    td.words { (finding.hint.as_deref().unwrap_or("–")) }
                }
            }
        }
    };
    scrolling(caption, &body)
}

/// A sign, a word and a colour.
fn level(level: Level) -> (&'static str, &'static str, &'static str) {
    match level {
        Level::Info => ("○", "info", "level level-info"),
        Level::Warning => ("▲", "warning", "level level-warning"),
        Level::Error => ("■", "error", "level level-error"),
    }
}

/// The reproducibility block.
pub(super) fn provenance_section(provenance: &Provenance) -> Markup {
    let seeds: Vec<String> = provenance.seeds.iter().map(u64::to_string).collect();
    let facts = [
        ("version", provenance.version.clone()),
        ("config hash", provenance.config_hash.clone()),
        ("seeds", (!seeds.is_empty()).then(|| seeds.join(", "))),
        ("threads", provenance.threads.map(|threads| threads.to_string())),
        ("processor", provenance.cpu.clone()),
        ("date", provenance.date.clone()),
    ];
    html! {
        section id="reproduce" {
            h2 { "To reproduce this" }
            dl.facts {
                @if let Some(command) = &provenance.command { dt { "command" } dd { code { (command) } } }
                @for (name, value) in &facts { @if let Some(value) = value { dt { (name) } dd { (value) } } }
                @for (name, value) in &provenance.more { dt { (name) } dd { (value) } }
            }
        }
    }
}
