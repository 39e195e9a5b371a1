//! Files of other tools as layers of the engine. Oracle: the spikes of those tools.

use glocal_nir::{Discretisation, ImportOptions, NirError, Origin, import, read};

use crate::golden::all;
use crate::made::{STEPS, engine};

#[test]
fn chains_of_lif_layers_become_networks_with_the_same_spikes() {
    for name in ["snntorch_lif", "snntorch_conv", "norse_lif", "norse_if"] {
        let (_, bytes, case) = all().into_iter().find(|(own, ..)| *own == name).expect("a case");
        let options = ImportOptions { discretisation: Some(case.discretisation()), steps: 16, graph_only: false };
        let imported = import(&read(bytes).unwrap(), &options).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((imported.origin, imported.approximations), (Origin::Nodes, vec![]), "{name}");
        let mut learner = imported.learner;
        assert_eq!(engine(&mut learner, &case.input), case.output, "{name}");
    }
}

/// Everything that has no layer, in one error.
#[test]
fn what_has_no_layer_is_named_at_once() {
    let (_, bytes, case) = all().into_iter().find(|(name, ..)| *name == "snntorch_conv_cuba").expect("a case");
    let options = ImportOptions { discretisation: Some(case.discretisation()), steps: STEPS, graph_only: false };
    let Err(NirError::NotImportable(problems)) = import(&read(bytes).unwrap(), &options) else { panic!("imported") };
    let places: Vec<&str> = problems.iter().map(|problem| problem.place.as_str()).collect();
    assert_eq!(places, ["0", "1", "3", "4"]);
}

#[test]
fn a_time_step_is_needed() {
    let (_, bytes, _) = all().into_iter().find(|(name, ..)| *name == "snntorch_lif").expect("a case");
    let options = |discretisation| ImportOptions { discretisation, steps: STEPS, graph_only: false };
    let graph = read(bytes).unwrap();
    assert!(matches!(import(&graph, &options(None)), Err(NirError::NoTimeStep)));
    // A time constant of 2e-4 s leaves less than nothing after 1 ms.
    let wrong = import(&graph, &options(Some(Discretisation::Euler { dt: 1e-3 })));
    assert!(matches!(wrong, Err(NirError::NotImportable(problems)) if problems.len() == 2));
}
