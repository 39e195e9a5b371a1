//! `glocal bench`.

use clap::Args;
use glocal::GlocalError;
use glocal::bench::{self, BenchReport};
use glocal::compare::table::{Align, aligned};

use crate::args::Context;

/// Options of `glocal bench`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal bench --threads 2
  glocal bench --json | jq .gp_floor_ratio

A floor ratio compares a training step with its unavoidable operations at the
measured rate of matrix products. Measure on a machine that does nothing else.")]
pub struct BenchArgs {
    /// About so long for each network
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
}

/// Measures and prints.
///
/// # Errors
/// What training reports.
pub fn run(args: &BenchArgs, context: &Context) -> Result<(), GlocalError> {
    let report = bench::run(f64::from(args.seconds))?;
    context.print(&report, || in_words(&report))
}

fn in_words(report: &BenchReport) -> String {
    let row = |name: &str, milliseconds: f64, ratio: Option<f64>| {
        let ratio = ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
        vec![name.to_owned(), format!("{milliseconds:.2}"), ratio]
    };
    let events = &report.event_reading;
    let heading = ["training step", "ms", "floor ratio"].map(str::to_owned).to_vec();
    let rows = [
        heading,
        row("GP", report.gp_step_ms, Some(report.gp_floor_ratio)),
        row("LP", report.lp_step_ms, None),
        row("HP, plastic weights shared", report.hp_step_ms, Some(report.hp_floor_ratio)),
        row("HP, plastic weights shared, from zero in each step", report.hp_from_zero_step_ms, None),
        row("HP, plastic weights per sample", report.hp_per_sample_step_ms, None),
        row(&format!("GP, convolutional: {}", report.conv_network), report.conv_step_ms, Some(report.conv_floor_ratio)),
    ];
    format!(
        "{}, {} threads, median times\n{}training episodes a second: {:.0} ({})\n\
         hybrid step of {}: {:.1} ms, executed densely {:.0} times as long; products over the synapses take \
         {:.1} % forward and {:.1} % backward of those with whole matrices (not of spikes {:.1} and {:.1} %; in blocks \
         of 16 neurons and 16 inputs {:.1} and {:.1} %)\nf32 matrix products: {:.0} GFLOP/s; HP per sample: {:.0} MB at most\n\
         millions of events a second on one core: EVT2 {:.0}, DAT {:.0}, EVT3 {:.0}, N-MNIST {:.0}\n\
         images a second on a chip (tianjic-lp, plastic weights moving): {:.0}, with every packet followed {:.0}; \
         seconds to map 156 cores {:.2}, 10,000 cores {:.1}\n",
        report.network,
        report.threads,
        aligned(&rows, &[Align::Left]),
        report.episodes_per_s,
        report.episodes_network,
        report.masked_network,
        report.masked_hp_step_ms,
        report.sparse_speedup,
        100.0 * report.mask_forward_share,
        100.0 * report.mask_backward_share,
        100.0 * report.mask_forward_share_numbers,
        100.0 * report.mask_backward_share_numbers,
        100.0 * report.mask_block_forward_share,
        100.0 * report.mask_block_backward_share,
        report.gemm_gflops,
        report.hp_per_sample_peak_mb,
        events.evt2_mevents_per_s,
        events.dat_mevents_per_s,
        events.evt3_mevents_per_s,
        events.n_mnist_mevents_per_s,
        report.chip.chip_l1_images_per_s,
        report.chip.chip_l2_images_per_s,
        report.chip.chip_map_156_cores_s,
        report.chip.chip_map_10000_cores_s,
    )
}
