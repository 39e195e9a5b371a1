//! On the chip: the networks of the published demo in integers, on the cores of a chip, local learning included.

use std::path::{Path, PathBuf};

use glocal_chip::integer::Plastic;
use glocal_chip::map::MapOptions;
use glocal_chip::place::Method;
use glocal_chip::quantise::PlasticPlace;
use glocal_chip::simulate::{Faults, Network};
use glocal_chip::{ChipError, PlasticForm, QuantiseOptions, quantise};
use glocal_core::{Learner, LearningRule, PlasticEval};
use serde::Serialize;

use super::{PlannedRun, carry_out_with, fashion_demo};
use crate::chip::{OnChip, chip, judge, judge_on_chip, placed_network, time_on_chip};
use crate::compare::{ChipFigures, ChipForm, FormFaults, RunRecord, chips};
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::evaluate::{EvalOptions, evaluate};
use crate::report::{ChipEpisodes, ChipNetwork};
use crate::run_folder::{RunFolder, write_json};
use crate::samples::{Damage, Part, RunSamples};
use crate::train::TrainOptions;

/// Name on the command line.
pub const NAME: &str = "chip";

/// Seeds of the comparison.
pub const SEEDS: [u64; 3] = [1, 2, 3];

/// Images whose packets are followed.
const TIMED: usize = 100;

/// Test images that are judged on a damaged chip.
const JUDGED_DAMAGED: usize = 1000;

/// What the quick form changes.
const QUICK: [&str; 3] = ["training.epochs=2", "data.train_limit=10000", "data.test_limit=500"];

/// Shares of damage.
const DEAD_CORES: [f64; 5] = [0.0, 0.05, 0.1, 0.2, 0.4];
const STUCK_BITS: [f64; 5] = [0.0, 0.001, 0.01, 0.03, 0.1];
const DROPPED_PACKETS: [f64; 5] = [0.0, 0.05, 0.1, 0.2, 0.4];

/// A kind of damage, its shares, and what it is for the simulator.
type Ladder = (&'static str, &'static [f64], fn(f64) -> Faults);

const LADDERS: [Ladder; 3] = [
    ("dead cores", &DEAD_CORES, |dead_cores| Faults { dead_cores, ..Faults::default() }),
    ("stuck bits of weights", &STUCK_BITS, |stuck_bits| Faults { stuck_bits, ..Faults::default() }),
    ("lost packets", &DROPPED_PACKETS, |dropped_packets| Faults { dropped_packets, ..Faults::default() }),
];

/// The runs: GP and HP of the demo for every seed, seeds outermost.
///
/// # Errors
/// An epoch count or seed that makes no sense.
pub fn plan(seeds: &[u64], epochs: Option<u64>, quick: bool) -> Result<Vec<PlannedRun>, GlocalError> {
    let run = |seed: u64, rule: LearningRule| {
        let mut overrides: Vec<String> = if quick { QUICK.map(str::to_owned).to_vec() } else { Vec::new() };
        overrides.push(format!("training.seed={seed}"));
        overrides.extend(epochs.map(|epochs| format!("training.epochs={epochs}")));
        fashion_demo::config(rule, &overrides).map(PlannedRun::new)
    };
    let rules = [LearningRule::Global, LearningRule::Hybrid];
    seeds.iter().flat_map(|&seed| rules.map(|rule| run(seed, rule))).collect()
}

/// Trains every run of [`plan`] and brings it onto chips.
///
/// # Errors
/// As [`carry_out_with`].
pub fn carry_out(runs: &[PlannedRun], out: &Path, options: &TrainOptions) -> Result<Vec<RunRecord>, GlocalError> {
    let measured = |folder: &RunFolder| Ok(ChipFigures::read(folder)?.is_some());
    carry_out_with(runs, out, options, &measured, &|run, folder, samples, learner| {
        let figures = measure(learner, samples, &run.config)?;
        for form in &figures.forms {
            options.progress.say(&in_one_line(&run.label, form));
        }
        figures.refused.iter().for_each(|refused| options.progress.say(&format!("{}, {refused}", run.label)));
        figures.write(folder)
    })
}

fn in_one_line(label: &str, form: &ChipForm) -> String {
    let percent = [form.float, form.integer, form.on_chip].map(|share| format!("{:.2}", 100.0 * share));
    let words = if form.form.is_empty() { "" } else { ", " };
    let [float, integer, on_chip] = percent;
    let time = form.placed.microseconds;
    format!(
        "{label}{words}{}: {float} % float, {integer} integers, {on_chip} on {} ({time:.0} us)",
        form.form, form.chip
    )
}

/// What becomes of a network's plastic weights on a chip.
#[derive(Clone, Copy)]
struct Form {
    name: &'static str,
    chip: &'static str,
    place: PlasticPlace,
    plastic: Plastic,
    form: PlasticForm,
}

/// The forms of a network: one without plastic weights, five with.
fn forms(is_plastic: bool) -> Vec<Form> {
    let form = PlasticForm::OnChip;
    let folded = Form { name: "", chip: "tianjic", place: PlasticPlace::Folded, plastic: Plastic::Resting, form };
    if !is_plastic {
        return vec![folded];
    }
    let on_chip = Form { chip: "tianjic-lp", place: PlasticPlace::OnChip, ..folded };
    let moving = Form { plastic: Plastic::Moving, ..on_chip };
    vec![
        Form { name: "plastic weights folded in", ..folded },
        Form { name: "plastic weights resting", ..on_chip },
        Form { name: "plastic weights moving", ..moving },
        Form { name: "plastic weights moving, in rank form", form: PlasticForm::Rank, ..moving },
        Form { name: "plastic weights moved by the host", chip: "tianjic", form: PlasticForm::HostLp, ..moving },
    ]
}

fn measure(
    learner: &mut Learner,
    samples: &mut RunSamples<'_>,
    config: &RunConfig,
) -> Result<ChipFigures, GlocalError> {
    let is_plastic = learner.network().layers().iter().any(|layer| layer.plasticity().is_some());
    let (mut found, mut refused, mut judged) = (Vec::new(), Vec::new(), None);
    for form in forms(is_plastic) {
        // On the chip an image is by itself.
        let (plastic, batch) = match form.plastic {
            Plastic::Moving => (PlasticEval::Moving, 1),
            Plastic::Resting => (PlasticEval::Frozen, config.eval_batch()),
        };
        let float = match judged {
            Some((known, accuracy)) if known == form.plastic => accuracy,
            _ => {
                let options = EvalOptions { plastic, damage: Damage::none(), batch };
                evaluate(learner, samples, Part::Test, &options)?.accuracy
            }
        };
        judged = Some((form.plastic, float));
        match of_form(learner, samples, form, float) {
            // A network whose clamp could be reached has no rank form.
            Err(GlocalError::Chip(ChipError::NoForm { obstacles, .. })) => {
                refused.extend(obstacles.iter().map(|why| format!("{}: no; {}: {}", form.name, why.place, why.what)));
            }
            measured => found.push(measured?),
        }
    }
    Ok(ChipFigures { forms: found, refused })
}

fn of_form(learner: &Learner, samples: &RunSamples<'_>, form: Form, float: f64) -> Result<ChipForm, GlocalError> {
    let network = quantise(learner, &QuantiseOptions { plastic: form.place, ..QuantiseOptions::default() })?;
    let network = network.in_form(form.form)?;
    let on_chip = OnChip::new(&network, chip(form.chip)?, &MapOptions::default(), form.plastic)?;
    let placed = on_chip.placed(Method::annealing(on_chip.mapping().cores.len(), 1), &[], &[])?;
    let integer = judge(&network, form.plastic, samples, Part::Test)?;
    let judged = judge_on_chip(&on_chip, samples, Part::Test, usize::MAX, Faults::default())?.judged;
    let (tally, _) = time_on_chip(&placed, Network::Buffers, samples, Part::Test, TIMED)?;
    let mut faults = Vec::new();
    for (kind, shares, damage) in LADDERS {
        let accuracy = |&share: &f64| {
            let judged = judge_on_chip(&on_chip, samples, Part::Test, JUDGED_DAMAGED, damage(share))?;
            Ok((share, judged.judged.accuracy))
        };
        let points = shares.iter().map(accuracy).collect::<Result<_, GlocalError>>()?;
        faults.push(FormFaults { kind: kind.to_owned(), points });
    }
    Ok(ChipForm {
        form: form.name.to_owned(),
        chip: form.chip.to_owned(),
        images: judged.samples,
        float,
        integer: integer.accuracy,
        on_chip: judged.accuracy,
        placed: placed_network(&on_chip, &placed, &tally)?,
        faults,
    })
}

/// What the experiment found, as results.json holds it.
#[derive(Clone, Debug, Serialize)]
pub struct ChipResults {
    /// The experiment's name.
    pub experiment: String,
    /// Version of the program.
    pub version: String,
    /// Folders of its runs, relative to the experiment's.
    pub runs: Vec<PathBuf>,
    /// Every form of every network, over seeds.
    pub networks: Vec<ChipNetwork>,
    /// A few-shot run's episodes, where one was given.
    pub episodes: Vec<ChipEpisodes>,
}

impl ChipResults {
    /// Name of the file in the experiment's folder.
    pub const FILE: &'static str = "results.json";

    /// Sums up the runs.
    pub fn of(records: &[RunRecord]) -> ChipResults {
        ChipResults {
            experiment: NAME.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            runs: records.iter().filter_map(|record| record.root.file_name()).map(PathBuf::from).collect(),
            networks: chips(records).unwrap_or_default().networks,
            episodes: Vec::new(),
        }
    }

    /// Writes results.json into the experiment's folder.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, out: &Path) -> Result<(), GlocalError> {
        write_json(&out.join(Self::FILE), self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_both_arms_and_forms_of_each() {
        let runs = plan(&SEEDS, None, true).unwrap();
        let names: Vec<&str> = runs.iter().map(|run| &run.name[..]).collect();
        assert_eq!(names[..3], ["gp-seed1", "hp-seed1", "gp-seed2"]);
        assert!(runs.iter().all(|run| run.config.training.epochs == 2));
        assert_eq!((forms(false).len(), forms(true).len()), (1, 5));
        assert!(LADDERS.iter().all(|(_, shares, damage)| shares[0] == 0.0 && damage(0.0) == Faults::default()));
    }
}
