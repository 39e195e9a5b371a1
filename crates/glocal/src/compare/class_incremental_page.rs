//! What a page shows of classes that came in sessions.

use super::RunRecord;
use crate::class_incremental::{ClassIncremental, Method, MethodFigures, Protocol, SessionFigures, Share};
use crate::report::{self, SessionAccuracy, SessionCurve};

/// Figures of all runs that were judged by the protocol of the first of them.
pub(super) fn class_incremental(records: &[RunRecord]) -> Option<report::ClassIncremental> {
    let judged = || records.iter().filter_map(|record| Some((record, record.class_incremental.as_ref()?)));
    let (_, first) = judged().next()?;
    let alike = judged().filter(|(_, figures)| figures.protocol == first.protocol);
    let several = alike.clone().count() > 1;
    let curves = |(record, figures): (&RunRecord, &ClassIncremental)| {
        let label = |method: Method| match several {
            true => format!("{}, {}", method.words(), record.label()),
            false => method.words().to_owned(),
        };
        let rule = record.config.learner.network.learning_rule;
        let curve = |found: &MethodFigures| SessionCurve {
            label: label(found.method),
            rule: (found.method == Method::Plastic).then_some(rule),
            mean: percent(&found.mean),
            sessions: found.sessions.iter().map(session).collect(),
        };
        figures.methods.iter().map(curve).collect::<Vec<_>>()
    };
    Some(report::ClassIncremental {
        setting: setting(&first.protocol, first.trained_ways),
        trained_ways: first.trained_ways as u32,
        curves: alike.flat_map(curves).collect(),
    })
}

fn setting(protocol: &Protocol, trained_ways: usize) -> String {
    let Protocol { base, base_shots, sessions, ways, shots, queries, repetitions } = protocol;
    format!(
        "A base session of {base} classes with {base_shots} labelled pictures of each, then {sessions} sessions of {ways} new classes with \
         {shots}; {queries} pictures of each class asked about after every session; {repetitions} repetitions, each with classes \
         and pictures drawn anew. The network learned in episodes of {trained_ways} classes."
    )
}

fn percent(share: &Share) -> [f64; 2] {
    [share.mean, share.interval].map(|share| 100.0 * share)
}

fn session(found: &SessionFigures) -> SessionAccuracy {
    SessionAccuracy {
        classes: found.classes as u32,
        all: percent(&found.all),
        base: percent(&found.base),
        new: found.new.as_ref().map(percent),
        stored: percent(&found.stored),
    }
}
