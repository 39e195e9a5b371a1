//! `glocal reproduce chip`.

use glocal::GlocalError;
use glocal::compare::Headings;
use glocal::compare::table::{Align, aligned};
use glocal::experiments::chip::{self, ChipResults, SEEDS};
use glocal::report::{ChipNetwork, mean_and_deviation};

use super::ReproduceArgs;
use crate::args::Context;
use crate::report::write_page;

pub(super) fn run(args: &ReproduceArgs, context: &Context) -> Result<(), GlocalError> {
    let (out, seeds) = (args.out(), args.seeds(&SEEDS));
    let runs = chip::plan(&seeds, args.epochs, args.quick)?;
    let command = args.command(&out, &seeds);
    let records = chip::carry_out(&runs, &out, &args.options(context, &command)?)?;
    let results = ChipResults::of(&records);
    results.write(&out)?;
    let page = write_page(&records, headings(command), &out.join("report.html"), context)?;
    context.print(&results, || table(&results))?;
    let figures = out.join(ChipResults::FILE);
    context.progress.say(&format!("page: {}\nfigures: {}", page.display(), figures.display()));
    Ok(())
}

fn headings(command: String) -> Headings {
    Headings {
        title: "On the chip: trained networks in integers on many cores".into(),
        summary: "Networks of the published demo (Fashion-MNIST, 784-512-10), trained by backprop alone (GP) and with local \
            plasticity (HP), as a Tianjic-like chip computes them: weights of 8 bits, potentials of 24, cut into cores that lie \
            on a mesh, every packet followed. HP with its plastic weights folded into the others, resting in memory of their \
            own, and moving while the chip sees an image. Part of the chip's numbers is assumed: ratios say more than joules."
            .into(),
        commands: vec![command],
    }
}

fn table(results: &ChipResults) -> String {
    let heading = ["network", "chip", "float %", "integers %", "on chip %", "cores", "us an image", "nJ an image"];
    let row = |network: &ChipNetwork| -> Vec<String> {
        let accuracies = [&network.float, &network.integer, &network.on_chip].map(|of| mean_and_deviation(of));
        let placed = network.placed.as_ref();
        let placed = placed.map_or(["–", "–", "–"].map(str::to_owned), |placed| {
            let [low, nominal, high] = placed.nanojoules;
            let energy = format!("{nominal:.0} ({low:.0} to {high:.0})");
            [placed.cores.to_string(), format!("{:.1}", placed.microseconds), energy]
        });
        let names = [network.label.clone(), network.chip.clone()];
        names.into_iter().chain(accuracies).chain(placed).collect()
    };
    let heading = heading.map(str::to_owned).to_vec();
    aligned(&std::iter::once(heading).chain(results.networks.iter().map(row)).collect::<Vec<_>>(), &[Align::Left])
}
