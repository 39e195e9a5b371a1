//! Continual learning with made-up accuracies: fifty tasks, of which some methods forget more than others.

use glocal::report::{Continual, ContinualMethod, LearningRule, TaskMatrix, UnnamedAccuracy};

use super::Random;

const TASKS: usize = 50;
/// Trained weights of a network 784-512-10.
const WEIGHTS: u64 = 784 * 512 + 512 * 10;

/// What a method is made of here: how many points a task loses with each later one, and what it keeps.
struct Sample {
    label: &'static str,
    rule: Option<LearningRule>,
    told: bool,
    loss: f64,
    memory_bytes: u64,
    minutes: f64,
}

const SAMPLES: [Sample; 7] = [
    Sample {
        label: "HP, masks",
        rule: Some(LearningRule::Hybrid),
        told: true,
        loss: 0.02,
        memory_bytes: 400,
        minutes: 41.0,
    },
    Sample {
        label: "HP, masks, half as many weights",
        rule: Some(LearningRule::Hybrid),
        told: true,
        loss: 0.06,
        memory_bytes: 400,
        minutes: 28.0,
    },
    Sample {
        label: "GP, masks",
        rule: Some(LearningRule::Global),
        told: true,
        loss: 0.1,
        memory_bytes: 400,
        minutes: 22.0,
    },
    Sample {
        label: "elastic weight consolidation",
        rule: None,
        told: false,
        loss: 0.45,
        memory_bytes: 8 * WEIGHTS,
        minutes: 36.0,
    },
    Sample {
        label: "synaptic intelligence",
        rule: None,
        told: false,
        loss: 0.55,
        memory_bytes: 16 * WEIGHTS,
        minutes: 33.0,
    },
    Sample {
        label: "rehearsal, 100 images a task",
        rule: None,
        told: false,
        loss: 0.3,
        memory_bytes: 50 * 100 * 785,
        minutes: 44.0,
    },
    Sample { label: "fine-tuning", rule: None, told: false, loss: 1.6, memory_bytes: 0, minutes: 20.0 },
];

pub fn continual(random: &mut Random) -> Continual {
    Continual {
        setting: format!("{TASKS} tasks: digits, the values of all images in another order in each; 2 epochs each."),
        methods: SAMPLES.iter().map(|sample| method(sample, random)).collect(),
        matrices: [0, 6].map(|index| matrix(&SAMPLES[index], random)).into(),
    }
}

/// Accuracy on a task after so many later ones: it falls towards chance.
fn accuracy(sample: &Sample, later: usize, random: &mut Random) -> f64 {
    let left = (-sample.loss * later as f64 / 40.0).exp2();
    10.0 + 86.5 * left + 0.8 * random.signed()
}

fn method(sample: &Sample, random: &mut Random) -> ContinualMethod {
    let mut course = || -> Vec<f64> {
        let shift = random.signed();
        let mut mean =
            |tasks: usize| (0..tasks).map(|later| accuracy(sample, later, random)).sum::<f64>() / tasks as f64;
        (1..=TASKS).map(|tasks| mean(tasks) + shift).collect()
    };
    let course: Vec<Vec<f64>> = (0..3).map(|_| course()).collect();
    let average: Vec<f64> = course.iter().filter_map(|course| course.last().copied()).collect();
    let lost = |percent: &f64| 96.5 - percent;
    let forward_transfer = (0..3).map(|_| 0.6 * random.signed()).collect();
    let mut unnamed = |percent: f64| [percent + random.unit(), percent + 6.0];
    ContinualMethod {
        label: sample.label.into(),
        rule: sample.rule,
        told: sample.told,
        backward_transfer: average.iter().map(|percent| -lost(percent)).collect(),
        forward_transfer,
        forgetting: average.iter().map(|percent| lost(percent) + 0.4).collect(),
        average,
        course,
        weights: WEIGHTS,
        memory_bytes: sample.memory_bytes,
        operations: 10 * WEIGHTS,
        minutes: [0.0, 0.4, 1.1].map(|more| sample.minutes + more).into(),
        unnamed: sample.told.then(|| UnnamedAccuracy {
            images: 200,
            by_confidence: unnamed(71.0),
            by_energy: unnamed(78.0),
        }),
    }
}

/// A row on the tasks learned so far and on the next one, which is guessed.
fn matrix(sample: &Sample, random: &mut Random) -> TaskMatrix {
    let mut cell = |after: usize, on: usize| match after.checked_sub(on) {
        Some(later) => accuracy(sample, later, random),
        None => 10.0 + 2.0 * random.signed(),
    };
    let rows = (0..TASKS).map(|after| (0..TASKS.min(after + 2)).map(|on| cell(after, on)).collect()).collect();
    TaskMatrix { label: format!("{} (invented)", sample.label), rows }
}
