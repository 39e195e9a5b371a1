//! `glocal chip show`.

use clap::Args;
use glocal::GlocalError;
use glocal::chip::{chip, description};

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

impl ShowArgs {
    /// Prints the description as TOML, or JSON.
    ///
    /// # Errors
    /// No such chip, or a description that contradicts itself.
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let (spec, text) = (chip(&self.chip)?, description(&self.chip)?);
        context.print(&spec, || text.into_owned())
    }
}
