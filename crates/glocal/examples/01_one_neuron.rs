//! One leaky integrate-and-fire neuron, driven by hand.
//!
//! ```text
//! cargo run --release --example 01_one_neuron
//! ```
//!
//! A neuron model is one function, `Neuron::step`: state and current in, next state and output out. Nothing is hidden
//! in an object, so a neuron can be run with a loop of three lines.

use glocal_core::dual::Dual;
use glocal_core::neuron::{Lif, Neuron, Reset};
use glocal_core::surrogate::Rectangle;

const STEPS: usize = 12;
const CURRENT: f64 = 0.3;

/// Drives the neuron.
pub fn main() {
    let neuron = Lif {
        threshold: 1.0,
        decay: 0.9, // share of the potential that is kept per step
        reset: Reset::Subtract,
        surrogate: Rectangle { half_width: 0.5 },
    };

    // v_t = decay · u_{t-1} + I_t; a spike when v_t > threshold; then u_t = v_t - threshold · s_t.
    println!("current {CURRENT} at every step, threshold {}, decay {}", neuron.threshold, neuron.decay);
    println!("step  potential  spike");
    let mut state = [0.0];
    for step in 0..STEPS {
        let (next, out) = neuron.step(state, CURRENT);
        println!("{step:>4}  {:>9.4}  {}", out.membrane_potential, if out.output > 0.0 { "|" } else { "" });
        state = next;
    }

    // Until its first spike the potential is I (1 - decay^n)/(1 - decay) after n steps: the fourth is the first above 1.
    let closed_form = |n: i32| CURRENT * (1.0 - neuron.decay.powi(n)) / (1.0 - neuron.decay);
    println!("closed form: {:.4} after 3 steps, {:.4} after 4", closed_form(3), closed_form(4));

    // The same function on dual numbers: value and slope at once. This is all that training needs of a neuron model.
    let current = Dual::variable(0.95);
    let at_rest = [Dual::constant(0.0)];
    let (next, out) = neuron.step(at_rest, current);
    println!(
        "at current 0.95: potential {:.2} with slope {:.0}; spike {:.0} with surrogate slope {:.0}; next state slope {:.0}",
        out.membrane_potential.value, out.membrane_potential.slope, out.output.value, out.output.slope, next[0].slope,
    );
}
