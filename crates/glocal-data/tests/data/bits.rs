//! Oracle: the results of this program on x86-64 Linux. They guard "the same bits on every machine": a platform whose
//! mathematics leaked into the data, or a change that would make old runs irreproducible, fails here.
//!
//! That the values are right is the other modules' matter.

use glocal_data::{Batch, Draw, Encoder, Split, Stream, embedded, epoch_order, hash::hex};
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
    ] {
        let mut batch = images();
        text.parse::<glocal_data::Corruption>().unwrap().apply(&mut batch, &draw).unwrap();
        assert_eq!(f32_digest(batch.values()), expected, "{text}");
    }
}
