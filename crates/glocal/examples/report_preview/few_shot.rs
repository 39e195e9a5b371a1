//! Few-shot learning with made-up accuracies; the episode is computed by a toy read-out, not by a trained network.

use glocal::report::{
    ClassIncremental, ExplainedEpisode, FewShot, FewShotCell, FewShotRow, LearningRule, SessionAccuracy, SessionCurve,
    ShotCurve, ShotPoint, ShownPicture,
};
use glocal_data::Stream;
use glocal_data::episodes::{ClassSplit, EpisodePicture, EpisodeSampler, EpisodeShape, omniglot};

use super::Random;

const SIDE: usize = 28;
const INPUTS: usize = 512;
const WAYS: usize = 5;
const SHOTS: usize = 1;
const QUERIES: usize = 8;
/// The current of a label over the threshold.
const DRIVE: f32 = 20.0;

/// The arms of the table and of the curves, with where they start and end.
const ARMS: [(&str, Option<LearningRule>, f64, f64); 5] = [
    ("HP, conv tanh", Some(LearningRule::Hybrid), 97.9, 99.4),
    ("HP, conv spiking", Some(LearningRule::Hybrid), 95.1, 98.9),
    ("GP, conv tanh", Some(LearningRule::Global), 28.7, 29.5),
    ("LP, conv tanh", Some(LearningRule::Local), 61.2, 74.9),
    ("prototypes, conv tanh", None, 97.2, 99.5),
];

pub fn few_shot(random: &mut Random) -> FewShot {
    let published = [
        ("MAML (Finn et al. 2017)", [98.7, 99.9, 95.8, 98.9].map(Some)),
        ("Prototypical networks (Snell et al. 2017)", [98.8, 99.7, 96.0, 98.9].map(Some)),
        ("Hybrid network (Wu et al. 2022)", [Some(98.8), None, None, None]),
    ];
    let theirs = published.map(|(label, percents)| FewShotRow {
        label: label.into(),
        rule: None,
        published: true,
        cells: percents.map(|percent| Some(FewShotCell { percent: percent?, ..Default::default() })).into(),
    });
    FewShot {
        table: ARMS.into_iter().map(|arm| row(arm, random)).chain(theirs).collect(),
        tasks: ["5-way 1-shot", "5-way 5-shot", "20-way 1-shot", "20-way 5-shot"].map(str::to_owned).into(),
        shots: ARMS.into_iter().map(|arm| curve(arm, random)).collect(),
        episodes: vec![explained(drawings(random))],
    }
}

/// Accuracy falls by a made-up law as classes become more.
pub fn class_incremental() -> ClassIncremental {
    let curve = |label: &str, rule, loss: f64| {
        let all = |classes: u32| 100.0 - loss * f64::from(classes).ln();
        let session = |number: u32| SessionAccuracy {
            classes: 100 + 10 * number,
            all: [all(100 + 10 * number), 0.8],
            base: [all(90 + 10 * number), 1.0],
            new: (number > 0).then(|| [all(110 + 10 * number), 1.5]),
            stored: [100.0, 0.0],
        };
        let sessions: Vec<SessionAccuracy> = (0..=10).map(session).collect();
        let mean = sessions.iter().map(|session| session.all[0]).sum::<f64>() / sessions.len() as f64;
        SessionCurve { label: label.into(), rule, mean: [mean, 0.7], sessions }
    };
    ClassIncremental {
        setting: "Made-up sessions.".into(),
        trained_ways: 20,
        curves: vec![curve("plastic read-out", Some(LearningRule::Hybrid), 4.5), curve("prototypes", None, 5.0)],
    }
}

fn row((label, rule, first, last): (&str, Option<LearningRule>, f64, f64), random: &mut Random) -> FewShotRow {
    let mut cell = |percent: f64| {
        let interval = Some(1.9 * (100.5 - percent).sqrt() / 10.0 + 0.02 * random.unit());
        Some(FewShotCell { percent, interval, episodes: Some(1000) })
    };
    let mut cells = vec![cell(first), cell(last), cell(first - 5.4), cell(last - 2.3)];
    if rule == Some(LearningRule::Local) {
        cells.truncate(2);
    }
    FewShotRow { label: label.into(), rule, published: false, cells }
}

fn curve((label, rule, first, last): (&str, Option<LearningRule>, f64, f64), random: &mut Random) -> ShotCurve {
    let mut point = |shots: u32| {
        let percent = last - (last - first) / f64::from(shots) + 0.2 * random.signed();
        ShotPoint { shots, percent, interval: 1.9 * (100.5 - percent).sqrt() / 10.0 }
    };
    ShotCurve { label: label.into(), rule, points: [1, 2, 3, 5, 10, 15].map(&mut point).into() }
}

/// Support and queries of an episode: drawings of Omniglot where these are at hand, else made-up characters.
fn drawings(random: &mut Random) -> [Vec<ShownPicture>; 2] {
    real_drawings().unwrap_or_else(|| {
        let strokes: Vec<[f32; 8]> =
            (0..WAYS).map(|_| std::array::from_fn(|_| 3.0 + 22.0 * random.unit() as f32)).collect();
        // 7 has no factor in common with the number of classes: each comes up as often
        let mut shown = |place: usize| ShownPicture {
            levels: character(&strokes[7 * place % WAYS], random),
            label: (7 * place % WAYS) as u32,
            name: format!("made up/character{:02}", 7 * place % WAYS),
            answers: Vec::new(),
        };
        [(0..WAYS * SHOTS).map(&mut shown).collect(), (3..3 + QUERIES).map(&mut shown).collect()]
    })
}

fn real_drawings() -> Option<[Vec<ShownPicture>; 2]> {
    let folder = std::path::PathBuf::from(std::env::var_os("GLOCAL_DATA")?).join("omniglot");
    let pool = omniglot(&folder, SIDE).ok()?.joined().ok()?;
    let seed = Stream::new(1);
    let classes = ClassSplit::Official { validation: 50 }.split(&pool, false, &seed).ok()?;
    let shape = EpisodeShape { ways: WAYS, shots: SHOTS, queries: 2 };
    let episode = EpisodeSampler::new(&pool, &classes.test, shape).ok()?.episode(&seed, 4);
    let shown = |picture: &EpisodePicture| ShownPicture {
        levels: pool.picture(picture.picture).to_vec(),
        label: picture.label,
        name: pool.classes()[episode.classes[picture.label as usize].class].name.clone(),
        answers: Vec::new(),
    };
    Some([episode.support.iter().map(shown).collect(), episode.query.iter().take(QUERIES).map(shown).collect()])
}

/// Three strokes between four points, drawn with an unsteady hand.
fn character(points: &[f32; 8], random: &mut Random) -> Vec<u8> {
    let shaken = points.map(|p| p + 1.2 * random.signed() as f32);
    let corner = |i: usize| (shaken[2 * i], shaken[2 * i + 1]);
    let near = |x: f32, y: f32| {
        let distance = |i: usize| {
            let ((ax, ay), (bx, by)) = (corner(i), corner(i + 1));
            let (dx, dy) = (bx - ax, by - ay);
            let along = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy).max(1.0)).clamp(0.0, 1.0);
            (x - ax - along * dx).hypot(y - ay - along * dy)
        };
        (0..3).map(distance).fold(f32::MAX, f32::min)
    };
    let level = |i: usize| (255.0 * (1.9 - near((i % SIDE) as f32, (i / SIDE) as f32)).clamp(0.0, 1.0)) as u8;
    (0..SIDE * SIDE).map(level).collect()
}

/// A read-out with plastic weights over fixed random features: enough for a picture.
fn explained([support, mut queries]: [Vec<ShownPicture>; 2]) -> ExplainedEpisode {
    let mut plastic = vec![vec![0.0_f32; INPUTS]; WAYS];
    let before = plastic.clone();
    let answer = |plastic: &[Vec<f32>], features: &[f32]| -> Vec<f32> {
        let sums: Vec<f32> = plastic.iter().map(|row| row.iter().zip(features).map(|(p, f)| p * f).sum()).collect();
        let mean = sums.iter().sum::<f32>() / sums.len() as f32;
        sums.iter().map(|sum| sum - 0.8 * mean).collect()
    };
    let mut potentials = Vec::new();
    for shown in &support {
        let features = features(&shown.levels);
        let mut potential = answer(&plastic, &features);
        potential[shown.label as usize] += DRIVE;
        potentials.push(potential);
        for (p, f) in plastic[shown.label as usize].iter_mut().zip(&features) {
            *p += 0.03 * f;
        }
    }
    for query in &mut queries {
        query.answers = answer(&plastic, &features(&query.levels));
    }
    potentials.extend(queries.first().map(|query| query.answers.clone()));
    ExplainedEpisode { side: SIDE, ways: WAYS, support, queries, potentials, before, after: plastic }
}

/// Random projections of a blurred drawing, the same for every drawing.
fn features(levels: &[u8]) -> Vec<f32> {
    let mut random = Random(11);
    let blurred: Vec<f32> = (0..SIDE * SIDE).map(|i| blur(levels, i % SIDE, i / SIDE)).collect();
    let mean = blurred.iter().sum::<f32>() / blurred.len() as f32;
    let project =
        |random: &mut Random| blurred.iter().map(|level| (level - mean) * random.signed() as f32).sum::<f32>();
    let bounded = |sum: f32| sum / (2.0 + sum.abs());
    (0..INPUTS).map(|_| bounded(project(&mut random))).collect()
}

fn blur(levels: &[u8], x: usize, y: usize) -> f32 {
    let rows = y.saturating_sub(2)..(y + 3).min(SIDE);
    let pixels = rows.flat_map(|row| (x.saturating_sub(2)..(x + 3).min(SIDE)).map(move |column| row * SIDE + column));
    pixels.map(|pixel| f32::from(levels[pixel])).sum::<f32>() / (25.0 * 255.0)
}
