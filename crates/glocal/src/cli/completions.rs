//! `glocal completions`.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};
use glocal::GlocalError;

use crate::args::Cli;
use crate::output::print;

/// Options of `glocal completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal completions bash > ~/.local/share/bash-completion/completions/glocal
  glocal completions zsh > ~/.zfunc/_glocal              with fpath+=~/.zfunc before compinit in .zshrc
  glocal completions fish > ~/.config/fish/completions/glocal.fish
  glocal completions powershell >> $PROFILE
  glocal completions elvish >> ~/.config/elvish/rc.elv")]
pub struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// Stdout cannot be written.
pub fn run(args: &CompletionsArgs) -> Result<(), GlocalError> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "glocal", &mut script);
    print(&String::from_utf8_lossy(&script))
}
