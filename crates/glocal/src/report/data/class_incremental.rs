//! Classes that come in sessions: what is known of all of them after each.

use glocal_core::LearningRule;
use serde::{Deserialize, Serialize};

use super::{ShotCurve, ShotPoint, number};

/// Accuracy over sessions, beside prototypes and chance.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassIncremental {
    /// What was done, in words.
    pub setting: String,
    /// Classes of an episode that the network learned in.
    pub trained_ways: u32,
    /// One for each method.
    pub curves: Vec<SessionCurve>,
}

/// A method's accuracy after each session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionCurve {
    /// Its name.
    pub label: String,
    /// Which parts were allowed to learn; absent of prototypes.
    pub rule: Option<LearningRule>,
    /// Mean over the sessions in per cent, and half the width of its 95 % confidence interval.
    #[serde(deserialize_with = "number::pair")]
    pub mean: [f64; 2],
    /// In order.
    pub sessions: Vec<SessionAccuracy>,
}

/// Accuracies after a session in per cent, each with half the width of its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionAccuracy {
    /// Classes so far.
    pub classes: u32,
    /// On all of them.
    #[serde(deserialize_with = "number::pair")]
    pub all: [f64; 2],
    /// On those of the base session.
    #[serde(deserialize_with = "number::pair")]
    pub base: [f64; 2],
    /// On those since; absent after the base session.
    #[serde(deserialize_with = "number::pair_or_none")]
    pub new: Option<[f64; 2]>,
    /// Labelled pictures of the session that were stored for their own class.
    #[serde(deserialize_with = "number::pair")]
    pub stored: [f64; 2],
}

impl ClassIncremental {
    /// Keeps at most so many curves and sessions of each.
    pub(in crate::report) fn bounded(&mut self, [curves, sessions]: [usize; 2]) {
        self.curves.truncate(curves);
        self.curves.iter_mut().for_each(|curve| curve.sessions.truncate(sessions));
    }

    /// What is drawn: accuracy on all classes so far against their number, and chance.
    pub(in crate::report) fn drawn(&self) -> Vec<ShotCurve> {
        let curve = |curve: &SessionCurve| ShotCurve {
            label: curve.label.clone(),
            rule: curve.rule,
            points: curve.sessions.iter().map(|session| point(session.classes, session.all)).collect(),
        };
        let mut curves: Vec<ShotCurve> = self.curves.iter().map(curve).collect();
        if let Some(longest) = self.curves.iter().max_by_key(|curve| curve.sessions.len()) {
            let chance = longest.sessions.iter().map(|session| point(session.classes, [session.chance(), 0.0]));
            curves.push(ShotCurve { label: "chance".into(), rule: None, points: chance.collect() });
        }
        curves
    }
}

impl SessionAccuracy {
    /// Accuracy of a guess, in per cent.
    pub(in crate::report) fn chance(&self) -> f64 {
        100.0 / f64::from(self.classes.max(1))
    }
}

fn point(classes: u32, [percent, interval]: [f64; 2]) -> ShotPoint {
    ShotPoint { shots: classes, percent, interval }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_drawn_beside_the_methods() {
        let session = |classes, all| SessionAccuracy { classes, all: [all, 1.0], ..Default::default() };
        let curve = SessionCurve {
            label: "HP".into(),
            sessions: vec![session(20, 90.0), session(50, 80.0)],
            ..Default::default()
        };
        let drawn = ClassIncremental { curves: vec![curve], ..Default::default() }.drawn();
        assert_eq!(drawn.len(), 2);
        assert_eq!(drawn[0].points, [point(20, [90.0, 1.0]), point(50, [80.0, 1.0])]);
        assert_eq!(drawn[1].points, [point(20, [5.0, 0.0]), point(50, [2.0, 0.0])]);
    }
}
