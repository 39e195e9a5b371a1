//! Networks on a chip.

use super::*;

/// Two networks, the second not placed.
pub(super) fn chips(text: &str) -> Chips {
    let network = |placed| ChipNetwork {
        label: text.to_owned(),
        chip: text.to_owned(),
        float: vec![90.0, 88.0],
        integer: vec![89.5, 87.5],
        on_chip: vec![89.25, 87.75],
        images: 10_000,
        placed,
        faults: vec![
            ChipFaults { name: text.to_owned(), points: vec![(0.0, vec![89.0, 87.0]), (12.5, vec![70.0, 74.0])] },
            ChipFaults { name: format!("{text} too"), points: vec![(1.0, vec![80.0])] },
        ],
    };
    let cell = |percent| FewShotCell { percent, interval: Some(0.5), episodes: Some(200) };
    let episodes = ChipEpisodes {
        label: format!("{text} in episodes"),
        chip: text.to_owned(),
        ways: 5,
        shots: 1,
        float: cell(97.5),
        integer: cell(97.25),
        on_chip: cell(97.25),
        cores: 190,
        chips: 2,
        followed: 2,
        class: ChipCost { microseconds: 120.0, nanojoules: [1000.0, 2000.0, 4000.0] },
        query: ChipCost { microseconds: 60.0, nanojoules: [500.0, 1000.0, 2000.0] },
    };
    Chips { networks: vec![network(Some(placed(text))), network(None)], episodes: vec![episodes] }
}

fn placed(text: &str) -> PlacedNetwork {
    let component = |name: &str, nanojoules| ChipComponent { name: format!("{text} {name}"), nanojoules };
    let layer = |name: &str, cores, operations| ChipLayer {
        name: format!("{text}.{name}"),
        cores,
        busiest_cycles: 5050,
        operations,
        packets: 96.0,
        nanojoules: [150.0, 300.0, 600.0],
    };
    let phase = |computing, sending, cycles| ChipPhase {
        computing,
        sending,
        cycles,
        packets: 96.0,
        stalls: 12.5,
        waiting: 0.0,
    };
    let mesh = |name: &str, value: f64| ChipMesh {
        name: format!("{text} {name}"),
        unit: text.to_owned(),
        columns: 2,
        values: vec![Some(value), Some(2.0 * value), None, Some(0.0)],
        layers: vec![Some(0), Some(0), None, Some(1)],
    };
    PlacedNetwork {
        images: 100,
        plasticity: text.to_owned(),
        link: Some(ChipLink { changed: 4000.0, bytes_read: 1000.0, bytes_written: 12_000.0, microseconds: 13.0 }),
        cores: 31,
        cores_per_chip: 156,
        chips: 1,
        microseconds: 50.0,
        nanojoules: [500.0, 1000.0, 2500.0],
        components: vec![component("one", [200.0, 400.0, 1500.0]), component("two", [300.0, 600.0, 1000.0])],
        layers: vec![layer("0", 28, 401_408.0), layer("1", 3, 5120.5)],
        phases: vec![phase(0.0, 301.0, 301.0), phase(5050.0, 96.0, 5050.0)],
        meshes: vec![mesh("load", 2525.0), mesh("traffic", 7.0)],
        assumptions: vec![format!("{text} hops"), format!("{text} buffers")],
    }
}

/// Makes every number that may be wrong wrong.
pub(super) fn poison(chips: &mut Chips, bad: f64) {
    chips.episodes[0].float.percent = bad;
    chips.episodes[0].class = ChipCost { microseconds: bad, nanojoules: [bad; 3] };
    let network = &mut chips.networks[0];
    (network.float[0], network.integer, network.on_chip[1]) = (bad, vec![bad], bad);
    network.faults[0].points.push((50.0, vec![bad, bad]));
    network.faults[0].points[1].1[0] = bad;
    network.faults[1].points.push((bad, vec![bad]));
    let Some(placed) = &mut network.placed else { return };
    (placed.microseconds, placed.nanojoules) = (bad, [bad; 3]);
    placed.link = Some(ChipLink { changed: bad, bytes_read: bad, bytes_written: bad, microseconds: bad });
    placed.components[0].nanojoules = [bad; 3];
    placed.components[1].nanojoules[2] = bad;
    (placed.layers[0].operations, placed.layers[0].packets, placed.layers[0].nanojoules) = (bad, bad, [bad; 3]);
    (placed.phases[0].computing, placed.phases[1].cycles, placed.phases[1].stalls) = (bad, bad, bad);
    placed.phases[1].waiting = bad;
    (placed.meshes[0].values[0], placed.meshes[1].values[3]) = (Some(bad), Some(-bad));
}

fn page(chips: Chips) -> String {
    render(&Report { chips: Some(chips), ..Report::default() })
}

/// The page of a network of which nothing but its places is known.
fn placed_page(placed: PlacedNetwork) -> String {
    page(Chips { networks: vec![ChipNetwork { placed: Some(placed), ..ChipNetwork::default() }], ..Chips::default() })
}

#[test]
fn accuracies_stand_beside_each_other() {
    // floats 90 and 88, chip 89.25 and 87.75: means 89 and 88.5, deviations sqrt(2) and 1.06; by seed −0.75 and −0.25
    let page = page(chips("text"));
    let row =
        "<td>89.00 ± 1.41</td><td>88.50 ± 1.41</td><td>88.50 ± 1.06</td><td>−0.50 ± 0.35</td><td>10\u{202f}000</td>";
    assert_eq!(page.matches(row).count(), 2, "{page}");
    let mut few = chips("text");
    few.networks.iter_mut().for_each(|network| network.images = 1000);
    assert!(self::page(few).contains("<td>88.5 ± 1.1</td><td>−0.5 ± 0.4</td><td>1\u{202f}000</td>"));
}

#[test]
fn classes_stored_have_accuracies_and_costs() {
    let page = page(Chips { networks: Vec::new(), ..chips("text") });
    let accuracy = "<td>5-way 1-shot</td><td>97.5 ± 0.5</td><td>97.2 ± 0.5</td><td>97.2 ± 0.5</td><td>200</td>";
    let cost = "<td>190 of 2 text</td><td>120</td><td>2.00\u{a0}µJ (1.00–4.00)</td><td>60.0</td>";
    assert!(page.contains(accuracy) && page.contains(cost), "{page}");
    assert!(page.contains("queries are answered and write nothing"));
}

#[test]
fn what_an_image_takes_is_in_fitting_units() {
    // a million over 50 µs is 20,000 images a second
    let page = page(chips("text"));
    let row = "<td>31 of 156</td><td>1</td><td>50.0</td><td>1.00\u{a0}µJ (0.500–2.50)</td><td>20\u{202f}000</td>";
    assert_eq!(page.matches(row).count(), 1, "{page}");
    let layer = "<td>28</td><td>5\u{202f}050</td><td>401\u{202f}408</td><td>96.0</td><td>300\u{a0}nJ (150–600)</td>";
    assert!(page.contains(layer), "{page}");
    assert!(page.contains("are means over 100 images."));
    assert!(page.contains("Assumed, not measured: </strong>text hops; text buffers."));
}

#[test]
fn energy_and_phases_are_drawn_and_put_into_words() {
    let page = page(chips("text"));
    assert!(page.contains("<title>text two: 0.600 µJ, 60 %</title>"));
    assert!(page.contains("<title>computing 5\u{202f}050, sending 96.0, length 5\u{202f}050 clocks</title>"));
    assert!(page.contains("Of 2 phases computing limits 1, sending 1."));
    assert!(page.contains(
        "<td>5\u{202f}050</td><td>96.0</td><td>5\u{202f}050</td><td>computing</td><td>96.0</td><td>12.5</td>"
    ));
}

#[test]
fn a_mesh_shows_layers_and_leaves_unused_places_empty() {
    let page = page(chips("text"));
    assert_eq!(drawn_texts(&page, "cell"), ["L0", "L0", "L1"].repeat(2));
    assert!(page.contains("<title>text.0, column 2, row 1: 5\u{202f}050 text</title>"));
    // one hollow square in the first column of the second row: sides of 40 below a head of 26 and right of 1
    assert_eq!(page.matches("<path class=\"empty\" d=\"M13 78h16v16h-16z\">").count(), 2);
    assert!(
        page.contains("<th class=\"row-name\" scope=\"row\">column 2, row 2</th><td>text.1</td><td>0</td><td>0</td>")
    );
}

#[test]
fn damage_has_a_panel_per_kind_and_a_line_per_network() {
    // 70 and 74: mean 72, deviation 2 sqrt(2)
    let page = page(chips("text"));
    assert_eq!(drawn_texts(&page, "label"), ["1", "2"].repeat(4));
    assert!(page.contains("<title>text: 72.0 ± 2.8 % at 12.5 % damaged</title>"));
    assert!(page.contains("<th class=\"row-name\" scope=\"row\">12.5</th><td>72.0 ± 2.8</td><td>72.0 ± 2.8</td>"));
}

#[test]
fn absent_parts_of_chips_are_left_out() {
    assert!(!page(Chips::default()).contains("<section"));
    let nothing = ChipNetwork { placed: None, label: "alone".into(), ..ChipNetwork::default() };
    assert!(!page(Chips { networks: vec![nothing], ..Chips::default() }).contains("<section"));
    type Clear = fn(&mut ChipNetwork);
    let parts: [(&str, Clear); 12] = [
        ("Test accuracy in per cent in floats", |n| {
            n.float.clear();
            n.integer.clear();
            n.on_chip.clear();
        }),
        ("What an image takes", |n| n.placed = None),
        ("Layer by layer", |n| change(n, |p| p.layers.clear())),
        ("What the energy of an image", |n| change(n, |p| p.components.clear())),
        ("runs from the low to the high", |n| {
            change(n, |p| p.components.iter_mut().for_each(|c| c.nanojoules = [c.nanojoules[1]; 3]))
        }),
        ("The mesh of cores", |n| change(n, |p| p.meshes.clear())),
        ("The phases of an image", |n| change(n, |p| p.phases.clear())),
        ("Assumed, not measured", |n| change(n, |p| p.assumptions.clear())),
        ("some of which are assumed", |n| change(n, |p| p.assumptions.clear())),
        ("are means over", |n| change(n, |p| p.images = 0)),
        ("When the chip is damaged", |n| n.faults.clear()),
        ("bands are one standard deviation", |n| {
            n.faults.iter_mut().flat_map(|f| &mut f.points).for_each(|(_, percent)| percent.truncate(1))
        }),
    ];
    for (mark, clear) in parts {
        let mut chips = chips("text");
        assert!(page(chips.clone()).contains(mark), "{mark} is missing");
        chips.networks.iter_mut().for_each(clear);
        assert!(!page(chips).contains(mark), "{mark} is still there");
    }
}

fn change(network: &mut ChipNetwork, how: impl Fn(&mut PlacedNetwork)) {
    network.placed.iter_mut().for_each(how);
}

#[test]
fn further_networks_are_folded() {
    let mut chips = chips("text");
    chips.networks[1] = ChipNetwork { label: "second".into(), chip: "ideal".into(), ..chips.networks[0].clone() };
    let page = page(chips);
    assert!(page.contains("<h3>text on text</h3>"));
    assert!(page.contains("<details class=\"network\"><summary>second on ideal</summary>"));
}

#[test]
fn without_energy_there_are_no_bars() {
    let components = vec![ChipComponent { name: "static".into(), nanojoules: [0.0; 3] }];
    let page = placed_page(PlacedNetwork { components, ..placed("text") });
    assert!(page.contains("No energy was counted.") && !page.contains("class=\"spent\""));
}

#[test]
fn strange_networks_are_drawn() {
    let mesh = |columns, values: &[Option<f64>], layers: &[Option<usize>]| ChipMesh {
        columns,
        values: values.to_vec(),
        layers: layers.to_vec(),
        ..ChipMesh::default()
    };
    let meshes = vec![
        mesh(usize::MAX, &[Some(1.0), None], &[None, Some(usize::MAX)]),
        mesh(0, &[Some(1.0)], &[Some(0)]),
        mesh(1, &[Some(1.0); 3000], &[]),
        mesh(3000, &[Some(-1.0); 3000], &[]),
        mesh(2, &[Some(f64::MAX), Some(f64::MIN), Some(0.0)], &[]),
    ];
    let phase = |cycles| ChipPhase { computing: f64::MAX, sending: -1.0, cycles, ..ChipPhase::default() };
    let phases = vec![phase(-5.0), phase(1.0), phase(f64::MAX), phase(1e14)];
    let layers = vec![ChipLayer { cores: usize::MAX, busiest_cycles: u64::MAX, ..ChipLayer::default() }];
    let component = |nominal: f64| ChipComponent { nanojoules: [nominal; 3], ..ChipComponent::default() };
    let components = vec![component(f64::MAX), component(f64::MAX), component(-1.0), component(1e-300)];
    let (cores_per_chip, chips) = (u64::MAX, u64::MAX);
    let page =
        placed_page(PlacedNetwork { meshes, phases, layers, components, cores_per_chip, chips, ..placed("text") });
    let bad = |value: &&str| value.contains("NaN") || value.contains("inf") || value.contains("0000000");
    assert_eq!(drawing_attributes(&page).into_iter().find(bad), None);
    assert!(page.contains("class=\"wrong cells\"") && page.contains("Not finite, red and crossed: 1."));
}

#[test]
fn very_many_places_networks_and_phases_are_bounded() {
    let values: Vec<_> = (0..10_000).map(|place| Some((place * 37 % 100) as f64)).collect();
    let layers = vec![Some(0); 10_000];
    let mesh = ChipMesh { name: "load".into(), columns: 100, values, layers, ..ChipMesh::default() };
    let phases = vec![ChipPhase { computing: 5.0, cycles: 5.0, ..ChipPhase::default() }; 700];
    let component =
        |index: i32| ChipComponent { name: format!("part {index}"), nanojoules: [f64::from(700 - index); 3] };
    let components: Vec<_> = (0..700).map(component).collect();
    let assumptions = (0..700).map(|index| format!("number {index}")).collect();
    let placed = PlacedNetwork { meshes: vec![mesh; 3], phases, components, assumptions, ..placed("") };
    let network = |index: usize| ChipNetwork {
        label: format!("network {index}"),
        placed: (index == 0).then(|| placed.clone()),
        ..chips("").networks.remove(1)
    };
    let page = page(Chips { networks: (0..300).map(network).collect(), ..Chips::default() });
    assert!(page.len() < 4_000_000, "{}", page.len());
    assert!(page.contains("network 23") && !page.contains("network 24"));
    assert!(page.contains("At most 24 networks are shown."));
    assert_eq!(page.matches("load: the mesh has too many places to be drawn.").count(), 2);
    assert!(page.contains("The first 200 of 700 phases are drawn.") && page.contains("number 59 and 640 more."));
    assert!(page.contains("700 others") && page.contains("part 59 and 640 more."));
}

#[test]
fn a_place_that_is_not_finite_survives_the_file() {
    let mut report = Report { chips: Some(chips("text")), ..Report::default() };
    poison(report.chips.as_mut().expect("chips"), f64::NAN);
    let page = render(&report);
    let read: Report = serde_json::from_str(carried(&page)).expect("JSON");
    assert_eq!(render(&read), page);
}
