//! Oracles: Poisson and binomial confidence, fields of view by hand, and invariances.

use glocal_data::{
    DataError, Draw, Event, EventCorruption, EventCorruptions, Polarity::Off, Polarity::On, Recording, SensorSize,
    Stream,
};

fn draw() -> Draw {
    Draw::new(&Stream::new(5).fork("event corruption"), 0)
}

/// One event at each of 40 x 30 pixels, then once more, a second later; 25 pixels' worth at a time.
fn grid() -> Recording {
    let pixel = |i: u64| Event { t_us: i * 1000, x: (i % 40) as u16, y: (i / 40 % 30) as u16, polarity: Off };
    Recording { sensor: SensorSize { width: 40, height: 30 }, events: (0..2400).map(pixel).collect() }
}

fn damaged(text: &str, number: u32) -> Recording {
    let mut recording = grid();
    text.parse::<EventCorruptions>().unwrap().apply(&mut recording, &draw(), number).unwrap();
    assert!(recording.events.is_sorted_by_key(|event| event.t_us), "{text}");
    assert!(recording.events.iter().all(|event| recording.sensor.contains(event.x, event.y)), "{text}");
    recording
}

/// What was added; the rest must be what was there.
fn added(text: &str, number: u32) -> Vec<Event> {
    let after = damaged(text, number).events;
    let (old, new): (Vec<Event>, Vec<Event>) = after.into_iter().partition({
        let mut left = grid().events.into_iter().peekable();
        move |event| left.next_if_eq(event).is_some()
    });
    assert_eq!(old, grid().events);
    new
}

fn within_four_deviations(found: usize, expected: f64) {
    assert!((found as f64 - expected).abs() < 4.0 * expected.sqrt(), "{found}, expected {expected}");
}

/// 1200 pixels, 10 events a second, 2.399 seconds: evenly over polarities, halves of the time and of the sensor.
#[test]
fn background_noise_is_poisson_of_every_pixel() {
    let noise = added("background-noise=10", 0);
    let expected = 1200.0 * 10.0 * 2.399_001;
    within_four_deviations(noise.len(), expected);
    let half =
        |of: &dyn Fn(&Event) -> bool| within_four_deviations(noise.iter().filter(|e| of(e)).count(), expected / 2.0);
    half(&|event| event.polarity == On);
    half(&|event| event.t_us < 1_199_500);
    half(&|event| event.x < 20);
    half(&|event| event.y < 15);
    assert_eq!(added("background-noise=0", 0), []);
}

/// Waiting times of a Poisson process are exponential: a share exp(-1) is longer than the mean.
#[test]
fn background_noise_has_exponential_waiting_times() {
    let noise = added("background-noise=1", 1);
    let mean_us = 1e6 / 1200.0;
    let long = noise.windows(2).filter(|pair| (pair[1].t_us - pair[0].t_us) as f64 > mean_us).count() as f64;
    let share = long / (noise.len() - 1) as f64;
    assert!((share - 0.3679).abs() < 4.0 * (0.2325 / noise.len() as f64).sqrt(), "{share}");
}

#[test]
fn events_are_dropped_at_the_share_asked_for() {
    within_four_deviations(2400 - damaged("event-drop=0.3", 0).events.len(), 720.0);
    assert_eq!(damaged("event-drop=1", 0).events, []);
    assert_eq!(damaged("event-drop=0", 0), grid());
}

/// Pixels that are silent, by position.
fn silent(recording: &Recording) -> Vec<(u16, u16)> {
    let all = (0..30).flat_map(|y| (0..40).map(move |x| (x, y)));
    all.filter(|&(x, y)| recording.events.iter().all(|event| (event.x, event.y) != (x, y))).collect()
}

#[test]
fn dead_pixels_are_the_sensors_and_more_with_a_greater_share() {
    let dead = silent(&damaged("dead-pixels=0.2", 0));
    within_four_deviations(dead.len(), 240.0);
    assert_eq!(damaged("dead-pixels=0.2", 0).events.len(), 2400 - 2 * dead.len());
    assert_eq!(silent(&damaged("dead-pixels=0.2", 7)), dead, "another recording, the same sensor");
    let more = silent(&damaged("dead-pixels=0.4", 0));
    assert!(more.len() > dead.len() && dead.iter().all(|pixel| more.contains(pixel)));
    assert_eq!(damaged("dead-pixels=0", 0), grid());
}

#[test]
fn hot_pixels_fire_on_events_at_their_rate() {
    let noise = added("hot-pixels=0.05,100", 0);
    let mut hot: Vec<(u16, u16)> = noise.iter().map(|event| (event.x, event.y)).collect();
    hot.sort_unstable();
    hot.dedup();
    within_four_deviations(hot.len(), 60.0);
    within_four_deviations(noise.len(), hot.len() as f64 * 100.0 * 2.399_001);
    assert!(noise.iter().all(|event| event.polarity == On));
    let mut others: Vec<(u16, u16)> = added("hot-pixels=0.05,100", 3).iter().map(|event| (event.x, event.y)).collect();
    others.sort_unstable();
    others.dedup();
    assert_eq!(others, hot, "another recording, the same sensor");
    assert_ne!(added("hot-pixels=0.05,100", 3), noise);
    assert_eq!(damaged("hot-pixels=0,100", 0), grid());
}

#[test]
fn fields_of_view_are_cropped() {
    let window = damaged("border=10", 0).events;
    assert_eq!(window.len(), 2 * 20 * 10);
    assert!(window.iter().all(|e| (10..30).contains(&e.x) && (10..20).contains(&e.y)));
    let rim = damaged("centre=3", 0).events;
    assert_eq!(rim.len(), 2400 - 2 * 36);
    assert!(rim.iter().all(|e| !((17..23).contains(&e.x) && (12..18).contains(&e.y))));
    assert_eq!(damaged("border=4294967295", 0).events, []);
    assert_eq!(damaged("centre=0", 0), grid());
}

#[test]
fn times_are_shifted_by_the_deviation_asked_for() {
    let after = damaged("time-jitter=10", 0).events;
    // The events are 1000 us apart: their order stays.
    let squares: f64 = after.iter().zip(grid().events).map(|(a, b)| (a.t_us as f64 - b.t_us as f64).powi(2)).sum();
    assert!(((squares / 2400.0).sqrt() - 10.0).abs() < 0.6, "{}", (squares / 2400.0).sqrt());
}

#[test]
fn what_is_drawn_depends_on_seed_and_sample_alone() {
    for text in
        ["background-noise=1", "event-drop=0.5", "time-jitter=50", "event-drop=0.5+background-noise=1+event-drop=0.5"]
    {
        assert_eq!(damaged(text, 4), damaged(text, 4));
        assert_ne!(damaged(text, 4), damaged(text, 5), "{text}");
    }
    let twice = damaged("event-drop=0.5+event-drop=0.5", 0).events.len();
    within_four_deviations(twice, 600.0);
}

#[test]
fn texts_are_read_and_written() {
    for text in [
        "background-noise=5",
        "event-drop=0.1",
        "dead-pixels=0.02",
        "hot-pixels=0.01,100",
        "border=3",
        "centre=14",
        "time-jitter=500",
    ] {
        let corruption: EventCorruption = text.parse().unwrap();
        assert_eq!(corruption.to_string(), text);
        let json = serde_json::to_string(&corruption).unwrap();
        assert_eq!(serde_json::from_str::<EventCorruption>(&json).unwrap(), corruption);
    }
    for text in [
        "",
        "event-drop",
        "event-drop=1.1",
        "background-noise=-1",
        "background-noise=inf",
        "hot-pixels=0.1",
        "hot-pixels=0.1,nan",
        "hot-pixels=2,1",
        "border=0.5",
        "drop=1",
    ] {
        assert!(matches!(text.parse::<EventCorruption>(), Err(DataError::Parameter { .. })), "{text}");
    }
}

/// Neither more memory than there is nor a wait without end.
#[test]
fn too_much_noise_is_refused() {
    let end = Event { t_us: u64::MAX, x: 0, y: 0, polarity: On };
    let mut recording =
        Recording { sensor: SensorSize { width: 1, height: 1 }, events: vec![Event { t_us: 0, ..end }, end] };
    let before = recording.clone();
    for text in ["background-noise=1", "hot-pixels=1,1", "background-noise=1e300"] {
        let error = text.parse::<EventCorruption>().unwrap().apply(&mut recording, &draw(), 0).unwrap_err();
        assert!(error.to_string().starts_with("noise events = "), "{error}");
        assert_eq!(recording, before);
    }
    let mut huge = Recording { sensor: SensorSize { width: u16::MAX, height: u16::MAX }, events: vec![] };
    assert!(EventCorruption::DeadPixels { share: 0.1 }.apply(&mut huge, &draw(), 0).is_err());
    let mut empty = Recording { sensor: SensorSize { width: 0, height: 0 }, events: vec![] };
    for text in ["background-noise=1", "event-drop=0.5", "border=1", "centre=1", "time-jitter=1"] {
        text.parse::<EventCorruption>().unwrap().apply(&mut empty, &draw(), 0).unwrap();
        assert_eq!(empty.events, [], "{text}");
    }
}
