//! Oracles: frames by hand, the same cut event by event, and closed forms.

use glocal_data::events::{FrameCut, FrameValue, Framing, Place};
use glocal_data::{DataError, Event, Polarity, Polarity::Off, Polarity::On, Recording, SensorSize};
use proptest::prelude::*;

fn at(t_us: u64, x: u16, polarity: Polarity) -> Event {
    Event { t_us, x, y: 0, polarity }
}

/// Two pixels, seven events from 10 to 19 us: 10 microseconds in all.
fn seven() -> Recording {
    let events = [(10, 0, On), (11, 0, On), (12, 1, Off), (14, 0, On), (15, 0, Off), (15, 1, On), (19, 1, On)];
    let events = events.into_iter().map(|(t, x, p)| at(t, x, p)).collect();
    Recording { sensor: SensorSize { width: 2, height: 1 }, events }
}

fn frames(cut: FrameCut, value: FrameValue) -> Vec<f32> {
    Framing { cut, value }.apply(&seven()).unwrap().values
}

/// `[T, 2, 1, 2]`: off left, off right, on left, on right.
#[test]
#[rustfmt::skip]
fn equal_times() {
    let halves = FrameCut::Time { frames: 2 };
    assert_eq!(frames(halves, FrameValue::Count), [0., 1., 3., 0.,  1., 0., 0., 2.]);
    assert_eq!(frames(halves, FrameValue::Binary), [0., 1., 1., 0.,  1., 0., 0., 1.]);
    assert_eq!(frames(halves, FrameValue::Clipped { most: 2 }), [0., 1., 2., 0.,  1., 0., 0., 2.]);
}

#[test]
#[rustfmt::skip]
fn a_fixed_duration_leaves_the_rest_out() {
    let cut = FrameCut::Duration { frames: 2, duration_us: 4 };
    assert_eq!(frames(cut, FrameValue::Count), [0., 0., 2., 0.,  0., 1., 0., 0.]);
    let cut = FrameCut::Duration { frames: 2, duration_us: 1000 };
    assert_eq!(frames(cut, FrameValue::Count), [1., 1., 3., 2.,  0., 0., 0., 0.]);
}

/// Of seven events, ⌊7k/3⌋: two, two and three.
#[test]
#[rustfmt::skip]
fn equal_counts() {
    let cut = FrameCut::Count { frames: 3 };
    assert_eq!(frames(cut, FrameValue::Count), [0., 0., 2., 0.,  0., 1., 1., 0.,  1., 0., 0., 2.]);
}

/// At 15 us and 20 us, with a time constant of 4 us.
#[test]
fn time_surfaces_decay_from_the_last_event() {
    let found = frames(FrameCut::Time { frames: 2 }, FrameValue::TimeSurface { tau_us: 4.0 });
    let decayed = |age: f64| libm::exp(-age / 4.0) as f32;
    let first = [0.0, decayed(3.0), decayed(1.0), 0.0];
    let second = [decayed(5.0), decayed(8.0), decayed(6.0), decayed(1.0)];
    assert_eq!(found, [first, second].concat());
    let by_count = frames(FrameCut::Count { frames: 1 }, FrameValue::TimeSurface { tau_us: 4.0 });
    assert_eq!(by_count, [decayed(4.0), decayed(7.0), decayed(5.0), 1.0]);
}

#[test]
fn a_batch_is_time_major() {
    let framing = Framing { cut: FrameCut::Time { frames: 2 }, value: FrameValue::Count };
    let mut series = vec![9.0; 2 * 3 * 4];
    framing.fill(&seven(), &mut series, Place { row: 1, batch: 3 }).unwrap();
    let alone = framing.apply(&seven()).unwrap().values;
    assert_eq!([&series[4..8], &series[16..20]].concat(), alone);
    assert!([&series[..4], &series[8..16], &series[20..]].concat().iter().all(|&value| value == 9.0));
    for (length, row, batch) in [(24, 3, 3), (23, 0, 3), (24, 0, 0), (0, 0, 0)] {
        let result = framing.fill(&seven(), &mut vec![0.0; length], Place { row, batch });
        assert!(matches!(result, Err(DataError::Parameter { .. })));
    }
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let refused = |cut, value, recording: &Recording| {
        assert!(
            matches!(Framing { cut, value }.apply(recording), Err(DataError::Parameter { .. })),
            "{cut:?} {value:?}"
        );
    };
    refused(FrameCut::Time { frames: 0 }, FrameValue::Count, &seven());
    refused(FrameCut::Count { frames: usize::MAX }, FrameValue::Count, &seven());
    refused(FrameCut::Duration { frames: 1, duration_us: 0 }, FrameValue::Count, &seven());
    refused(FrameCut::Time { frames: 1 }, FrameValue::Clipped { most: 0 }, &seven());
    for tau_us in [0.0, f64::NAN, f64::INFINITY] {
        refused(FrameCut::Time { frames: 1 }, FrameValue::TimeSurface { tau_us }, &seven());
    }
    let huge = Recording { sensor: SensorSize { width: u16::MAX, height: u16::MAX }, events: vec![] };
    refused(FrameCut::Time { frames: 1 }, FrameValue::Count, &huge);
}

#[test]
fn configs_are_read_and_written() {
    let text = r#"{"cut":{"by":"duration","frames":8,"duration_us":300000},"value":{"kind":"clipped","most":1}}"#;
    let framing: Framing = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&framing).unwrap(), text);
    let short: Framing = serde_json::from_str(r#"{"cut":{"by":"time","frames":8}}"#).unwrap();
    assert_eq!(short.value, FrameValue::Count);
    assert!(serde_json::from_str::<Framing>(r#"{"cut":{"by":"time","frames":8,"x":1}}"#).is_err());
}

proptest! {
    /// The definitions, one event at a time.
    #[test]
    fn the_cuts_are_those_of_the_equations(mut times in prop::collection::vec(0_u64..1000, 0..60), frames in 1_usize..12, duration_us in 1_u64..1500) {
        times.sort_unstable();
        let events: Vec<Event> = times.iter().map(|&t| at(t, 0, On)).collect();
        let recording = Recording { sensor: SensorSize { width: 1, height: 1 }, events };
        let count = |cut| -> Vec<f32> {
            let values = Framing { cut, value: FrameValue::Count }.apply(&recording).unwrap().values;
            values.chunks(2).map(|frame| frame[1]).collect()
        };
        let expected = |frame_of: &dyn Fn(usize, u64) -> usize| {
            let mut expected = vec![0.0; frames];
            for (i, &t) in times.iter().enumerate() {
                if let Some(value) = expected.get_mut(frame_of(i, t)) { *value += 1.0 }
            }
            expected
        };
        let (start, end) = (times.first().copied().unwrap_or(0), times.last().map_or(0, |t| t + 1));
        let by_time = |_, t: u64| ((t - start) * frames as u64 / (end - start)) as usize;
        prop_assert_eq!(count(FrameCut::Time { frames }), expected(&by_time));
        let by_duration = |_, t: u64| ((t - start) * frames as u64 / duration_us) as usize;
        prop_assert_eq!(count(FrameCut::Duration { frames, duration_us }), expected(&by_duration));
        let by_count = |i: usize, _| (0..frames).position(|k| i < (k + 1) * times.len() / frames).unwrap();
        prop_assert_eq!(count(FrameCut::Count { frames }), expected(&by_count));
    }

    /// Whatever the times, even out of order: no panic.
    #[test]
    fn any_recording_gives_frames(events in prop::collection::vec((any::<u64>(), 0_u16..4, any::<bool>()), 0..20), frames in 1_usize..9, kind in 0..3, value in 0..2) {
        let events = events.into_iter().map(|(t, x, on)| at(t, x, if on { On } else { Off })).collect();
        let recording = Recording { sensor: SensorSize { width: 3, height: 2 }, events };
        let cut = [FrameCut::Time { frames }, FrameCut::Duration { frames, duration_us: 7 }, FrameCut::Count { frames }][kind as usize];
        let value = [FrameValue::Count, FrameValue::TimeSurface { tau_us: 0.5 }][value as usize];
        prop_assert_eq!(Framing { cut, value }.apply(&recording).unwrap().values.len(), frames * 12);
    }
}
