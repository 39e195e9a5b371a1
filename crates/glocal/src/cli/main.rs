//! The command line: reads options, calls the library, prints. Results go to stdout, everything else to stderr.

mod args;
mod bench;
mod chip;
mod class_incremental;
mod completions;
mod data;
mod doctor;
mod eval;
mod event_files;
mod fewshot;
mod log;
mod nir;
mod output;
mod quickstart;
mod report;
mod reproduce;
mod train;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command, Context};
use glocal::GlocalError;

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.global.color.write_global();
    match log::start().and_then(|()| run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::print_error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(cli: Cli) -> Result<(), GlocalError> {
    let context = Context::new(cli.global)?;
    match cli.command {
        Command::Quickstart(args) => quickstart::run(&args, &context),
        Command::Train(args) => train::run(&args, &context),
        Command::Eval(args) => eval::run(&args, &context),
        Command::Fewshot(args) => fewshot::run(&args, &context),
        Command::ClassIncremental(args) => class_incremental::run(&args, &context),
        Command::Reproduce(args) => reproduce::run(&args, &context),
        Command::Data(command) => data::run(&command, &context),
        Command::Report(args) => report::run(&args, &context),
        Command::Chip(command) => chip::run(&command, &context),
        Command::Nir(command) => nir::run(&command, &context),
        Command::Bench(args) => bench::run(&args, &context),
        Command::Doctor => doctor::run(&context),
        Command::Completions(args) => completions::run(&args),
    }
}
