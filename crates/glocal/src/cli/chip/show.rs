//! `glocal chip show`.

use clap::Args;
use glocal::GlocalError;
use glocal::chip::{chip, description};
use glocal_chip::{ChipSpec, PlasticForm};
use serde::Serialize;

use crate::args::Context;

/// Options of `glocal chip show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal chip show tianjic
  glocal chip show tianjic-lp > my-chip.toml        to change it and give the file as --chip")]
pub struct ShowArgs {
    /// A chip that is built in (tianjic, tianjic-lp, tianjicx, loihi-like, ideal), or a TOML file
    chip: String,
}

/// A description, and what follows from it.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    spec: ChipSpec,
    /// Forms in which plastic weights can move on the chip.
    plastic_forms: Vec<PlasticForm>,
}

impl ShowArgs {
    /// Prints the description as TOML, or JSON.
    ///
    /// # Errors
    /// No such chip, or a description that contradicts itself.
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let (spec, text) = (chip(&self.chip)?, description(&self.chip)?);
        let shown = Shown { plastic_forms: spec.plastic_forms().collect(), spec };
        context.print(&shown, || {
            let forms: Vec<&str> = shown.plastic_forms.iter().map(|form| form.name()).collect();
            let forms = if forms.is_empty() { "none".to_owned() } else { forms.join(", ") };
            format!("# Forms in which plastic weights can move on it: {forms}\n{text}")
        })
    }
}
