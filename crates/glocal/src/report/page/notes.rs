//! Health findings and how to obtain the same numbers again.

use maud::{Markup, html};

use crate::report::data::{Finding, Level, Provenance};
use crate::report::format::duration;

/// What the health checks found, worst first.
pub(super) fn health_section(findings: &[Finding]) -> Markup {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    html! {
        section id="health" {
            h2 { "Health" }
            @if sorted.is_empty() { p { "The checks ran and found nothing to report." } }
            @else { ul.findings { @for finding in &sorted { (finding_item(finding)) } } }
        }
    }
}

fn finding_item(finding: &Finding) -> Markup {
    let (symbol, word, class) = level(finding.level);
    let place = [finding.run.as_deref(), finding.layer.as_deref()];
    html! {
        li {
            p.where {
                span class=(class) { (symbol) " " (word) }
                @for part in place.into_iter().flatten() { " · " (part) }
            }
            p { (finding.what) }
            @if let Some(hint) = &finding.hint { p.hint { "What usually helps: " (hint) } }
        }
    }
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
        ("machine", provenance.machine.clone()),
        ("wall time", provenance.wall_time_secs.map(duration)),
        ("date", provenance.date.clone()),
    ];
    html! {
        section id="reproduce" {
            h2 { "To reproduce this" }
            dl.facts {
                @if !provenance.commands.is_empty() {
                    dt { "commands" }
                    dd { @for command in &provenance.commands { code.command { (command) } } }
                }
                @for (name, value) in &facts { @if let Some(value) = value { dt { (name) } dd { (value) } } }
                @for (name, value) in &provenance.more { dt { (name) } dd { (value) } }
            }
        }
    }
}
