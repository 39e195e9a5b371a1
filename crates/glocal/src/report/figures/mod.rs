//! One file per figure: each turns data into a drawing, and knows nothing of the page around it.

pub(super) mod curves;
pub(super) mod fields;
pub(super) mod noise;
pub(super) mod potential;
pub(super) mod raster;

use super::data::Arm;

/// `HP hybrid`, with the variant if there is one.
pub(super) fn long_name(arm: &Arm) -> String {
    let name = format!("{} {}", arm.kind.letters(), arm.kind.words());
    with_variant(name, arm)
}

/// `HP`, with the variant if there is one.
pub(super) fn short_name(arm: &Arm) -> String {
    with_variant(arm.kind.letters().to_owned(), arm)
}

fn with_variant(name: String, arm: &Arm) -> String {
    match &arm.variant {
        Some(variant) => format!("{name}, {variant}"),
        None => name,
    }
}
