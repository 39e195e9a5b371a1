//! Files that the libraries themselves wrote, and the spikes that they make of them. Oracle: snnTorch 1.0.0, norse 1.1.0 and
//! sinabs 3.1.3, through `tests/interop/make_golden.py`.

use glocal_nir::{Discretisation, read, run};
use serde::Deserialize;

/// A file's input and what its library puts out, `[T, ...]`.
#[derive(Deserialize)]
pub struct Case {
    reader: String,
    dt: f64,
    pub input: Vec<f64>,
    pub output: Vec<f64>,
}

impl Case {
    pub fn discretisation(&self) -> Discretisation {
        if self.reader == "sinabs" { Discretisation::Sinabs } else { Discretisation::Euler { dt: self.dt } }
    }
}

macro_rules! golden {
    ($($name:literal)*) => {
        /// Every golden file: name, bytes of the graph, its case.
        pub fn all() -> Vec<(&'static str, &'static [u8], Case)> {
            vec![$((
                $name,
                &include_bytes!(concat!("golden/", $name, ".nir"))[..],
                serde_json::from_str(include_str!(concat!("golden/", $name, ".json"))).expect("a case"),
            )),*]
        }
    };
}

golden! {
    "norse_cuba" "norse_if" "norse_lif" "sinabs_conv" "sinabs_lif" "snntorch_conv" "snntorch_conv_cuba" "snntorch_cuba"
    "snntorch_lif"
}

#[test]
fn files_of_the_libraries_give_their_spikes() {
    for (name, bytes, case) in all() {
        let graph = read(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = run(&graph, &case.input, case.discretisation()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(found.output, case.output, "{name}:\n{graph}");
    }
}
