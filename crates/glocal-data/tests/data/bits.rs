//! Oracle: the results of this program on x86-64 Linux. They guard "the same bits on every machine": a platform whose
//! mathematics leaked into the data, or a change that would make old runs irreproducible, fails here.
//!
//! That the values are right is the other modules' matter.

use glocal_data::{
    Batch, Draw, DvsConfig, Encoder, Recording, SensorSize, Split, Stream, dvs, embedded, epoch_order, hash::hex,
};
use sha2::{Digest, Sha256};

fn digest<T, const N: usize>(values: impl IntoIterator<Item = T>, bytes: impl Fn(T) -> [u8; N]) -> String {
    let mut hasher = Sha256::new();
    values.into_iter().for_each(|value| hasher.update(bytes(value)));
    hex(&hasher.finalize())[..16].to_owned()
}

fn f32_digest(values: &[f32]) -> String {
    digest(values, |x| x.to_le_bytes())
}

fn images() -> Batch {
    let mut batch = Batch::new();
    let numbers: Vec<u32> = (0..20).collect();
    embedded::fashion_mnist(Split::Test).unwrap().gather(&numbers, &mut batch).unwrap();
    batch
}

#[test]
fn normal_numbers() {
    let mut draws = Stream::new(0).fork("normal").draws();
    assert_eq!(digest((0..100_000).map(|_| draws.normal()), f64::to_le_bytes), "5f11dcf163c4f69c");
}

#[test]
fn orders_and_splits() {
    let set = embedded::fashion_mnist(Split::Train).unwrap();
    let split = set.split_validation(1000, &Stream::new(0)).unwrap();
    assert_eq!(digest(&split.validation, |n| n.to_le_bytes()), "b2941131435a0097");
    assert_eq!(digest(epoch_order(&split.train, &Stream::new(0), 3), u32::to_le_bytes), "a1f1c7d9b1340e4f");
}

#[test]
fn encoders() {
    let draw = Draw::new(&Stream::new(0).fork("encoder"), 1);
    for (encoder, expected) in [
        (Encoder::Direct, "e67502b35226e61d"),
        (Encoder::PoissonRate { max_rate: 0.8 }, "e710e8052e36ff26"),
        (Encoder::Latency { tau_steps: 5.0, threshold: 0.2 }, "460dcfea09b797d7"),
        (Encoder::RankOrder { floor: 0.0 }, "3067d6735e1e4783"),
    ] {
        assert_eq!(f32_digest(encoder.encode(&images(), 10, &draw).unwrap().values()), expected, "{encoder:?}");
    }
}

#[test]
fn corruptions() {
    let draw = Draw::new(&Stream::new(0).fork("corruption"), 0);
    for (text, expected) in [
        ("gaussian=0.06", "878a40ae2e83a8df"),
        ("speckle=0.5", "a72e34cef2523cc2"),
        ("salt-and-pepper=0.2", "9fd9d8c047c8fb98"),
        ("border=4", "475ddc3675167503"),
        ("centre=5", "e4a7b9a96b23bf9f"),
        ("random-crop=6", "501cef6d90cb6260"),
        ("occlusion=0.3", "22d248a1fc34ccf0"),
        ("pepper=0.1+gaussian=0.01+gaussian=0.01", "ae4aee35d8d82cd2"),
    ] {
        let mut batch = images();
        text.parse::<glocal_data::Corruptions>().unwrap().apply(&mut batch, &draw).unwrap();
        assert_eq!(f32_digest(batch.values()), expected, "{text}");
    }
}

#[test]
fn augmentations() {
    let draw = Draw::new(&Stream::new(0).fork("augmentation"), 3);
    for (text, expected) in [
        ("crop=4", "838c8399f3aa39bc"),
        ("flip=0.5", "fcd3eb89c88d794b"),
        ("rotation=15", "f0be57e2980d2115"),
        ("affine=15,0.2,0.3,2", "ecf791eb611f8b9a"),
        ("crop=4+flip=0.5+rotation=15", "a1c56f73344e5008"),
    ] {
        let mut batch = images();
        text.parse::<glocal_data::Augmentations>().unwrap().apply(&mut batch, &draw).unwrap();
        assert_eq!(f32_digest(batch.values()), expected, "{text}");
    }
}

fn event_digest(recording: &Recording) -> String {
    let bytes = |event: &glocal_data::Event| {
        let mut bytes = [0; 13];
        bytes[..8].copy_from_slice(&event.t_us.to_le_bytes());
        bytes[8..10].copy_from_slice(&event.x.to_le_bytes());
        bytes[10..12].copy_from_slice(&event.y.to_le_bytes());
        bytes[12] = event.polarity as u8;
        bytes
    };
    digest(&recording.events, bytes)
}

fn recording() -> Recording {
    let config = DvsConfig { noise_hz: 5.0, ..DvsConfig::new(SensorSize { width: 34, height: 34 }) };
    dvs::simulate(&embedded::fashion_mnist(Split::Test).unwrap(), 1, &config, &Stream::new(0)).unwrap()
}

#[test]
fn simulated_events() {
    assert_eq!(event_digest(&recording()), "2d27425e6575a6a1");
}

#[test]
fn event_transforms_and_corruptions() {
    for (text, expected) in
        [("spatial-jitter=1.5", "42da7d1b8a5d9c2f"), ("time-jitter=300+polarity-flip=0.2", "da9b0401ca7d8b58")]
    {
        let mut recording = recording();
        text.parse::<glocal_data::EventTransforms>().unwrap().apply(&mut recording, &Stream::new(0)).unwrap();
        assert_eq!(event_digest(&recording), expected, "{text}");
    }
    let draw = Draw::new(&Stream::new(0).fork("corruption"), 0);
    for (text, expected) in [
        ("background-noise=20", "b89776578bc62624"),
        ("event-drop=0.3+hot-pixels=0.01,200", "115b31faccaa44b3"),
        ("dead-pixels=0.1+time-jitter=100", "44ac8410b82cf2af"),
    ] {
        let mut recording = recording();
        text.parse::<glocal_data::EventCorruptions>().unwrap().apply(&mut recording, &draw, 1).unwrap();
        assert_eq!(event_digest(&recording), expected, "{text}");
    }
}
