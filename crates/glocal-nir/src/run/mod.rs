//! A NIR graph run node by node, in double precision: the reference for what a file computes.
//!
//! NIR's equations are continuous in time. [`Discretisation`] says what is made of them.

mod maps;
mod neurons;
mod prepare;

use std::collections::BTreeMap;

use crate::error::NirError;
use crate::graph::{Graph, Order, check};
use crate::tensor::element_count;
use maps::{Affine, Map, Pooling};
use neurons::Neurons;

/// How time becomes steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Discretisation {
    /// As norse and snnTorch: Euler steps of dt, the current before the potential, at most one spike a step, which takes the
    /// potential to v_reset in the same step. I and IF add r I a step, without dt.
    ///
    /// # Equation
    /// i ← i + dt/tau_syn (w_in S - i); v ← v + dt/tau (v_leak - v + r i); z = 1 if v > v_threshold, then v ← v_reset.
    Euler {
        /// Time step in seconds.
        dt: f64,
    },
    /// As sinabs: tau in steps, as many spikes as thresholds fit into v, each taken off. r must be 1 and v_leak 0.
    ///
    /// # Equation
    /// v ← exp(-1/tau) v + I; z = ⌊v/v_threshold⌋ if v > 0, then v ← v - z v_threshold. IF: no decay, and v >= -v_threshold.
    Sinabs,
}

/// What a graph made of an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Shape of the output at one step.
    pub shape: Vec<usize>,
    /// The output, `[T, ...]`: spikes, or the potentials of a last node that does not spike.
    pub output: Vec<f64>,
    /// Spikes of each node that spikes, over all steps.
    pub spikes: BTreeMap<String, f64>,
}

/// Runs `graph` from rest over all steps of `input`.
///
/// # Shapes
/// `input` `[T, ...]`, the graph's input shape at each step, row-major.
///
/// # Errors
/// A graph that is not valid, nodes that cannot be run so, an input that does not divide into steps.
pub fn run(graph: &Graph, input: &[f64], discretisation: Discretisation) -> Result<Run, NirError> {
    Interpreter::new(graph, discretisation)?.run(input)
}

/// A graph ready to run, with the state of its neurons.
#[derive(Clone, Debug)]
pub struct Interpreter {
    order: Order,
    nodes: Vec<Operation>,
    /// Values of each node at this step.
    values: Vec<Vec<f64>>,
    input: usize,
    output: usize,
    input_shape: Vec<usize>,
    shape: Vec<usize>,
    spikes: Vec<Option<f64>>,
}

/// What a node does with the sum of what comes in.
#[derive(Clone, Debug)]
enum Operation {
    Same,
    Affine(Affine),
    Map(Map),
    Pooling(Pooling),
    Scale(Vec<f64>),
    Threshold(Vec<f64>),
    Neurons(Neurons),
}

impl Interpreter {
    /// Makes a graph ready to run.
    ///
    /// # Errors
    /// A graph that is not valid, or nodes that cannot be run with `discretisation`: all at once.
    pub fn new(graph: &Graph, discretisation: Discretisation) -> Result<Interpreter, NirError> {
        if let Discretisation::Euler { dt } = discretisation
            && !(dt.is_finite() && dt > 0.0)
        {
            let message = "must be a time step above 0, in seconds";
            return Err(NirError::Option { name: "dt", value: dt.to_string(), message });
        }
        let graph = graph.flattened();
        let (order, shapes) = check(&graph).map_err(NirError::Graph)?;
        let mut nodes = Vec::with_capacity(order.names.len());
        let mut problems = Vec::new();
        for name in &order.names {
            match prepare::operation(name, &graph.nodes[name].node, &shapes[name], discretisation) {
                Ok(operation) => nodes.push(operation),
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(NirError::NotRunnable(problems));
        }
        let place = |name: Option<&String>| order.names.iter().position(|own| Some(own) == name).unwrap_or(0);
        let (input, output) = (place(graph.input()), place(graph.output()));
        let count = |name: &String| element_count(&shapes[name].output).unwrap_or(0);
        let spiking = |name: &String| graph.nodes[name].node.spikes().then_some(0.0);
        Ok(Interpreter {
            values: order.names.iter().map(|name| vec![0.0; count(name)]).collect(),
            spikes: order.names.iter().map(spiking).collect(),
            input_shape: shapes[&order.names[input]].output.clone(),
            shape: shapes[&order.names[output]].output.clone(),
            order,
            nodes,
            input,
            output,
        })
    }

    /// Shape of the input at one step.
    pub fn input_shape(&self) -> &[usize] {
        &self.input_shape
    }

    /// Shape of the output at one step.
    pub fn output_shape(&self) -> &[usize] {
        &self.shape
    }

    /// Runs all steps of `input`, `[T, ...]`, going on from the state that earlier ones left.
    ///
    /// # Errors
    /// An input that does not divide into steps.
    pub fn run(mut self, input: &[f64]) -> Result<Run, NirError> {
        let expected = self.values[self.input].len();
        if expected == 0 || !input.len().is_multiple_of(expected) {
            return Err(NirError::Input { expected, found: input.len() });
        }
        let mut output = Vec::with_capacity(input.len() / expected * self.values[self.output].len());
        for step in input.chunks_exact(expected) {
            self.step(step);
            output.extend_from_slice(&self.values[self.output]);
        }
        let named = self.order.names.iter().zip(&self.spikes);
        let spikes = named.filter_map(|(name, spikes)| Some((name.clone(), (*spikes)?))).collect();
        Ok(Run { shape: self.shape, output, spikes })
    }

    fn step(&mut self, input: &[f64]) {
        for node in 0..self.nodes.len() {
            let incoming = if node == self.input { input.to_vec() } else { self.sum(node) };
            self.nodes[node].apply(incoming, &mut self.values[node]);
            if let Some(spikes) = &mut self.spikes[node] {
                *spikes += self.values[node].iter().sum::<f64>();
            }
        }
    }

    /// What comes in over all edges.
    fn sum(&self, node: usize) -> Vec<f64> {
        let sources = &self.order.sources[node];
        let mut sum = sources.first().map(|&first| self.values[first].clone()).unwrap_or_default();
        for &source in sources.iter().skip(1) {
            sum.iter_mut().zip(&self.values[source]).for_each(|(sum, value)| *sum += value);
        }
        sum
    }
}

impl Operation {
    fn apply(&mut self, input: Vec<f64>, output: &mut Vec<f64>) {
        match self {
            Operation::Same => *output = input,
            Operation::Affine(affine) => affine.apply(&input, output),
            Operation::Map(map) => map.apply(&input, output),
            Operation::Pooling(pooling) => pooling.apply(&input, output),
            Operation::Scale(scale) => zip(output, &input, scale, |x, s| x * s),
            Operation::Threshold(threshold) => zip(output, &input, threshold, |x, t| f64::from(u8::from(x > t))),
            Operation::Neurons(neurons) => neurons.step(&input, output),
        }
    }
}

fn zip(output: &mut [f64], input: &[f64], values: &[f64], f: impl Fn(f64, f64) -> f64) {
    output.iter_mut().zip(input.iter().zip(values)).for_each(|(y, (&x, &value))| *y = f(x, value));
}
