//! The page as a whole: what is shown, what is left out, and what must never get into it.

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
        fault_tolerance: None,
        confusions: Vec::new(),
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
    let sections: [(&str, Clear); 10] = [
        ("role=\"note\"", |r| r.notice = None),
        ("class=\"lead\"", |r| r.summary.clear()),
        ("class=\"headlines\"", |r| r.headlines.clear()),
        ("id=\"arms\"", |r| r.arms.clear()),
        ("id=\"learning\"", |r| r.arms.iter_mut().for_each(|arm| arm.curves.clear())),
        ("Under noise", |r| r.arms.iter_mut().for_each(|arm| (arm.accuracies.clear(), arm.published.clear()).0)),
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
