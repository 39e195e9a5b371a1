//! `glocal chip simulate`.

use std::path::PathBuf;

use clap::Args;
use glocal::chip::{ChipEvaluation, Fit, judge, judge_on_chip, placed_network, time_on_chip};
use glocal::compare::table::{Align, aligned};
use glocal::report::PlacedNetwork;
use glocal::{GlocalError, Part, RunSamples, Samples};
use glocal_chip::simulate::{Faults, Network};
use serde::Serialize;

use super::check::in_words;
use super::episodes;
use super::quantise::images;
use super::subject::{Loaded, Places, Subject};
use crate::args::Context;

/// Options of `glocal chip simulate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal chip simulate runs/hp --images 1000
  glocal chip simulate runs/hp --plasticity rank --images 1000
  glocal chip simulate runs/gp --chip tianjic --json
  glocal chip simulate runs/few-shot --ways 5 --episodes 200 --timed 3
  glocal chip simulate runs/gp --stuck-bits 0.001 --dropped-packets 0.01    damage while it runs
  glocal chip simulate runs/gp --dead-core 3,4 --dead-link 0,1,east          damage that is known before")]
pub struct SimulateArgs {
    #[command(flatten)]
    pub(super) subject: Subject,
    #[command(flatten)]
    pub(super) places: Places,
    /// Test images to judge by [default: all]
    #[arg(long, value_name = "N", value_parser = images)]
    pub(super) images: Option<usize>,
    /// Images whose packets are followed on their way, for time and energy; of a run in episodes: episodes [default: 100, 3]
    #[arg(long, value_name = "N")]
    pub(super) timed: Option<usize>,
    /// Packets never wait: time is what the busiest link needs
    #[arg(long)]
    pub(super) unbuffered: bool,
    #[command(flatten)]
    pub(super) faults: FaultArgs,
}

/// Images that are followed unless asked otherwise.
const TIMED: usize = 100;

/// Damage while the network runs.
#[derive(Debug, Args)]
pub(super) struct FaultArgs {
    /// Share of cores that do nothing
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    dead_cores: f64,
    /// Share of bits of weights that stay 0 or 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    stuck_bits: f64,
    /// Share of packets that get lost
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    dropped_packets: f64,
    /// Seed of the damage
    #[arg(long, value_name = "N", default_value_t = 1)]
    fault_seed: u64,
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "give a share from 0 to 1".into())
}

impl FaultArgs {
    pub(super) fn faults(&self) -> Faults {
        let &FaultArgs { dead_cores, stuck_bits, dropped_packets, fault_seed: seed } = self;
        Faults { dead_cores, stuck_bits, dropped_packets, seed }
    }
}

/// What a simulation found.
#[derive(Debug, Serialize)]
struct Simulated {
    run: PathBuf,
    fit: Fit,
    /// The integer reference on the same images.
    reference: f64,
    on_chip: ChipEvaluation,
    /// Time and energy; absent if no image was followed.
    timed: Option<PlacedNetwork>,
}

impl SimulateArgs {
    /// Runs test images on the cores.
    ///
    /// # Errors
    /// As `glocal chip check`; data that are not there; too few cores or links that are alive.
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let loaded = self.subject.loaded()?;
        if let Some(task) = loaded.task {
            return episodes::simulate(self, loaded, task, context);
        }
        let Loaded { mut config, network, .. } = loaded;
        let on_chip = self.subject.on_chip(&network)?;
        let placed = self.places.placed(&on_chip)?;
        config.data.test_limit = self.images.or(config.data.test_limit);
        let samples = Samples::of(&config, &context.locations)?;
        let samples = RunSamples::new(&samples, &config, None)?;
        let reference = judge(&network, self.subject.plastic(), &samples, Part::Test)?.accuracy;
        let judged = judge_on_chip(&on_chip, &samples, Part::Test, usize::MAX, self.faults.faults())?;
        let how = if self.unbuffered { Network::Load } else { Network::Buffers };
        let timed = match self.timed.unwrap_or(TIMED) {
            0 => None,
            images => {
                let (tally, _) = time_on_chip(&placed, how, &samples, Part::Test, images)?;
                Some(placed_network(&on_chip, &placed, &tally)?)
            }
        };
        let (run, fit) = (self.subject.run.clone(), on_chip.fit());
        let found = Simulated { run, fit, reference, on_chip: judged, timed };
        context.print(&found, || found.in_words())
    }
}

impl Simulated {
    fn in_words(&self) -> String {
        let ChipEvaluation { judged, activity_packets, sum_packets, factor_packets, score_packets } = &self.on_chip;
        format!(
            "{}\naccuracy {:.2} % on the chip, {:.2} % by the integer reference ({} images)\n\
             packets of an image: {:.0} inputs and spikes, {:.0} sums, {:.0} postsynaptic factors, {:.0} scores\n{}",
            in_words(&self.fit),
            100.0 * judged.accuracy,
            100.0 * self.reference,
            judged.samples,
            activity_packets,
            sum_packets,
            factor_packets,
            score_packets,
            self.timed.as_ref().map_or(String::new(), time_and_energy),
        )
    }
}

fn time_and_energy(timed: &PlacedNetwork) -> String {
    let [low, nominal, high] = timed.nanojoules;
    let heading =
        ["phase", "computing, clocks", "sending, clocks", "its length", "packets", "clocks waited", "for the host"];
    let row = |(number, phase): (usize, &glocal::report::ChipPhase)| {
        let name = if number == 0 { "loading".to_owned() } else { number.to_string() };
        let counts = [phase.computing, phase.sending, phase.cycles, phase.packets, phase.stalls, phase.waiting];
        std::iter::once(name).chain(counts.map(|count| format!("{count:.0}"))).collect()
    };
    let rows: Vec<Vec<String>> =
        std::iter::once(heading.map(str::to_owned).to_vec()).chain(timed.phases.iter().enumerate().map(row)).collect();
    let mut parts: Vec<_> = timed.components.iter().collect();
    parts.sort_by(|a, b| b.nanojoules[1].total_cmp(&a.nanojoules[1]));
    let parts: Vec<String> = parts.iter().map(|part| format!("{} {:.1}", part.name, part.nanojoules[1])).collect();
    let link = timed.link.map_or(String::new(), |link| {
        format!(
            "the host reads {:.0} bytes and writes {:.0}, {:.0} plastic weights: the chip waits {:.1} us\n",
            link.bytes_read, link.bytes_written, link.changed, link.microseconds
        )
    });
    format!(
        "\n{}\n{:.1} us and {nominal:.0} nJ an image ({low:.0} to {high:.0}), mean of {} images\n{link}nJ by component: {}\n",
        aligned(&rows, &[Align::Left]),
        timed.microseconds,
        timed.images,
        parts.join(", "),
    )
}
