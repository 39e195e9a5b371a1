//! Oracle: what is printed is read back as the same value; whatever text comes, nothing panics.

use std::{fmt::Display, str::FromStr};

use glocal_data::{Augmentations, Corruptions, DataError, EventCorruptions, EventTransforms};
use proptest::prelude::*;

/// Texts that look like chains, and some that nearly do.
fn chains() -> impl Strategy<Value = String> {
    let kinds = [
        "gaussian",
        "speckle",
        "salt",
        "pepper",
        "salt-and-pepper",
        "border",
        "centre",
        "random-crop",
        "occlusion",
        "crop",
        "flip",
        "rotation",
        "downsample",
        "spatial-jitter",
        "time-jitter",
        "polarity-flip",
        "refractory",
        "denoise",
        "background-noise",
        "event-drop",
        "dead-pixels",
        "hot-pixels",
        "none",
        "é",
        "",
    ];
    let numbers = prop_oneof![
        any::<f64>().prop_map(|x| x.to_string()),
        (0.0..1.0).prop_map(|x: f64| x.to_string()),
        any::<u16>().prop_map(|x| x.to_string()),
        "[-+0-9.,e ]{0,12}",
    ];
    let link = (prop::sample::select(kinds.to_vec()), prop::collection::vec(numbers, 1..5))
        .prop_map(|(kind, numbers)| format!("{kind}={}", numbers.join(",")));
    prop_oneof![prop::collection::vec(link, 1..4).prop_map(|links| links.join("+")), ".{0,40}"]
}

fn reads_back<T: FromStr<Err = DataError> + Display + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(chain) = text.parse::<T>() {
        assert_eq!(chain.to_string().parse::<T>().unwrap(), chain, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn what_is_printed_is_read_back(text in chains()) {
        reads_back::<Corruptions>(&text);
        reads_back::<EventCorruptions>(&text);
        reads_back::<EventTransforms>(&text);
        reads_back::<Augmentations>(&text);
    }
}
