//! `glocal chip map`.

use std::path::PathBuf;

use clap::Args;
use glocal::GlocalError;
use glocal::chip::{Fit, OnChip};
use glocal::run_folder::write_atomically;
use glocal_chip::map::{Core, Message, Sender, Traffic};
use glocal_chip::place::{Board, Method};
use glocal_chip::simulate::{Placed, flows};
use serde::Serialize;

use super::check::in_words;
use super::subject::{Places, Subject};
use crate::args::Context;

/// Options of `glocal chip map`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal chip map runs/hp -o mapped
  glocal chip map runs/hp --plasticity rank -o mapped
  glocal chip map runs/cnn --fold --placement greedy -o mapped --json

Writes cores.csv (what each core holds, and where it lies) and messages.csv (who sends what to whom, over how many hops).")]
pub struct MapArgs {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    places: Places,
    /// Folder for the tables
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
}

/// What a mapping came to.
#[derive(Debug, Serialize)]
struct Mapped {
    fit: Fit,
    /// Packets times hops of a step in which everything is active, as placed.
    cost: f64,
    /// The same with cores row by row.
    row_major_cost: f64,
    /// Messages, and hops of all if each sends one packet.
    messages: usize,
    hops: u64,
}

/// A line of cores.csv.
#[derive(Serialize)]
struct CoreLine {
    core: usize,
    layer: usize,
    column: u32,
    row: u32,
    chip: u32,
    jobs: usize,
    inputs: usize,
    neurons: usize,
    axons: usize,
    weights: bool,
    plastic: bool,
    learns: bool,
    /// Keys, values, or nothing.
    remembers: String,
    past_steps: usize,
    fires: bool,
    sums: usize,
}

/// A line of messages.csv.
#[derive(Serialize)]
struct MessageLine {
    from: String,
    job: usize,
    to: String,
    carries: String,
    packets_at_most: usize,
    hops: u64,
}

impl MapArgs {
    /// Maps and places the network and writes the tables.
    ///
    /// # Errors
    /// As `glocal chip check`; too few cores or links that are alive; a folder that cannot be written.
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let loaded = self.subject.loaded()?;
        let on_chip = self.subject.on_chip(&loaded.network)?;
        let placed = self.places.placed(&on_chip)?;
        std::fs::create_dir_all(&self.out).map_err(GlocalError::write(&self.out))?;
        write_atomically(&self.out.join("cores.csv"), &table(core_lines(&on_chip, &placed)))?;
        write_atomically(&self.out.join("messages.csv"), &table(message_lines(&placed)))?;
        let mapped = mapped(&on_chip, self.subject.fit(&on_chip, loaded.task)?, &placed)?;
        context.print(&mapped, || self.in_words(&mapped))
    }

    fn in_words(&self, mapped: &Mapped) -> String {
        format!(
            "{}\n{:.0} packets times hops in a step in which everything is active, {:.0} row by row\n{}\n{}\n",
            in_words(&mapped.fit),
            mapped.cost,
            mapped.row_major_cost,
            self.out.join("cores.csv").display(),
            self.out.join("messages.csv").display(),
        )
    }
}

fn mapped(on_chip: &OnChip<'_>, fit: Fit, placed: &Placed<'_>) -> Result<Mapped, GlocalError> {
    let (board, flows) = (Board::of(on_chip.chip()), flows(on_chip.mapping()));
    let row_major = on_chip.placed(Method::RowMajor, &[], &[])?;
    Ok(Mapped {
        fit,
        cost: placed.placement().cost(&board, &flows),
        row_major_cost: row_major.placement().cost(&board, &flows),
        messages: on_chip.mapping().messages.len(),
        hops: placed.routes().hops(),
    })
}

fn core_lines<'a>(on_chip: &'a OnChip<'_>, placed: &'a Placed<'_>) -> impl Iterator<Item = CoreLine> + 'a {
    let board = Board::of(on_chip.chip());
    let line = move |(number, core): (usize, &Core)| {
        let at = placed.placement().at[number];
        CoreLine {
            core: number,
            layer: core.layer,
            column: at.column,
            row: at.row,
            chip: board.chip(at),
            jobs: core.jobs.len(),
            inputs: core.input_axons(),
            neurons: core.neurons(),
            axons: core.axons(),
            weights: core.weights,
            plastic: core.plastic,
            learns: core.learns,
            remembers: core.past.map_or(String::new(), |past| format!("{:?}", past.of).to_lowercase()),
            past_steps: core.past.map_or(0, |past| past.steps),
            fires: core.fires,
            sums: core.sums,
        }
    };
    on_chip.mapping().cores.iter().enumerate().map(line)
}

fn message_lines<'a>(placed: &'a Placed<'_>) -> impl Iterator<Item = MessageLine> + 'a {
    let routes = placed.routes();
    let mut hops = vec![0_u64; routes.casts()];
    for leg in routes.legs() {
        hops[leg.cast] += u64::from(routes.board().hops(leg.from, leg.to));
    }
    let line = move |(number, message): (usize, &Message)| MessageLine {
        from: sender(message.from),
        job: message.job,
        to: message.to.iter().map(usize::to_string).collect::<Vec<String>>().join(" "),
        carries: carries(message.traffic),
        packets_at_most: message.numbers.len(),
        hops: hops[number],
    };
    placed.mapping().messages.iter().enumerate().map(line)
}

/// Who sends, as tables say it.
pub(super) fn sender(sender: Sender) -> String {
    match sender {
        Sender::Host => "host".into(),
        Sender::Core(core) => core.to_string(),
    }
}

/// What is sent, as tables say it.
pub(super) fn carries(traffic: Traffic) -> String {
    format!("{traffic:?}").to_lowercase()
}

/// Lines of plain values as CSV; nothing for none.
pub(super) fn table(lines: impl Iterator<Item = impl Serialize>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    lines.for_each(|line| writer.serialize(line).expect("plain values, into memory"));
    writer.into_inner().expect("nothing is left to write into memory")
}
