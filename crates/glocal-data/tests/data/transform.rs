//! Oracles: events moved by hand, moments of the jitters, and invariances.

use glocal_data::{
    DataError, Event, EventTransform, EventTransforms, Polarity, Polarity::Off, Polarity::On, Recording, SensorSize,
    Stream,
};

fn at(t_us: u64, x: u16, y: u16, polarity: Polarity) -> Event {
    Event { t_us, x, y, polarity }
}

fn recording(width: u16, height: u16, events: &[Event]) -> Recording {
    Recording { sensor: SensorSize { width, height }, events: events.to_vec() }
}

fn transformed(text: &str, before: &Recording) -> Recording {
    let mut after = before.clone();
    text.parse::<EventTransforms>().unwrap().apply(&mut after, &Stream::new(3)).unwrap();
    after
}

#[test]
fn a_window_moves_to_the_corner() {
    let before =
        recording(6, 5, &[at(1, 1, 2, On), at(2, 2, 2, Off), at(3, 4, 3, On), at(4, 5, 3, On), at(5, 2, 4, On)]);
    let after = transformed("crop=2,2,3,2", &before);
    assert_eq!(after, recording(3, 2, &[at(2, 0, 0, Off), at(3, 2, 1, On)]));
    assert_eq!(transformed("crop=0,0,6,5", &before), before);
}

#[test]
fn squares_of_pixels_become_one() {
    let before = recording(5, 4, &[at(1, 0, 0, On), at(1, 1, 1, On), at(2, 4, 3, Off), at(3, 2, 1, On)]);
    let after = transformed("downsample=2", &before);
    assert_eq!(after, recording(3, 2, &[at(1, 0, 0, On), at(1, 0, 0, On), at(2, 2, 1, Off), at(3, 1, 0, On)]));
    assert_eq!(transformed("downsample=65535", &before).sensor, SensorSize { width: 1, height: 1 });
}

/// By hand, with a period of 10: the event at 9 is dropped and does not prolong the rest of the pixel, so 10 is kept.
#[test]
fn a_pixel_rests_after_an_event_that_is_kept() {
    let events =
        [at(0, 0, 0, On), at(5, 1, 0, On), at(9, 0, 0, Off), at(10, 0, 0, On), at(19, 0, 0, On), at(30, 0, 0, On)];
    let kept = [events[0], events[1], events[3], events[5]];
    assert_eq!(transformed("refractory=10", &recording(2, 1, &events)).events, kept);
    assert_eq!(transformed("refractory=0", &recording(2, 1, &events)).events, events);
}

/// By hand, within 5 us: a pixel does not confirm itself, a diagonal neighbour does, a pixel two away does not.
#[test]
fn only_neighbours_confirm_an_event() {
    let events = [
        at(0, 0, 0, On),
        at(1, 0, 0, On),
        at(6, 1, 1, Off), // 5 after (0, 0)
        at(7, 3, 1, On),  // two columns from (1, 1)
        at(8, 3, 2, On),  // below (3, 1), which was dropped and still confirms
        at(14, 2, 2, On), // 6 after (3, 2)
    ];
    assert_eq!(transformed("denoise=5", &recording(4, 3, &events)).events, [events[2], events[4]]);
}

/// Many events in the middle of a large sensor, 1 ms apart.
fn crowd() -> Recording {
    let events: Vec<Event> = (0..20_000).map(|i| at(1_000_000 + i * 1000, 500, 400, On)).collect();
    recording(1000, 800, &events)
}

fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    (mean, (values.map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
}

/// Rounding to whole pixels adds 1/12 to the variance.
#[test]
fn spatial_jitter_has_the_deviation_asked_for() {
    let events = transformed("spatial-jitter=3", &crowd()).events;
    let expected = (9.0_f64 + 1.0 / 12.0).sqrt();
    for (values, centre) in
        [(events.iter().map(|e| e.x).collect::<Vec<_>>(), 500.0), (events.iter().map(|e| e.y).collect(), 400.0)]
    {
        let (mean, deviation) = mean_and_deviation(values.iter().map(|&v| f64::from(v)));
        assert!((mean - centre).abs() < 4.0 * expected / 20_000_f64.sqrt(), "{mean}");
        assert!((deviation - expected).abs() < 4.0 * expected / 40_000_f64.sqrt(), "{deviation}");
    }
    assert_eq!(transformed("spatial-jitter=0", &crowd()), crowd());
    let edge = recording(1, 1, &vec![at(0, 0, 0, On); 1000]);
    let kept = transformed("spatial-jitter=1", &edge).events.len() as f64 / 1000.0;
    assert!((kept - 0.3829_f64.powi(2)).abs() < 0.05, "|n| < 1/2 in both directions: {kept}");
}

#[test]
fn time_jitter_has_the_deviation_asked_for_and_keeps_the_order() {
    let after = transformed("time-jitter=10", &crowd());
    assert!(after.events.is_sorted_by_key(|event| event.t_us));
    let shift = |(a, b): (&Event, &Event)| a.t_us as f64 - b.t_us as f64;
    let (mean, deviation) =
        mean_and_deviation(after.events.iter().zip(&crowd().events).map(shift).collect::<Vec<_>>().into_iter());
    assert!(mean.abs() < 4.0 * 10.0 / 20_000_f64.sqrt(), "{mean}");
    assert!((deviation - 10.0).abs() < 0.2, "{deviation}");
    let early = transformed("time-jitter=1e6", &recording(1, 1, &vec![at(0, 0, 0, On); 100]));
    assert!(early.events.is_sorted_by_key(|event| event.t_us) && early.events[0].t_us == 0);
    assert_eq!(early.events.len(), 100);
}

#[test]
fn polarity_flips_at_the_share_asked_for() {
    assert_eq!(transformed("polarity-flip=1", &crowd()).on_share(), 0.0);
    assert_eq!(transformed("polarity-flip=0", &crowd()), crowd());
    let share = transformed("polarity-flip=0.3", &crowd()).on_share();
    assert!((share - 0.7).abs() < 4.0 * (0.21_f64 / 20_000.0).sqrt(), "{share}");
}

/// One event at a time gives what the whole recording gives.
#[test]
fn a_stage_is_the_transform_event_by_event() {
    for text in [
        "crop=1,1,998,700",
        "spatial-jitter=200",
        "polarity-flip=0.5",
        "refractory=1500",
        "denoise=2000",
        "downsample=3",
    ] {
        let transform: EventTransform = text.parse().unwrap();
        let (mut whole, crowd) = (crowd(), crowd());
        transform.apply(&mut whole, &Stream::new(8)).unwrap();
        let mut stage = transform.begin(crowd.sensor, &Stream::new(8)).unwrap();
        assert!(!stage.reorders());
        assert_eq!(crowd.events.iter().filter_map(|&e| stage.pass(e)).collect::<Vec<_>>(), whole.events, "{text}");
        assert_eq!(stage.sensor(), whole.sensor);
    }
}

#[test]
fn the_seed_decides() {
    let run = |seed| {
        let mut after = crowd();
        let chain: EventTransforms = "spatial-jitter=2+time-jitter=50+polarity-flip=0.1".parse().unwrap();
        chain.apply(&mut after, &Stream::new(seed)).unwrap();
        after
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn texts_are_read_and_written() {
    for text in [
        "crop=1,2,3,4",
        "downsample=2",
        "spatial-jitter=1.5",
        "time-jitter=100",
        "polarity-flip=0.1",
        "refractory=1000",
        "denoise=5000",
    ] {
        let transform: EventTransform = text.parse().unwrap();
        assert_eq!(transform.to_string(), text);
        let json = serde_json::to_string(&transform).unwrap();
        assert_eq!(serde_json::from_str::<EventTransform>(&json).unwrap(), transform);
    }
    for text in [
        "",
        "crop",
        "crop=1,2,3",
        "crop=1,2,0,4",
        "crop=1,2,3,4,5",
        "downsample=0",
        "time-jitter=-1",
        "time-jitter=nan",
        "polarity-flip=1.1",
        "denoise=-1",
        "refractory=1.5",
        "blur=3",
    ] {
        assert!(matches!(text.parse::<EventTransform>(), Err(DataError::Parameter { .. })), "{text}");
    }
}

#[test]
fn chains_are_read_and_written() {
    let chain: EventTransforms = " denoise=5000 + time-jitter=1e+3+downsample=2".parse().unwrap();
    assert_eq!(chain.to_string(), "denoise=5000+time-jitter=1000+downsample=2");
    assert_eq!(serde_json::to_string(&chain).unwrap(), "\"denoise=5000+time-jitter=1000+downsample=2\"");
    assert_eq!("none".parse::<EventTransforms>().unwrap(), EventTransforms::none());
    assert_eq!(EventTransforms::none().to_string(), "none");
    for text in ["", "+", "denoise=5+", "+denoise=5", "denoise=5++denoise=6", "none+denoise=5"] {
        assert!(text.parse::<EventTransforms>().is_err(), "{text}");
    }
}

#[test]
fn what_does_not_fit_the_sensor_is_refused_and_nothing_is_changed() {
    let mut small = recording(4, 4, &[at(0, 0, 0, On)]);
    let crop: EventTransform = "crop=2,0,3,4".parse().unwrap();
    assert!(matches!(crop.apply(&mut small, &Stream::new(0)), Err(DataError::Parameter { .. })));
    assert_eq!(small, recording(4, 4, &[at(0, 0, 0, On)]));
    let mut huge = recording(u16::MAX, u16::MAX, &[]);
    for text in ["refractory=1", "denoise=1"] {
        let error = text.parse::<EventTransform>().unwrap().apply(&mut huge, &Stream::new(0)).unwrap_err();
        assert!(error.to_string().contains("65535 x 65535"), "{error}");
    }
}

/// A recording's fields are public: events beside the sensor are dropped, not trusted.
#[test]
fn events_beside_the_sensor_are_dropped() {
    for text in [
        "crop=0,0,1,1",
        "downsample=1",
        "spatial-jitter=0",
        "time-jitter=0",
        "polarity-flip=0",
        "refractory=0",
        "denoise=9",
    ] {
        let wild = recording(2, 2, &[at(5, 9, 9, On), at(0, u16::MAX, 0, Off), at(u64::MAX, 0, u16::MAX, On)]);
        assert_eq!(transformed(text, &wild).events, [], "{text}");
    }
}
