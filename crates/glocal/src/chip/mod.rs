//! Trained networks in integers and in the cores of a chip, judged on a run's samples.

mod episodes;
mod judge;
mod on_chip;
mod picture;

use std::borrow::Cow;
use std::path::Path;

use glocal_chip::ChipSpec;

use crate::error::GlocalError;

pub use episodes::{
    EpisodeEvaluation, EpisodeFit, EpisodeTask, ProbedPicture, episode_network, judge_episodes,
    judge_episodes_in_floats, judge_episodes_on_chip, probe_episode, share_of, time_episodes,
};
pub use judge::{ChipEvaluation, IntegerEvaluation, judge, judge_on_chip, probe_on_chip, time_on_chip};
pub use on_chip::{Fit, FormFit, LayerFit, LinkFit, OnChip, form_fits};
pub use picture::placed_network;

/// The chip of this name, or the one that a TOML file describes.
///
/// # Errors
/// Neither; or a description that cannot be read.
pub fn chip(name: &str) -> Result<ChipSpec, GlocalError> {
    Ok(ChipSpec::parse(&description(name)?)?)
}

/// Its description as TOML.
///
/// # Errors
/// No such chip, and no such file.
pub fn description(name: &str) -> Result<Cow<'static, str>, GlocalError> {
    if let Some(text) = ChipSpec::preset_text(name) {
        return Ok(text.into());
    }
    let path = Path::new(name);
    let known: Vec<&str> = ChipSpec::presets().collect();
    if !path.is_file() {
        return Err(GlocalError::Usage {
            message: format!("`{name}` is no chip and no file"),
            hint: format!(
                "known are {}; `glocal chip show tianjic > my-chip.toml` begins one of your own",
                known.join(", ")
            ),
        });
    }
    let hint = "give a description as `glocal chip show tianjic` prints it".to_owned();
    let read = std::fs::read_to_string(path);
    Ok(read.map_err(|source| GlocalError::Read { path: path.to_owned(), source, hint })?.into())
}
