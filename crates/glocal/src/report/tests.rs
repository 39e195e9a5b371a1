//! The page as a whole: what is shown, what is left out, and what must never get into it.

mod chip;

use super::*;

const HOSTILE: &str = "</script><script>alert(1)</script><b>\"'&<!--";

/// A report with every section, all text the same and all numbers plain.
fn full(text: &str) -> Report {
    let words = || text.to_owned();
    let activity = SampleActivity {
        name: words(),
        image: Some(Image::from_unit(2, 2, &[0.0, 0.5, 1.0, 2.0])),
        steps: 4,
        layers: vec![LayerRaster::from_time_major(words(), 2, &[0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0])],
        potentials: vec![PotentialTrace {
            layer: words(),
            neuron: 1,
            threshold: 0.35,
            membrane_potential: vec![0.1, 0.4, 0.2, 0.5],
            spike_steps: vec![1, 3],
        }],
    };
    let finding =
        Finding { level: Level::Error, run: Some(words()), layer: Some(words()), what: words(), hint: Some(words()) };
    Report {
        title: words(),
        summary: words(),
        notice: Some(words()),
        headlines: vec![Headline { label: words(), value: words(), note: Some(words()) }],
        arms: [LearningRule::Local, LearningRule::Global, LearningRule::Hybrid].map(|rule| arm(rule, text)).into(),
        noise_axis: Some(words()),
        fault_tolerance: Some(FaultTolerance { kinds: vec![fault_kind(text)] }),
        few_shot: Some(few_shot(text)),
        class_incremental: Some(class_incremental(text)),
        continual: Some(continual(text)),
        multi_task: Some(multi_task(text)),
        chips: Some(chip::chips(text)),
        confusions: vec![confusion(text)],
        samples: vec![activity],
        plastic_layers: views().map(|view| PlasticLayer { layer: words(), what: words(), view }).into(),
        health: Some(vec![finding]),
        provenance: Some(provenance(text)),
    }
}

fn arm(rule: LearningRule, text: &str) -> Arm {
    let accuracy = |variance| NoiseAccuracy { variance, percent: vec![80.0, 82.0], frozen_percent: vec![81.0, 79.5] };
    let curve = |seed| SeedCurve {
        seed,
        training_loss: vec![0.5, 0.25],
        validation_loss: vec![0.6, 0.3],
        training_percent: vec![70.0, 85.0],
        validation_percent: vec![69.0, 80.0],
        test_percent: vec![68.0, 79.0],
    };
    let mut published = Published::fashion_demo(rule);
    published.push(Published::new(text, [(0.0, 70.0)]));
    Arm {
        variant: Some(text.to_owned()),
        accuracies: vec![accuracy(0.0), accuracy(0.06)],
        published,
        step_time_ms: Some(2.5),
        epochs: Some(2),
        seeds: vec![1, 2],
        curves: vec![curve(1), curve(2)],
        ..Arm::new(rule)
    }
}

fn views() -> [WeightView; 3] {
    let weights = [0.5, -0.5, 0.25, 0.0];
    [
        WeightView::HybridFields(HybridFields::most_plastic([&weights, &weights, &[0.1]], [1, 2], 2)),
        WeightView::strongest_fields(&weights, 1, 2, 2),
        WeightView::Matrix(Matrix::reduced([2, 2], &weights)),
    ]
}

fn fault_kind(text: &str) -> FaultKind {
    let level = |level, percent: [f64; 2]| LevelAccuracy {
        level,
        percent: percent.to_vec(),
        frozen_percent: percent.map(|p| p - 1.0).to_vec(),
    };
    let arm = |rule| FaultArm {
        rule,
        levels: vec![level(0, [88.0, 90.0]), level(7, [40.0, 44.0])],
        areas: vec![64.0, 67.0],
        frozen_areas: vec![63.0, 66.0],
    };
    FaultKind {
        name: text.to_owned(),
        what: text.to_owned(),
        arms: [LearningRule::Local, LearningRule::Global, LearningRule::Hybrid].map(arm).into(),
        verdict: text.to_owned(),
        examples: vec![FaultExample { level: 7, image: Image::from_unit(2, 1, &[0.0, 1.0]) }],
    }
}

/// Three classes of 10, 20 and 40 samples; the third is called by its number.
fn confusion(text: &str) -> Confusion {
    let classes = vec![format!("{text} one"), format!("{text} two")];
    Confusion { label: text.to_owned(), classes, counts: vec![vec![9, 1, 0], vec![5, 15], vec![0, 1, 39]] }
}

/// Two of ours and a published one; an episode of two classes whose first query is answered rightly.
fn class_incremental(text: &str) -> ClassIncremental {
    let session = |classes, all| SessionAccuracy { classes, all: [all, 1.0], base: [all, 2.0], ..Default::default() };
    let later = SessionAccuracy { new: Some([71.0, 1.5]), stored: [98.0, 0.5], ..session(50, 80.0) };
    let curve =
        |rule| SessionCurve { label: text.into(), rule, mean: [85.0, 1.0], sessions: vec![session(40, 90.0), later] };
    ClassIncremental {
        setting: text.into(),
        trained_ways: 20,
        curves: vec![curve(Some(LearningRule::Hybrid)), curve(None)],
    }
}

fn few_shot(text: &str) -> FewShot {
    let cell = |percent, interval, episodes| Some(FewShotCell { percent, interval, episodes });
    let row = |rule, published, cells| FewShotRow { label: text.to_owned(), rule, published, cells };
    let hybrid = Some(LearningRule::Hybrid);
    let curve = |rule, start: f64| {
        let points = [(5, start + 3.0), (1, start)];
        let points = points.map(|(shots, percent)| ShotPoint { shots, percent, interval: 0.5 });
        ShotCurve { label: text.to_owned(), rule, points: points.into() }
    };
    FewShot {
        table: vec![
            row(None, true, vec![cell(98.8, None, None)]),
            row(hybrid, false, vec![cell(97.5, Some(0.5), Some(1000)), cell(99.125, Some(0.0625), Some(600))]),
            row(None, false, vec![None, cell(99.5, Some(0.25), Some(1000))]),
        ],
        tasks: vec![format!("{text} 1"), format!("{text} 2")],
        shots: vec![curve(hybrid, 95.0), curve(None, 94.0), curve(Some(LearningRule::Global), 30.0)],
        episodes: vec![episode(text)],
    }
}

fn episode(text: &str) -> ExplainedEpisode {
    let shown = |label, answers: &[f32]| ShownPicture {
        levels: vec![0, 255, 128, 0],
        label,
        name: text.to_owned(),
        answers: answers.to_vec(),
    };
    ExplainedEpisode {
        side: 2,
        ways: 2,
        support: vec![shown(1, &[]), shown(0, &[])],
        queries: vec![shown(0, &[0.75, -0.5]), shown(0, &[0.25, 0.5])],
        potentials: vec![vec![0.0, 20.0], vec![20.0, 0.25], vec![0.75, -0.5]],
        before: vec![vec![0.0; 4]; 2],
        after: vec![vec![0.5, -0.25, 0.0, 0.125]; 2],
    }
}

/// Two methods that are told the task and one that is not; three tasks, the next one tested ahead.
fn continual(text: &str) -> Continual {
    let method = |rule, told, average: [f64; 2]| ContinualMethod {
        label: text.to_owned(),
        rule,
        told,
        average: average.to_vec(),
        backward_transfer: average.map(|percent| percent - 94.0).to_vec(),
        forward_transfer: vec![0.5, 1.5],
        forgetting: average.map(|percent| 95.0 - percent).to_vec(),
        course: vec![vec![98.0, 95.0, 90.0], vec![96.0, 94.0, 92.0]],
        weights: 407_510,
        memory_bytes: 3_260_080,
        operations: 8_150_200,
        minutes: vec![12.0, 13.0],
        unnamed: None,
    };
    let unnamed = UnnamedAccuracy { images: 200, by_confidence: [71.25, 80.5], by_energy: [74.0, 85.0] };
    let rows = vec![vec![97.0, 11.0], vec![91.0, 96.0, 9.0], vec![82.0, 90.0, 95.0]];
    Continual {
        setting: text.to_owned(),
        methods: vec![
            ContinualMethod { unnamed: Some(unnamed), ..method(Some(LearningRule::Hybrid), true, [94.0, 96.0]) },
            method(None, true, [88.0, 90.0]),
            ContinualMethod { memory_bytes: 0, operations: 0, ..method(None, false, [60.0, 62.0]) },
        ],
        matrices: vec![TaskMatrix { label: text.to_owned(), rows }],
    }
}

fn multi_task(text: &str) -> MultiTask {
    let network = |told: bool, unnamed| MultiTaskNetwork {
        label: text.to_owned(),
        rule: Some(LearningRule::Hybrid),
        told,
        accuracy: vec![vec![98.0, 88.0], vec![96.0, 90.0]],
        unnamed,
        operations: 2_000_000,
        minutes: vec![1.5, 2.5],
    };
    let unnamed = UnnamedAccuracy { images: 50, by_confidence: [91.25, 93.5], by_energy: [92.0, 95.0] };
    MultiTask {
        tasks: vec![text.to_owned(), "letters".to_owned()],
        networks: vec![network(false, None), network(true, Some(unnamed))],
    }
}

fn provenance(text: &str) -> Provenance {
    let words = || Some(text.to_owned());
    Provenance {
        version: words(),
        config_hash: words(),
        seeds: vec![1, 2],
        threads: Some(2),
        machine: words(),
        wall_time_secs: Some(75.0),
        date: words(),
        commands: vec![text.to_owned()],
        more: vec![(text.to_owned(), text.to_owned())],
    }
}

/// Makes every number of the report that may be wrong wrong.
fn poison(report: &mut Report, bad: f64) {
    for arm in &mut report.arms {
        arm.step_time_ms = Some(bad);
        for accuracy in &mut arm.accuracies {
            accuracy.percent.push(bad);
        }
        arm.accuracies.push(NoiseAccuracy { variance: bad, percent: vec![bad], frozen_percent: vec![bad] });
        arm.accuracies.push(NoiseAccuracy { variance: 0.03, percent: vec![bad], frozen_percent: vec![bad] });
        arm.published.push(Published::new("bad", [(bad, bad), (0.03, bad), (bad, 50.0)]));
        for curve in &mut arm.curves {
            curve.training_loss.push(bad);
            curve.validation_percent.push(bad);
        }
    }
    for arm in report.fault_tolerance.iter_mut().flat_map(|t| &mut t.kinds).flat_map(|kind| &mut kind.arms) {
        arm.areas.push(bad);
        arm.frozen_areas = vec![bad];
        arm.levels[0].percent.push(bad);
        arm.levels.push(LevelAccuracy { level: u32::MAX, percent: vec![bad, bad], frozen_percent: vec![bad] });
    }
    if let Some(few_shot) = &mut report.few_shot {
        few_shot.table[1].cells[0] = Some(FewShotCell { percent: bad, interval: Some(bad), episodes: None });
        few_shot.shots[0].points.push(ShotPoint { shots: u32::MAX, percent: bad, interval: bad });
        few_shot.shots[1].points.push(ShotPoint { shots: 2, percent: 90.0, interval: bad });
        let (episode, bad) = (&mut few_shot.episodes[0], bad as f32);
        episode.potentials[0] = vec![bad; 2];
        episode.potentials[2][1] = bad;
        episode.queries[0].answers[1] = bad;
        episode.after[0][0] = bad;
    }
    if let Some(found) = &mut report.class_incremental {
        found.curves[0].mean = [bad; 2];
        found.curves[0].sessions[0].all = [bad, -bad];
        found.curves[1].sessions[1].new = Some([bad; 2]);
        found.curves[1].sessions[1].classes = u32::MAX;
    }
    if let Some(multi_task) = &mut report.multi_task {
        multi_task.networks[0].accuracy = vec![vec![bad], vec![], vec![90.0, -bad, 3.0]];
    }
    if let Some(continual) = &mut report.continual {
        let method = &mut continual.methods[0];
        method.average.push(bad);
        method.backward_transfer = vec![bad];
        method.course.push(vec![90.0, bad, 80.0, bad]);
        method.minutes = vec![bad; 2];
        method.unnamed = Some(UnnamedAccuracy { images: usize::MAX, by_confidence: [bad; 2], by_energy: [bad; 2] });
        continual.methods[1].course = vec![vec![bad; 3]];
        continual.methods[2].course = vec![vec![bad, -bad, 90.0]; 2];
        (continual.methods[2].weights, continual.methods[2].memory_bytes) = (u64::MAX, u64::MAX);
        continual.matrices[0].rows[1][0] = bad;
        continual.matrices.push(TaskMatrix { rows: vec![vec![bad; 3], vec![], vec![bad]], ..TaskMatrix::default() });
    }
    if let Some(chips) = &mut report.chips {
        chip::poison(chips, bad);
    }
    let trace = &mut report.samples[0].potentials[0];
    trace.threshold = bad;
    trace.membrane_potential.push(bad);
    for layer in &mut report.plastic_layers {
        match &mut layer.view {
            WeightView::HybridFields(fields) => fields.neurons[0].weight[0] = bad as f32,
            WeightView::ReceptiveFields(fields) => fields[0].weights[0] = bad as f32,
            WeightView::Matrix(matrix) => matrix.weights[0] = bad as f32,
        }
    }
}

/// The JSON that a page carries.
fn carried(page: &str) -> &str {
    let (_, rest) = page.split_once(r#"id="glocal-report">"#).expect("the data element");
    rest.split_once("</script>").expect("its end").0
}

/// The values of all attributes of all drawings.
fn drawing_attributes(page: &str) -> Vec<&str> {
    let drawings = page.split("<svg").skip(1).filter_map(|rest| rest.split("</svg>").next());
    let tags = drawings.flat_map(|drawing| drawing.split('<')).map(|tag| tag.split('>').next().unwrap_or(""));
    tags.flat_map(|tag| tag.split('"').skip(1).step_by(2)).collect()
}

#[test]
fn every_section_can_be_present_or_absent() {
    type Clear = fn(&mut Report);
    let sections: [(&str, Clear); 17] = [
        ("role=\"note\"", |r| r.notice = None),
        ("class=\"lead\"", |r| r.summary.clear()),
        ("class=\"headlines\"", |r| r.headlines.clear()),
        ("id=\"arms\"", |r| r.arms.clear()),
        ("id=\"learning\"", |r| r.arms.iter_mut().for_each(|arm| arm.curves.clear())),
        ("Under noise", |r| r.arms.iter_mut().for_each(|arm| (arm.accuracies.clear(), arm.published.clear()).0)),
        ("id=\"few-shot\"", |r| r.few_shot = None),
        ("id=\"class-incremental\"", |r| r.class_incremental = None),
        ("id=\"continual\"", |r| r.continual = None),
        ("id=\"multi-task\"", |r| r.multi_task = None),
        ("id=\"chips\"", |r| r.chips = None),
        ("id=\"faults\"", |r| r.fault_tolerance = None),
        ("id=\"confusions\"", |r| r.confusions.clear()),
        ("One sample inside", |r| r.samples.clear()),
        ("id=\"plastic\"", |r| r.plastic_layers.clear()),
        ("id=\"health\"", |r| r.health = None),
        ("id=\"reproduce\"", |r| r.provenance = None),
    ];
    let page = render(&full("text"));
    for (mark, clear) in sections {
        assert!(page.contains(mark), "{mark} is missing");
        let mut report = full("text");
        clear(&mut report);
        assert!(!render(&report).contains(mark), "{mark} is still there");
    }
}

#[test]
fn parts_of_a_section_can_be_absent() {
    let mut report = full("text");
    report.samples[0].image = None;
    report.samples[0].potentials.clear();
    let page = render(&report);
    assert!(page.contains("Every mark is one spike") && !page.contains("Membrane potentials"));
    report.provenance = Some(Provenance { commands: vec!["glocal quickstart".into()], ..Provenance::default() });
    let page = render(&report);
    assert!(page.contains("glocal quickstart") && !page.contains("config hash"));
    report.health = Some(Vec::new());
    assert!(render(&report).contains("found nothing to report"));
}

#[test]
fn the_empty_report_is_a_page() {
    let page = render(&Report::default());
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"), "{page}");
    assert!(!page.contains("<section") && !page.contains("<svg"));
    assert_eq!(noise_chart_svg(&Report::default()), None);
}

#[test]
fn a_single_run_is_not_called_a_comparison() {
    let mut report = full("text");
    report.arms.truncate(1);
    assert!(render(&report).contains("What the network reached"));
}

#[test]
fn the_table_puts_mean_deviation_and_seeds_beside_the_published_figure() {
    // seeds 80 and 82: mean 81, deviation sqrt(2); published 73.6, so +7.4
    let page = render(&full("text"));
    assert!(page.contains("<strong>81.0 ± 1.4</strong>"));
    assert!(page.contains("73.6<span class=\"delta\">(+7.4)</span>"));
    assert!(page.contains("2<span class=\"delta\">(1, 2)</span>"));
}

/// The page of a single section.
fn faults_page(kind: FaultKind) -> String {
    render(&Report { fault_tolerance: Some(FaultTolerance { kinds: vec![kind] }), ..Report::default() })
}

fn confusion_page(confusion: Confusion) -> String {
    render(&Report { confusions: vec![confusion], ..Report::default() })
}

/// The text of a page's drawings that has this class, drawing by drawing.
fn drawn_texts<'a>(page: &'a str, class: &str) -> Vec<&'a str> {
    let start = format!("<text class=\"{class}\"");
    let after = page.split(&start as &str).skip(1).filter_map(|rest| rest.split_once('>'));
    after.filter_map(|(_, rest)| rest.split('<').next()).collect()
}

#[test]
fn fault_tolerance_has_areas_curves_and_a_verdict() {
    // seeds 64 and 67: mean 65.5, deviation 3 / sqrt(2) = 2.1; level 7: 40 and 44, frozen 39 and 43
    let page = faults_page(FaultKind { verdict: "HP is above both.".into(), ..fault_kind("gaussian noise") });
    assert!(page.contains("<strong>65.5 ± 2.1</strong>") && page.contains("<td>64.5 ± 2.1</td>"));
    assert!(page.contains("<td class=\"verdict\" colspan=\"4\"><span>HP is above both.</span></td>"));
    assert!(page.contains("<td>42.0 ± 2.8</td><td>41.0 ± 2.8</td>"));
    assert_eq!(drawn_texts(&page, "label"), ["LP", "GP", "HP", "LP", "GP", "HP"]);
    assert_eq!(drawn_texts(&page, "frozen-label")[..3], ["LP frozen", "GP frozen", "HP frozen"]);
    assert!(page.contains("HP hybrid: 42.0 ± 2.8 % at level 7") && page.contains("<span>level 7</span>"));
}

#[test]
fn arms_without_plastic_state_have_no_frozen_curve() {
    let mut kind = fault_kind("noise");
    for arm in &mut kind.arms {
        arm.frozen_areas.clear();
        arm.levels.iter_mut().for_each(|level| level.frozen_percent.clear());
    }
    let page = faults_page(kind);
    assert!(drawn_texts(&page, "frozen-label").is_empty() && !page.contains("Thin dashes"));
    assert!(!page.contains("<th scope=\"col\">HP frozen</th>") && !page.contains("class=\"frozen\""));
}

#[test]
fn one_seed_and_one_level_are_points_without_deviation() {
    let levels = vec![LevelAccuracy { level: 3, percent: vec![70.0], frozen_percent: vec![] }];
    let arm = FaultArm { rule: LearningRule::Hybrid, levels, areas: vec![70.0], frozen_areas: vec![] };
    let page = faults_page(FaultKind { name: "salt".into(), arms: vec![arm], ..FaultKind::default() });
    assert!(page.contains("<strong>70.0</strong>") && page.contains("HP hybrid: 70.0 % at level 3"));
    assert!(!page.contains("class=\"band\"") && !page.contains("class=\"bar\""));
}

#[test]
fn damage_of_which_nothing_is_known_is_said_to_be_unmeasured() {
    assert!(faults_page(FaultKind::default()).contains("No accuracy was measured."));
    let arms = vec![FaultArm { rule: LearningRule::Local, levels: vec![], areas: vec![], frozen_areas: vec![] }];
    let examples = vec![FaultExample { level: 1, image: Image { width: 3, height: 3, pixels: vec![0] } }];
    let page = faults_page(FaultKind { arms, examples, ..FaultKind::default() });
    assert!(page.contains("No accuracy was measured.") && page.contains("size and data disagree"));
    let nothing = Report { fault_tolerance: Some(FaultTolerance::default()), ..Report::default() };
    assert!(!render(&nothing).contains("id=\"faults\""));
}

fn few_shot_page(few_shot: FewShot) -> String {
    render(&Report { few_shot: Some(few_shot), ..Report::default() })
}

/// The page of one episode.
fn episode_page(episode: ExplainedEpisode) -> String {
    few_shot_page(FewShot { episodes: vec![episode], ..FewShot::default() })
}

#[test]
fn few_shot_puts_ours_first_and_the_best_of_ours_in_bold() {
    // 98.8 is published and the highest of its column; half a width of 0.0625 gets a second decimal
    let page = few_shot_page(few_shot("text"));
    let (ours, theirs) = page.split_once("Published by others").expect("published rows");
    assert!(ours.contains("<td>97.5 ± 0.5</td><td>99.12 ± 0.06</td>"), "{ours}");
    assert!(ours.contains("<td>–</td><td><strong>99.5 ± 0.2</strong></td>"));
    assert!(theirs.contains("<td>98.8</td><td>–</td>"));
    assert!(page.contains("mean over 600 to 1000 episodes"));
    assert!(page.contains("text: 98.0 ± 0.5 % with 5 of each"));
    assert!(page.contains("The lower panel shows the highest lines again"));
}

#[test]
fn an_episode_is_told_step_by_step() {
    let page = episode_page(episode("Tibetan/character29"));
    assert_eq!(page.matches("<strong>class 1</strong>").count(), 1);
    assert!(page.contains("Tibetan/<wbr>character29<wbr>"));
    assert_eq!(drawn_texts(&page, "highest")[..2], ["◂0.75", "◂0.75"]);
    assert!(page.contains("<td>0.7500</td><td>−0.5000</td>"));
    assert!(page.contains("✓ right</span>: class 0") && page.contains("✗ wrong</span>: 1 instead of 0"));
    assert!(page.contains("1 of these 2 are right"));
    assert!(page.contains("before 0 to 0, after −0.2500 to 0.5000"));
}

#[test]
fn absent_parts_of_few_shot_learning_are_left_out() {
    assert!(!few_shot_page(FewShot::default()).contains("<section"));
    let tasks = few_shot("text").tasks;
    assert!(
        !few_shot_page(FewShot { tasks, episodes: vec![ExplainedEpisode::default()], ..FewShot::default() })
            .contains("<section")
    );
    type Clear = fn(&mut FewShot);
    let parts: [(&str, Clear); 7] = [
        ("Published by others", |f| f.table.retain(|row| !row.published)),
        ("95 % confidence interval over episodes. Bold", |f| f.tasks.clear()),
        ("What each further labelled picture", |f| f.shots.iter_mut().for_each(|curve| curve.points.truncate(1))),
        ("The support: all", |f| f.episodes[0].support.clear()),
        ("Each class has a neuron", |f| f.episodes[0].potentials.clear()),
        ("What the local rule wrote", |f| (f.episodes[0].before.clear(), f.episodes[0].after.clear()).0),
        ("Queries and the answers", |f| f.episodes[0].queries.clear()),
    ];
    for (mark, clear) in parts {
        let mut few_shot = few_shot("text");
        assert!(few_shot_page(few_shot.clone()).contains(mark), "{mark} is missing");
        clear(&mut few_shot);
        assert!(!few_shot_page(few_shot).contains(mark), "{mark} is still there");
    }
}

#[test]
fn strange_episodes_are_drawn() {
    let shown = |label, levels: usize| ShownPicture { label, levels: vec![200; levels], ..ShownPicture::default() };
    let odd = [
        ExplainedEpisode { side: usize::MAX, ..episode("text") },
        ExplainedEpisode { support: vec![shown(u32::MAX, 3), shown(0, 0)], ..episode("text") },
        ExplainedEpisode { potentials: vec![vec![], vec![1.0; 3], vec![]], ..episode("text") },
        ExplainedEpisode { before: vec![], after: vec![vec![0.5; 7], vec![]], ..episode("text") },
        ExplainedEpisode { potentials: vec![vec![f32::MAX, f32::MIN]; 2], ..episode("text") },
    ];
    for episode in odd {
        let page = episode_page(episode);
        let bad = |value: &&str| value.contains("NaN") || value.contains("inf") || value.contains("0000000");
        assert_eq!(drawing_attributes(&page).into_iter().find(bad), None);
    }
    assert!(episode_page(ExplainedEpisode { side: 3, ..episode("text") }).contains("size and data disagree"));
}

#[test]
fn a_large_episode_is_bounded_and_says_what_is_left_out() {
    let shown = |place: usize| ShownPicture {
        levels: vec![if place.is_multiple_of(2) { 255 } else { 0 }; 28 * 28],
        label: (place % 200) as u32,
        answers: vec![0.5; 200],
        ..ShownPicture::default()
    };
    let page = episode_page(ExplainedEpisode {
        side: 28,
        ways: 200,
        support: (0..1000).map(shown).collect(),
        queries: (0..1000).map(shown).collect(),
        potentials: vec![vec![0.5; 200]; 1001],
        before: vec![vec![0.0; 512]; 200],
        after: vec![vec![0.125; 512]; 200],
    });
    assert!(page.contains("The first 100 of 1000 pictures") && page.len() < 2_000_000, "{}", page.len());
}

fn continual_page(continual: Continual) -> String {
    render(&Report { continual: Some(continual), ..Report::default() })
}

#[test]
fn networks_of_several_tasks_are_listed_with_every_task() {
    // seeds 98, 96 and 88, 90: means 97 and 89, deviation sqrt(2); means of the seeds 93 and 93
    let page = render(&Report { multi_task: Some(multi_task("text")), ..Report::default() });
    let row = "<td>97.0 ± 1.4</td><td>89.0 ± 1.4</td><td>93.0 ± 0.0</td><td>2\u{202f}000\u{202f}000</td>\
        <td>2.0 ± 0.7</td>";
    assert_eq!(page.matches(row).count(), 2, "{page}");
    assert!(page.contains("<td>93.0 ± 0.0</td><td>91.2 (93.5)</td><td>92.0 (95.0)</td>"));
    assert!(page.contains("With masks each task") && page.contains("learns 2 data sets together"));
    let alone = MultiTask { networks: vec![multi_task("text").networks.remove(0)], ..multi_task("text") };
    let page = render(&Report { multi_task: Some(alone), ..Report::default() });
    assert!(!page.contains("With masks each task") && !page.contains("Not told the task"));
    let none = Report { multi_task: Some(MultiTask::default()), ..Report::default() };
    assert!(!render(&none).contains("<section"));
}

#[test]
fn methods_are_compared_with_those_that_are_told_as_much() {
    // seeds 94 and 96: mean 95, deviation sqrt(2); the method that is not told is alone and has nothing to compare
    let page = continual_page(continual("text"));
    let hybrid = "<td>yes</td><td><strong>95.0 ± 1.4</strong></td><td><strong>+1.0 ± 1.4</strong></td>\
        <td><strong>+1.0 ± 0.7</strong></td><td><strong>0.0 ± 1.4</strong></td>";
    assert!(page.contains(hybrid), "{page}");
    assert!(page.contains("<td>yes</td><td>89.0 ± 1.4</td><td>−5.0 ± 1.4</td>"));
    assert!(page.contains("<td>no</td><td>61.0 ± 1.4</td>"));
    assert!(page.contains("of methods that are told the task and of the others"));
    assert!(page.contains("text: 91.0 ± 1.4 % after 3 tasks"));
    assert!(page.contains("<th class=\"row-name\" scope=\"row\">2</th><td>94.5 ± 0.7</td>"));
}

#[test]
fn continual_learning_says_what_it_takes_and_whether_tasks_are_found() {
    let page = continual_page(continual("text"));
    assert!(page.contains("<td>407\u{202f}510</td><td>3.3 MB</td><td>8\u{202f}150\u{202f}200</td><td>12.5 ± 0.7</td>"));
    assert!(page.contains("<td>nothing</td><td>–</td>"));
    let found = "<td>95.0 ± 1.4</td><td>71.2<span class=\"delta\">(80.5)</span></td>\
        <td>74.0<span class=\"delta\">(85.0)</span></td>";
    assert!(page.contains(found) && page.contains("Judged by 200 test images of each task."));
}

#[test]
fn the_matrix_of_tasks_is_drawn_and_put_into_words() {
    // the diagonal: (97 + 96 + 95) / 3 = 96; the last row: (82 + 90 + 95) / 3 = 89
    let page = continual_page(continual("text"));
    assert_eq!(drawn_texts(&page, "cell"), ["97", "11", "91", "96", "9", "82", "90", "95"].repeat(2));
    assert!(page.contains("at 96.0\u{a0}% when it was just learned and at 89.0\u{a0}% in the last row."));
    assert!(page.contains("Task 1 fell furthest, from 97.0\u{a0}% to 82.0\u{a0}%."));
    assert!(page.contains("<td>97.0</td><td>11.0</td><td>–</td>") && page.contains("≤ 80"));
    assert!(page.contains("<title>on task 2 after task 1: 11.0 %</title>"));
}

#[test]
fn absent_parts_of_continual_learning_are_left_out() {
    let setting = || "Ten tasks.".to_owned();
    let empty = Continual { setting: setting(), methods: vec![ContinualMethod::default()], ..Continual::default() };
    assert!(!continual_page(empty).contains("<section"));
    type Clear = fn(&mut ContinualMethod);
    let parts: [(&str, Clear); 8] = [
        ("backward transfer", |m| m.backward_transfer.clear()),
        ("forward transfer", |m| m.forward_transfer.clear()),
        ("forgetting</strong>", |m| m.forgetting.clear()),
        ("Look at the right end", |m| m.course.iter_mut().for_each(|course| course.truncate(1))),
        ("Bands are one standard deviation", |m| m.course.truncate(1)),
        ("kept beside them", |m| m.memory_bytes = 0),
        ("What it takes", |m| {
            (m.weights, m.memory_bytes, m.operations) = (0, 0, 0);
            m.minutes.clear();
        }),
        ("Not told the task", |m| m.unnamed = None),
    ];
    for (mark, clear) in parts {
        let mut continual = continual("text");
        assert!(continual_page(continual.clone()).contains(mark), "{mark} is missing");
        continual.methods.iter_mut().for_each(clear);
        assert!(!continual_page(continual).contains(mark), "{mark} is still there");
    }
    let matrices = vec![TaskMatrix { rows: vec![vec![], vec![]], ..TaskMatrix::default() }];
    assert!(!continual_page(Continual { matrices, ..continual("text") }).contains("Accuracy task by task"));
    let told = |told| Continual {
        methods: vec![ContinualMethod { told, ..continual("").methods.remove(0) }],
        ..continual("")
    };
    assert!(
        !continual_page(told(true)).contains("of the others") && !continual_page(told(false)).contains("<strong>9")
    );
}

#[test]
fn strange_tasks_are_drawn() {
    let odd = [
        vec![vec![50.0]],
        vec![vec![], vec![], vec![f64::NAN, 3.0]],
        vec![vec![7.0; 90]],
        vec![vec![-1.0], vec![1e30, 200.0]],
        vec![vec![0.0; 3]; 40],
    ];
    for rows in odd {
        let method = ContinualMethod { course: rows.clone(), ..ContinualMethod::default() };
        let matrices = vec![TaskMatrix { rows, ..TaskMatrix::default() }];
        let page = continual_page(Continual { methods: vec![method], matrices, ..Continual::default() });
        let bad = |value: &&str| value.contains("NaN") || value.contains("inf") || value.contains("0000000");
        assert_eq!(drawing_attributes(&page).into_iter().find(bad), None);
        assert_eq!(page.contains("Not finite and shown in red: 1."), page.contains("[null,3.0]"));
    }
}

#[test]
fn very_many_tasks_and_methods_are_bounded() {
    let method = |index: usize| ContinualMethod {
        label: format!("method {index}"),
        average: vec![50.0; 3],
        course: vec![(0..700).map(|task| 90.0 / (1.0 + task as f64 / 100.0)).collect(); 3],
        ..ContinualMethod::default()
    };
    // neighbouring cells differ, so that none can be joined
    let cell = |index: usize| (index * 37 % 100) as f64;
    let rows: Vec<Vec<f64>> = (0..700).map(|after| (0..=after + 1).map(|on| cell(on + after)).collect()).collect();
    let matrices = vec![TaskMatrix { label: "HP".into(), rows }; 6];
    let page = continual_page(Continual { methods: (0..300).map(method).collect(), matrices, ..Continual::default() });
    assert!(page.len() < 3_000_000, "{}", page.len());
    assert!(page.contains("The first 24 of 300 methods are shown. The first 100 of 701 tasks are shown."));
    assert!(page.contains("method 23") && !page.contains("method 24") && drawn_texts(&page, "cell").is_empty());
}

#[test]
fn the_matrix_shows_shares_and_names_the_largest_confusions() {
    // 9 + 15 + 39 of 70 are right; row shares: 1 of 10, 5 of 20, 1 of 40
    let page = confusion_page(confusion("class"));
    assert_eq!(drawn_texts(&page, "cell"), ["90", "10", "25", "75", "2.5", "98"].repeat(2));
    assert!(page.contains("90\u{a0}% right</strong> (63 of 70)"));
    let named = "<ol><li>class two taken for class one: 5 of 20 (25\u{a0}%)</li>\
        <li>class one taken for class two: 1 of 10 (10\u{a0}%)</li><li>2 taken for class two: 1 of 40 (2.5\u{a0}%)</li></ol>";
    assert!(page.contains(named));
    assert!(page.contains("<th class=\"row-name\" scope=\"row\">class two</th><td>5</td><td>15</td><td>0</td>"));
    assert!(page.contains("strongest red stands for 25\u{a0}% of a row"));
}

#[test]
fn classes_are_named_wherever_the_drawing_has_numbers_only() {
    let list = "<li><strong>0</strong> class one</li>";
    assert!(
        confusion_page(confusion("class"))
            .contains(&format!("<div class=\"narrow-only\"><ul class=\"classes\">{list}"))
    );
    let digits: Vec<String> = (0..10).map(|digit: u32| digit.to_string()).collect();
    let counts = (0..10).map(|row| (0..10).map(|column| u64::from(row == column)).collect()).collect();
    let page = confusion_page(Confusion { classes: digits, counts, ..Confusion::default() });
    assert!(!page.contains("class=\"classes\"") && page.contains("No sample was taken for another class."));
}

#[test]
fn a_matrix_without_samples_says_so() {
    for counts in [vec![], vec![vec![]; 3], vec![vec![0; 2]; 2]] {
        let page = confusion_page(Confusion { counts, classes: vec!["a".into()], ..Confusion::default() });
        assert!(page.contains("No sample was counted.") && !page.contains("<svg"));
    }
}

#[test]
fn strange_matrices_are_drawn() {
    let ragged = vec![vec![u64::MAX, u64::MAX], vec![], vec![0, 0, 0, 7]];
    for counts in
        [ragged, vec![vec![1]], vec![vec![0, 1]], vec![vec![0; 60]; 59].into_iter().chain([vec![1]]).collect()]
    {
        let page = confusion_page(Confusion { counts, ..Confusion::default() });
        let bad = |value: &&str| value.contains("NaN") || value.contains("inf") || value.contains("0000000");
        assert_eq!(drawing_attributes(&page).into_iter().find(bad), None);
    }
}

#[test]
fn a_hundred_classes_are_drawn_without_numbers() {
    let classes = (0..100).map(|class| format!("class {class}")).collect();
    let page = confusion_page(Confusion { classes, counts: vec![vec![3; 100]; 100], ..Confusion::default() });
    assert!(drawn_texts(&page, "cell").is_empty() && page.contains("The names of the classes"));
    assert!(page.len() < 2_000_000, "{}", page.len());
}

#[test]
fn very_many_classes_and_examples_are_bounded() {
    let counts = vec![vec![1; 600]; 600];
    let page = confusion_page(Confusion { label: "HP".into(), counts, ..Confusion::default() });
    assert!(page.len() < 2_000_000, "{}", page.len());
    assert!(page.contains("99 of 600 classes") && page.contains("501 others"));
    assert!(page.contains("0.2\u{a0}% right</strong> (99 of 59400)"));
    let examples = (0..1000).map(|level| FaultExample { level, ..FaultExample::default() }).collect();
    let page = faults_page(FaultKind { examples, ..FaultKind::default() });
    assert_eq!(page.matches("<span>level ").count(), Report::MOST_EXAMPLES);
    assert!(page.contains("<span>level 999</span>"));
}

#[test]
fn hostile_text_stays_text() {
    let report = full(HOSTILE);
    let page = render(&report);
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</script").count(), 1);
    assert!(!page.contains("<b>") && !page.contains("<!--"));
    assert_eq!(serde_json::from_str::<Report>(carried(&page)).expect("JSON"), report);
    let svg = noise_chart_svg(&report).expect("two variances");
    assert!(!svg.contains("<script") && !svg.contains("<b>"));
}

#[test]
fn no_number_that_is_not_finite_reaches_a_drawing() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN] {
        let mut report = full("text");
        poison(&mut report, bad);
        let page = render(&report);
        for value in drawing_attributes(&page) {
            assert!(!value.contains("NaN") && !value.contains("inf"), "{bad}: {value}");
            assert!(!value.contains("0000000"), "{bad}: {value}");
        }
        let svg = noise_chart_svg(&report).expect("two variances");
        assert!(drawing_attributes(&svg).iter().all(|value| !value.contains("NaN") && !value.contains("inf")), "{bad}");
        assert!(bad.is_finite() || page.contains("not finite"), "{bad} is hidden");
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(render(&full("text")), render(&full("text").clone()));
    assert_eq!(noise_chart_svg(&full("text")), noise_chart_svg(&full("text")));
}

#[test]
fn the_page_carries_the_report() {
    let report = full("text");
    let page = render(&report);
    let read: Report = serde_json::from_str(carried(&page)).expect("JSON");
    assert_eq!(read, report);
    assert_eq!(render(&read), page);
}

#[test]
fn what_is_not_finite_survives_the_file() {
    let mut report = full("text");
    poison(&mut report, f64::NAN);
    let json = serde_json::to_string(&report).expect("JSON");
    let read: Report = serde_json::from_str(&json).expect("read back");
    assert!(read.arms[0].accuracies[0].percent[2].is_nan());
    assert_eq!(serde_json::to_string(&read).expect("JSON"), json);
}

#[test]
fn a_report_of_an_older_version_still_opens() {
    let read: Report = serde_json::from_str(r#"{"title":"old","arms":[{"rule":"hybrid"}],"unknown":1}"#).expect("JSON");
    assert_eq!((read.title.as_str(), &read.arms), ("old", &vec![Arm::new(LearningRule::Hybrid)]));
}

#[test]
fn a_huge_raster_is_bounded_and_still_counted() {
    let (steps, neurons) = (1000, 2000);
    let spikes = (0..steps).flat_map(|step| (0..neurons).map(move |neuron| Spike { step, neuron })).collect();
    let layer = LayerRaster { name: "full".into(), neurons, spikes, unlisted: 0 };
    let sample = SampleActivity { steps, layers: vec![layer], ..SampleActivity::default() };
    let page = render(&Report { samples: vec![sample], ..Report::default() });
    assert!(page.len() < 2_000_000, "{}", page.len());
    assert!(page.contains("2000000 spikes (100.0 %), 20000 drawn"));
}

#[test]
fn spikes_outside_their_layer_are_not_drawn() {
    let spikes = vec![Spike { step: usize::MAX, neuron: 0 }, Spike { step: 0, neuron: usize::MAX }];
    let layer = LayerRaster { name: "layer".into(), neurons: 1, spikes, unlisted: usize::MAX };
    let sample = SampleActivity { steps: 2, layers: vec![layer], ..SampleActivity::default() };
    assert!(render(&Report { samples: vec![sample], ..Report::default() }).contains("class=\"spikes\" d=\"\""));
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let page = render(&full("text")).replace("http://www.w3.org/2000/svg", "");
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("url(") && !page.contains("@import"));
    assert!(page.split("src=\"").skip(1).all(|rest| rest.starts_with("data:image/png;base64,")));
}

#[test]
fn the_drawing_as_a_file_needs_no_style_sheet() {
    let svg = noise_chart_svg(&full("text")).expect("two variances");
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n") && svg.matches("<svg").count() == 1);
    assert!(!svg.contains("var(--"));
}

#[test]
fn one_variance_is_no_line() {
    let mut report = full("text");
    report.arms.iter_mut().for_each(|arm| (arm.accuracies.truncate(1), arm.published.clear()).0);
    assert_eq!(noise_chart_svg(&report), None);
}

#[test]
fn weights_that_do_not_fill_their_picture_are_reported() {
    let field = ReceptiveField { neuron: 0, height: 3, width: 3, weights: vec![0.0; 4] };
    let view = WeightView::ReceptiveFields(vec![field]);
    let layer = PlasticLayer { layer: "layer".into(), what: "weights".into(), view };
    assert!(render(&Report { plastic_layers: vec![layer], ..Report::default() }).contains("disagree"));
}

#[test]
fn the_saved_page_is_the_rendered_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.html");
    save(&full("text"), &path).expect("saved");
    assert_eq!(std::fs::read_to_string(path).expect("read"), render(&full("text")));
}
