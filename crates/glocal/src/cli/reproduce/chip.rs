//! `glocal reproduce chip`.

use glocal::GlocalError;
use glocal::compare::table::{Align, aligned};
use glocal::compare::{Headings, report};
use glocal::experiments::chip::{self, ChipResults, SEEDS};
use glocal::experiments::chip_episodes;
use glocal::report::{ChipCost, ChipEpisodes, ChipNetwork, FewShotCell, mean_and_deviation, save};

use super::ReproduceArgs;
use crate::args::Context;

pub(super) fn run(args: &ReproduceArgs, context: &Context) -> Result<(), GlocalError> {
    let (out, seeds) = (args.out(), args.seeds(&SEEDS));
    args.few_shot.as_deref().map_or(Ok(()), chip_episodes::check)?;
    let runs = chip::plan(&seeds, args.epochs, args.quick)?;
    let command = args.command(&out, &seeds);
    let records = chip::carry_out(&runs, &out, &args.options(context, &command)?)?;
    let progress = &context.progress;
    let few_shot = args.few_shot.as_ref();
    let episodes = few_shot.map(|run| chip_episodes::measure(run, &context.locations, args.quick, progress));
    let results = ChipResults { episodes: episodes.transpose()?.unwrap_or_default(), ..ChipResults::of(&records) };
    results.write(&out)?;
    let page = out.join("report.html");
    let mut shown = report(&records, headings(command), &context.locations)?;
    shown.chips.get_or_insert_default().episodes.clone_from(&results.episodes);
    save(&shown, &page)?;
    context.print(&results, || format!("{}{}", table(&results), of_episodes(&results.episodes)))?;
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

/// A few-shot run's episodes; nothing without one.
fn of_episodes(episodes: &[ChipEpisodes]) -> String {
    if episodes.is_empty() {
        return String::new();
    }
    let heading = ["few-shot", "task", "chip", "float %", "integers %", "on chip %", "cores", "a class", "a query"];
    let row = |of: &ChipEpisodes| -> Vec<String> {
        let percent = |cell: &FewShotCell| format!("{:.2} ± {:.2}", cell.percent, cell.interval.unwrap_or(0.0));
        let cost = |of: &ChipCost| format!("{:.0} us, {:.0} nJ", of.microseconds, of.nanojoules[1]);
        vec![
            of.label.clone(),
            format!("{}-way {}-shot", of.ways, of.shots),
            of.chip.clone(),
            percent(&of.float),
            percent(&of.integer),
            percent(&of.on_chip),
            of.cores.to_string(),
            cost(&of.class),
            cost(&of.query),
        ]
    };
    let heading = heading.map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(episodes.iter().map(row)).collect();
    format!("\n{}", aligned(&rows, &[Align::Left]))
}
