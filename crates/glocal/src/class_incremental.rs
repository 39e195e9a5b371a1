//! Few-shot class-incremental learning: a trained network is shown new classes session after session, sees nothing of earlier sessions
//! again, and is asked about all classes so far. NeuroBench's protocol, in a form for pictures (docs/class-incremental.md).

use std::ops::Range;

use glocal_core::loss::prediction;
use glocal_core::{ClassMemory, EpisodeReadout, Learner};
use glocal_data::DataError;
use glocal_data::episodes::{EpisodeError, EpisodeShape};
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::evaluate::spread;
use crate::progress::Progress;
use crate::run_folder::RunFolder;
use crate::samples::{Damage, Feed, Part, RunSamples};

/// Name of the file in the run folder.
const FILE: &str = "class-incremental.json";

/// Which classes come when, and how often all of it is done anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protocol {
    /// Classes of the base session, the first.
    pub base: usize,
    /// Labelled pictures of each of them.
    pub base_shots: usize,
    /// Sessions after it.
    pub sessions: usize,
    /// New classes of each.
    pub ways: usize,
    /// Labelled pictures of each of them.
    pub shots: usize,
    /// Pictures of each class that are asked about, after its own and every later session.
    pub queries: usize,
    /// Times that classes, pictures and their order are drawn anew.
    pub repetitions: usize,
}

impl Default for Protocol {
    /// NeuroBench's numbers of classes, sessions and shots.
    fn default() -> Self {
        Protocol { base: 100, base_shots: 5, sessions: 10, ways: 10, shots: 5, queries: 5, repetitions: 30 }
    }
}

impl Protocol {
    /// Classes after the last session; `None` for more than can be counted.
    pub fn classes(&self) -> Option<usize> {
        self.sessions.checked_mul(self.ways)?.checked_add(self.base)
    }

    /// Classes that session `session` brings; the base session is 0.
    fn brings(&self, session: usize) -> Range<usize> {
        let end = |session: usize| self.base + session * self.ways;
        session.checked_sub(1).map_or(0, end)..end(session)
    }

    fn shots_of(&self, session: usize) -> usize {
        if session == 0 { self.base_shots } else { self.shots }
    }

    /// Nothing of it may be nothing, and there must be classes to tell apart.
    fn check(&self) -> Result<(), GlocalError> {
        let Protocol { base, base_shots, sessions, ways, shots, queries, repetitions } = *self;
        let parts = [
            ("--base", base, 2),
            ("--base-shots", base_shots, 1),
            ("--ways", ways, usize::from(sessions > 0)),
            ("--shots", shots, usize::from(sessions > 0)),
            ("--queries", queries, 1),
            ("--repetitions", repetitions, 1),
        ];
        match parts.into_iter().find(|(_, found, least)| found < least) {
            Some((name, found, least)) => Err(GlocalError::Usage {
                message: format!("{name} {found}: too few to tell classes apart"),
                hint: format!("give at least {least}"),
            }),
            None => Ok(()),
        }
    }
}

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The plastic read-out, which grows by a neuron for each new class.
    Plastic,
    /// The nearest mean embedding of a class.
    Prototypes,
}

impl Method {
    /// For tables and pages.
    pub fn words(self) -> &'static str {
        match self {
            Method::Plastic => "plastic read-out",
            Method::Prototypes => "prototypes",
        }
    }
}

/// A share, mean over repetitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// 0..=1.
    pub mean: f64,
    /// Half width of the 95 % confidence interval: 1.96 deviations over √repetitions.
    pub interval: f64,
}

impl Share {
    fn of(values: &[f64]) -> Share {
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        Share { mean, interval: spread(values).map_or(0.0, |spread| spread.interval) }
    }
}

/// What a method knows after a session, of all classes so far; chance is 1/classes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionFigures {
    /// Classes so far.
    pub classes: usize,
    /// Accuracy on all of them.
    pub all: Share,
    /// On those of the base session, among all of them.
    pub base: Share,
    /// On those of all sessions after it; absent after the base session.
    pub new: Option<Share>,
    /// Labelled pictures of this session that were stored for their own class: the plastic read-out stores a picture for its label's
    /// neuron only where that has the highest potential.
    pub stored: Share,
}

/// A method's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodFigures {
    /// The method.
    pub method: Method,
    /// After each session.
    pub sessions: Vec<SessionFigures>,
    /// Accuracy on all classes so far, mean over the sessions, the base session among them.
    pub mean: Share,
}

/// What a network reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassIncremental {
    /// What was done.
    pub protocol: Protocol,
    /// Classes that the network's read-out was trained with in an episode.
    pub trained_ways: usize,
    /// The network's own method first.
    pub methods: Vec<MethodFigures>,
}

/// Judges the network of a run on its test classes.
///
/// # Errors
/// A protocol without classes or pictures, a run that did not learn in episodes, a read-out that cannot grow, fewer test classes or
/// pictures than the protocol takes.
pub fn measure(
    learner: &mut Learner,
    samples: &mut RunSamples<'_>,
    config: &RunConfig,
    protocol: Protocol,
    progress: Progress,
) -> Result<ClassIncremental, GlocalError> {
    protocol.check()?;
    let (Some(episodes), Some(readout)) = (&config.episodes, config.learner.network.episode) else {
        return Err(GlocalError::Usage {
            message: "the run did not learn in episodes: it has no read-out that stores new classes".into(),
            hint: "give a run of `glocal reproduce few-shot`, or of a config with a table [episodes]".into(),
        });
    };
    // A read-out that cannot grow is refused before anything is drawn.
    ClassMemory::new(learner)?;
    let trained_ways = episodes.ways;
    draw_by(samples, &protocol)?;
    let plastic = matches!(readout, EpisodeReadout::Plastic { .. });
    let methods: &[Method] = if plastic { &[Method::Plastic, Method::Prototypes] } else { &[Method::Prototypes] };
    let mut found: Vec<Vec<Course>> = vec![Vec::new(); methods.len()];
    let mut work = progress.start("classes in sessions", "repetitions", protocol.repetitions as u64, 0);
    let mut feed = Feed::default();
    for repetition in 0..protocol.repetitions as u32 {
        samples.evaluation_batch(&mut feed, Part::Test, &[repetition], &Damage::none())?;
        let features = learner.embed(feed.input())?;
        let drawn = Drawn::new(&protocol, &features, feed.labels());
        for (method, courses) in methods.iter().zip(&mut found) {
            let memory = match method {
                Method::Plastic => ClassMemory::new(learner)?,
                Method::Prototypes => ClassMemory::prototypes(learner),
            };
            courses.push(drawn.course(memory)?);
        }
        work.advance(1);
    }
    let methods = methods.iter().zip(&found).map(|(&method, courses)| figures(&protocol, method, courses)).collect();
    Ok(ClassIncremental { protocol, trained_ways, methods })
}

/// A repetition is an episode of all classes; the sessions divide it.
fn draw_by(samples: &mut RunSamples<'_>, protocol: &Protocol) -> Result<(), GlocalError> {
    let too_few = |found: Option<usize>| {
        let Protocol { base, sessions, ways, .. } = protocol;
        let of = found.map_or(String::new(), |found| format!(" of the {found} test classes of the run"));
        Err(GlocalError::Usage {
            message: format!(
                "a base session of {base} classes and {sessions} sessions of {ways} take more than all{of}"
            ),
            hint: "give fewer with --base, --sessions or --ways".into(),
        })
    };
    let Some(classes) = protocol.classes() else { return too_few(None) };
    let shots = protocol.base_shots.max(if protocol.sessions > 0 { protocol.shots } else { 0 });
    let shape = EpisodeShape { ways: classes, shots, queries: protocol.queries };
    match samples.judge_by(shape, protocol.repetitions, 1) {
        Err(GlocalError::Data(DataError::Episodes(EpisodeError::TooFewClasses { found, .. }))) => too_few(Some(found)),
        result => result,
    }
}

/// What one repetition showed after each session.
type Course = Vec<Seen>;

/// Shares after a session, as in [`SessionFigures`].
#[derive(Clone, Copy, Debug)]
struct Seen {
    all: f64,
    base: f64,
    new: Option<f64>,
    stored: f64,
}

/// Embedded pictures of one repetition: an episode's support, then its queries.
struct Drawn<'a> {
    protocol: &'a Protocol,
    width: usize,
    support: Vec<(u32, &'a [f32])>,
    queries: Vec<(u32, &'a [f32])>,
}

impl<'a> Drawn<'a> {
    fn new(protocol: &'a Protocol, features: &'a [f32], labels: &'a [u32]) -> Self {
        let width = features.len() / labels.len().max(1);
        let mut support: Vec<(u32, &[f32])> = labels.iter().copied().zip(features.chunks_exact(width.max(1))).collect();
        let queries = protocol.queries * protocol.classes().unwrap_or(0);
        let queries = support.split_off(support.len().saturating_sub(queries));
        Drawn { protocol, width, support, queries }
    }

    /// All sessions, one after the other.
    fn course(&self, mut memory: ClassMemory) -> Result<Course, GlocalError> {
        (0..=self.protocol.sessions).map(|session| self.session(&mut memory, session)).collect()
    }

    fn session(&self, memory: &mut ClassMemory, session: usize) -> Result<Seen, GlocalError> {
        let brings = self.protocol.brings(session);
        let (labels, features) = self.shown(&brings, self.protocol.shots_of(session));
        let own = memory.store(&features, &labels, brings.end)?;
        let asked = self.queries.iter().filter(|(label, _)| (*label as usize) < brings.end);
        let (asked, features): (Vec<u32>, Vec<&[f32]>) = asked.copied().unzip();
        let answers = memory.answer(&features.concat())?;
        let right = |(label, answers): (&u32, &[f32])| (*label as usize, prediction(answers) == *label);
        let judged: Vec<(usize, bool)> = asked.iter().zip(answers.chunks_exact(brings.end)).map(right).collect();
        let base = self.protocol.base;
        let share = |of: &dyn Fn(usize) -> bool| {
            let those = || judged.iter().filter(|(label, _)| of(*label));
            those().filter(|(_, right)| *right).count() as f64 / those().count().max(1) as f64
        };
        Ok(Seen {
            all: share(&|_| true),
            base: share(&|label| label < base),
            new: (session > 0).then(|| share(&|label| label >= base)),
            stored: own as f64 / labels.len().max(1) as f64,
        })
    }

    /// So many labelled pictures of each of some classes, in the order drawn.
    fn shown(&self, classes: &Range<usize>, shots: usize) -> (Vec<u32>, Vec<f32>) {
        let mut left = vec![shots; classes.len()];
        let (mut labels, mut shown) = (Vec::new(), Vec::with_capacity(classes.len() * shots * self.width));
        for &(label, features) in self.support.iter().filter(|(label, _)| classes.contains(&(*label as usize))) {
            let left = &mut left[label as usize - classes.start];
            if *left > 0 {
                *left -= 1;
                labels.push(label);
                shown.extend_from_slice(features);
            }
        }
        (labels, shown)
    }
}

fn figures(protocol: &Protocol, method: Method, courses: &[Course]) -> MethodFigures {
    let share = |session: usize, of: &dyn Fn(&Seen) -> f64| {
        Share::of(&courses.iter().map(|course| of(&course[session])).collect::<Vec<_>>())
    };
    let session = |session: usize| SessionFigures {
        classes: protocol.brings(session).end,
        all: share(session, &|seen| seen.all),
        base: share(session, &|seen| seen.base),
        new: (session > 0).then(|| share(session, &|seen| seen.new.unwrap_or(0.0))),
        stored: share(session, &|seen| seen.stored),
    };
    let mean = |course: &Course| course.iter().map(|seen| seen.all).sum::<f64>() / course.len().max(1) as f64;
    MethodFigures {
        method,
        sessions: (0..=protocol.sessions).map(session).collect(),
        mean: Share::of(&courses.iter().map(mean).collect::<Vec<_>>()),
    }
}

impl ClassIncremental {
    /// The figures in a run folder, if there are any.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn read(folder: &RunFolder) -> Result<Option<ClassIncremental>, GlocalError> {
        folder.read_json(FILE)
    }

    /// Writes the figures into a run folder.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, folder: &RunFolder) -> Result<(), GlocalError> {
        folder.write_json(FILE, self)
    }
}
