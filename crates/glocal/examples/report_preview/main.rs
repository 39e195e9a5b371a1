//! A report filled with invented numbers, to look at the page without training anything.
//!
//! ```text
//! cargo run --release -p glocal --example report_preview -- preview.html [noise.svg]
//! ```
//!
//! Only the published figures on the page are real, and the drawings of Omniglot where `GLOCAL_DATA` names a folder that has
//! them; the page says so at its top.

mod continual;
mod few_shot;

use std::path::PathBuf;

use glocal::report::{
    Arm, Confusion, FaultArm, FaultExample, FaultKind, FaultTolerance, Finding, Headline, HybridFields, Image,
    LayerRaster, LearningRule, Level, LevelAccuracy, NoiseAccuracy, PlasticLayer, PotentialTrace, Provenance,
    Published, Report, SampleActivity, SeedCurve, WeightView, noise_chart_svg, save,
};

const SIDE: usize = 28;
const HIDDEN: usize = 512;
const STEPS: usize = 10;
const EPOCHS: usize = 30;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let page = paths.next().unwrap_or_else(|| PathBuf::from("preview.html"));
    let report = sample_report();
    save(&report, &page)?;
    if let (Some(path), Some(svg)) = (paths.next(), noise_chart_svg(&report)) {
        std::fs::write(path, svg)?;
    }
    println!("{}", page.display());
    Ok(())
}

fn sample_report() -> Report {
    let mut random = Random(7);
    Report {
        title: "Fashion-MNIST demo: sample page".into(),
        notice: Some(
            "a sample of the layout with invented numbers, no results; only the published figures are real.".into(),
        ),
        summary: "784-512-10 spiking network, 10 time steps, trained on clean Fashion-MNIST for 30 epochs and tested \
            under gaussian pixel noise that it never met in training. What came out would stand here."
            .into(),
        headlines: headlines(),
        arms: [LearningRule::Local, LearningRule::Global, LearningRule::Hybrid]
            .map(|rule| arm(rule, &mut random))
            .into(),
        noise_axis: None,
        few_shot: Some(few_shot::few_shot(&mut random)),
        class_incremental: Some(few_shot::class_incremental()),
        continual: Some(continual::continual(&mut random)),
        multi_task: None,
        chips: None,
        fault_tolerance: Some(fault_tolerance(&mut random)),
        confusions: vec![
            fashion_confusion("sample matrix, invented: HP, seed 1, clean test images", &mut random),
            many_classes(100, &mut random),
        ],
        samples: vec![activity(&mut random)],
        plastic_layers: vec![plastic_layer(&mut random)],
        health: Some(findings()),
        provenance: Some(provenance()),
    }
}

fn headlines() -> Vec<Headline> {
    let headline = |label: &str, value: &str, note: &str| Headline {
        label: label.into(),
        value: value.into(),
        note: Some(note.into()),
    };
    vec![
        headline("hybrid, clean test", "00.0 %", "sample value"),
        headline("hybrid, variance 0.06", "00.0 %", "sample value"),
        headline("hybrid over global, variance 0.06", "+0.0 points", "sample value"),
        headline("three seeds of three rules", "0 min 00 s", "sample value"),
    ]
}

/// Around the published figures with some spread, so that the layout is tried on numbers of the right size.
fn arm(rule: LearningRule, random: &mut Random) -> Arm {
    let published = Published::fashion_demo(rule);
    let accuracies = published[0].points.iter().map(|point| {
        let mut seeds = |shift: f64| (0..3).map(|_| point.percent + shift + 1.2 * random.signed()).collect();
        NoiseAccuracy { variance: point.variance, percent: seeds(0.8), frozen_percent: seeds(0.3) }
    });
    let accuracies = accuracies.collect();
    let clean = published[0].points[0].percent;
    Arm {
        accuracies,
        published,
        step_time_ms: Some(2.34),
        epochs: Some(EPOCHS as u32),
        seeds: vec![1, 2, 3],
        curves: (1..=3).map(|seed| curve(seed, clean, random)).collect(),
        ..Arm::new(rule)
    }
}

fn curve(seed: u64, last: f64, random: &mut Random) -> SeedCurve {
    let mut series = |end: f64, start: f64, noise: f64| -> Vec<f64> {
        (1..=EPOCHS).map(|epoch| end + (start - end) / epoch as f64 + noise * random.signed()).collect()
    };
    SeedCurve {
        seed,
        training_loss: series(0.1 - last / 1000.0, 0.05, 0.0003),
        validation_loss: series(0.103 - last / 1000.0, 0.052, 0.0006),
        training_percent: series(last + 3.0, last - 12.0, 0.2),
        validation_percent: series(last + 0.5, last - 11.0, 0.5),
        test_percent: Vec::new(),
    }
}

fn activity(random: &mut Random) -> SampleActivity {
    let hidden: Vec<f32> = (0..STEPS * HIDDEN).map(|_| f32::from(random.unit() < 0.12)).collect();
    let mut output = vec![0.0; STEPS * 10];
    (0..STEPS).for_each(|step| output[step * 10 + 7] = f32::from(step % 3 == 2));
    SampleActivity {
        name: "Sample picture, not a test image: a sneaker, taken for a sneaker.".into(),
        image: Some(Image::from_unit(SIDE, SIDE, &shoe(0.0))),
        steps: STEPS,
        layers: vec![
            LayerRaster::from_time_major("hidden, hybrid", HIDDEN, &hidden),
            LayerRaster::from_time_major("read-out", 10, &output),
        ],
        potentials: [("hidden, hybrid", 41), ("hidden, hybrid", 305), ("read-out", 7)]
            .map(|(layer, neuron)| potential(layer, neuron, random))
            .into(),
    }
}

/// A leaky neuron with a constant drive: enough for a picture.
fn potential(layer: &str, neuron: usize, random: &mut Random) -> PotentialTrace {
    let (threshold, drive) = (0.35, 0.17 + 0.1 * random.unit());
    let mut trace = PotentialTrace { layer: layer.into(), neuron, threshold, ..PotentialTrace::default() };
    let mut potential = 0.0;
    for step in 0..STEPS {
        potential = 0.4 * potential + drive + 0.1 * random.signed();
        trace.membrane_potential.push(potential);
        if potential > threshold {
            trace.spike_steps.push(step);
            potential -= threshold;
        }
    }
    trace
}

fn plastic_layer(random: &mut Random) -> PlasticLayer {
    let neurons = 24;
    let mut weight = Vec::new();
    let mut plastic = Vec::new();
    let gain: Vec<f32> = (0..neurons).map(|_| 0.05 + 0.1 * random.unit() as f32).collect();
    for neuron in 0..neurons {
        let picture = shoe(neuron as f32 / 8.0);
        plastic.extend(picture.iter().map(|p| (p - 0.25) * (1.0 + neuron as f32 / 12.0)));
        weight.extend(picture.iter().map(|p| 0.1 * (p - 0.3) + 0.06 * random.signed() as f32));
    }
    let fields = HybridFields::most_plastic([&weight, &plastic, &gain], [SIDE, SIDE], 9);
    PlasticLayer {
        layer: "hidden layer".into(),
        what: "after the last training batch (HP, seed 1)".into(),
        view: WeightView::HybridFields(fields),
    }
}

/// Something like a sneaker, its heel raised by `lift`.
fn shoe(lift: f32) -> Vec<f32> {
    let top = |x: f32| 16.0 - 5.0 * lift * (1.0 - x / 28.0) - if x < 12.0 { 3.0 } else { -0.2 * (x - 12.0) };
    let pixel = |x: usize, y: usize| {
        let (x, y) = (x as f32, y as f32);
        let inside = (2.0..26.0).contains(&x) && y > top(x) && y < 21.0;
        if inside { 0.55 + 0.4 * ((x + 2.0 * y) % 5.0) / 5.0 } else { 0.0 }
    };
    (0..SIDE * SIDE).map(|i| pixel(i % SIDE, i / SIDE)).collect()
}

/// Damage of six kinds; how fast each takes effect is made up.
fn fault_tolerance(random: &mut Random) -> FaultTolerance {
    let kinds = [
        ("cropping", "level i: the centred square of side 2i set to 0", 6.0),
        ("gaussian noise", "level i: variance 0.01 i, clipped to 0..1", 14.0),
        ("salt noise", "level i: a share of 0.01 i of the pixels set to 1", 9.0),
        ("pepper noise", "level i: a share of 0.06 i of the pixels set to 0", 12.0),
        ("salt and pepper", "level i: a share of 0.02 i of the pixels set to 0 or 1, half of them each", 7.0),
        ("speckle", "level i: each pixel times 1 + n with n gaussian of variance 100 i, clipped to 0..1", 3.0),
    ];
    FaultTolerance { kinds: kinds.map(|(name, what, reach)| fault_kind(name, what, reach, random)).into() }
}

fn fault_kind(name: &str, what: &str, reach: f64, random: &mut Random) -> FaultKind {
    let arms = [(LearningRule::Local, 74.0, 1.5), (LearningRule::Global, 87.5, 1.0), (LearningRule::Hybrid, 88.0, 1.3)];
    FaultKind {
        name: name.into(),
        what: what.into(),
        arms: arms.map(|(rule, clean, hold)| fault_arm(rule, clean, hold * reach, random)).into(),
        verdict: "Sample verdict: the hybrid network's area is above the local and the global one's by more than the \
            standard deviation over seeds."
            .into(),
        examples: [0, 2, 5, 8, 11, 14].map(|level| fault_example(level, random)).into(),
    }
}

fn fault_arm(rule: LearningRule, clean: f64, reach: f64, random: &mut Random) -> FaultArm {
    let accuracy = |level: u32, shift: f64| {
        let left = 1.0 / (1.0 + (1.4 * f64::from(level) / reach).powi(3));
        10.0 + shift * (1.0 - left) + (clean - 10.0) * left
    };
    let mut seeds = |level: u32, shift: f64| (0..3).map(|_| accuracy(level, shift) + 3.0 * random.signed()).collect();
    let is_plastic = rule != LearningRule::Global;
    let levels: Vec<LevelAccuracy> = (0..=14)
        .map(|level| LevelAccuracy {
            level,
            percent: seeds(level, 8.0),
            frozen_percent: if is_plastic { seeds(level, 1.0) } else { Vec::new() },
        })
        .collect();
    let area = |of: fn(&LevelAccuracy) -> &Vec<f64>| {
        let seeds = of(&levels[0]).len();
        (0..seeds).map(|seed| levels.iter().map(|l| of(l)[seed]).sum::<f64>() / levels.len() as f64).collect()
    };
    let (areas, frozen_areas) = (area(|l| &l.percent), area(|l| &l.frozen_percent));
    FaultArm { rule, levels, areas, frozen_areas }
}

fn fault_example(level: u32, random: &mut Random) -> FaultExample {
    let noisy: Vec<f32> = shoe(0.0).iter().map(|p| p + 0.06 * level as f32 * random.signed() as f32).collect();
    FaultExample { level, image: Image::from_unit(SIDE, SIDE, &noisy) }
}

/// Mostly right; clothes for the upper body are taken for each other.
fn fashion_confusion(label: &str, random: &mut Random) -> Confusion {
    let classes =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];
    let tops = [0, 2, 3, 4, 6];
    let mut count = |class: usize, predicted: usize| match (tops.contains(&class), tops.contains(&predicted)) {
        _ if class == predicted => 850,
        (true, true) => (90.0 * random.unit()) as u64,
        _ if random.unit() < 0.4 => (15.0 * random.unit()) as u64,
        _ => 0,
    };
    let counts = (0..10).map(|class| (0..10).map(|predicted| count(class, predicted)).collect()).collect();
    Confusion { label: label.into(), classes: classes.map(str::to_owned).into(), counts }
}

fn many_classes(size: usize, random: &mut Random) -> Confusion {
    let mut count = |class: usize, predicted: usize| match class.abs_diff(predicted) {
        0 => 70,
        1..=4 => (6.0 * random.unit()) as u64,
        _ => u64::from(random.unit() < 0.02),
    };
    Confusion {
        label: format!("sample matrix, invented: {size} classes"),
        classes: (0..size).map(|class| format!("category {class}")).collect(),
        counts: (0..size).map(|class| (0..size).map(|predicted| count(class, predicted)).collect()).collect(),
    }
}

fn findings() -> Vec<Finding> {
    let finding = |level, run: &str, layer: &str, what: &str, hint: &str| Finding {
        level,
        run: Some(run.into()),
        layer: Some(layer.into()),
        what: what.into(),
        hint: Some(hint.into()),
    };
    vec![
        finding(
            Level::Info,
            "HP, seed 2",
            "layers.0",
            "Sample finding: 1.2 % of the plastic weights are at the clamp of ±4.",
            "A smaller local learning rate or a faster plastic decay.",
        ),
        finding(
            Level::Warning,
            "LP, seed 1",
            "layers.0",
            "Sample finding: 212 of 512 neurons did not spike once in epoch 3.",
            "A lower threshold, larger initial weights, or a wider surrogate.",
        ),
    ]
}

fn provenance() -> Provenance {
    Provenance {
        version: Some("glocal 0.1.0 (sample)".into()),
        config_hash: Some("sha256:0000000000000000000000000000000000000000000000000000000000000000".into()),
        seeds: vec![1, 2, 3],
        threads: Some(2),
        machine: Some("sample processor, 2 cores".into()),
        wall_time_secs: Some(0.0),
        date: None,
        commands: vec!["glocal reproduce fashion-demo".into(), "glocal report runs/fashion-demo".into()],
        more: vec![("data".into(), "none: invented".into())],
    }
}

/// SplitMix64: the same page every time.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn signed(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }
}
