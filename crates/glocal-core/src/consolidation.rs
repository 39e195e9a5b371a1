//! What keeps weights near where earlier tasks left them: penalties beside the loss, for continual learning.

use crate::params::{ArraySpec, Group, Params};
use crate::scalar::Float;

/// A part that looks on as a network learns, and may add to its gradients; see [`Learner::step_beside`].
///
/// [`Learner::step_beside`]: crate::Learner::step_beside
pub trait Consolidation<F>: Send {
    /// Before the optimisers: `gradients` are the batch's own, and may be added to. `specs` lists all arrays.
    fn add_gradient(&mut self, specs: &[ArraySpec], params: &Params<F>, gradients: &mut Params<F>);

    /// After the optimisers.
    fn stepped(&mut self, specs: &[ArraySpec], params: &Params<F>) {
        let _ = (specs, params);
    }
}

/// A sum of quadratic penalties on the trained weights, for each weight one importance and one pull however many tasks there
/// were.
///
/// # Equation
/// Σ_k (strength/2) Σ_i Ω_ki (w_i - w*_ki)², whose gradient is strength · (A_i w_i - B_i) with A = Σ_k Ω_k and
/// B = Σ_k Ω_k ∘ w*_k.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor<F> {
    /// A, as the parameters; arrays that are not weights stay empty.
    pub importance: Params<F>,
    /// B.
    pub pull: Params<F>,
    /// How strongly it holds.
    pub strength: f64,
}

impl<F: Float> Anchor<F> {
    /// Holds nothing yet.
    pub fn new(specs: &[ArraySpec], layers: usize, strength: f64) -> Self {
        Anchor { importance: of_weights(specs, layers), pull: of_weights(specs, layers), strength }
    }

    /// Holds the weights where they are, as firmly as `importance` says, beside what it holds already.
    pub fn hold(&mut self, specs: &[ArraySpec], params: &Params<F>, importance: &Params<F>) {
        for spec in specs.iter().filter(is_weight) {
            let (values, new) = (params[spec.layer].get(spec.field), importance[spec.layer].get(spec.field));
            let held = self.importance[spec.layer].get_mut(spec.field);
            held.iter_mut().zip(new).for_each(|(held, &new)| *held += new);
            let pull = self.pull[spec.layer].get_mut(spec.field);
            pull.iter_mut().zip(new).zip(values).for_each(|((pull, &new), &w)| *pull += new * w);
        }
    }

    /// As [`Anchor::hold`], but what it holds already is kept to the share `keep` and moves along: all is held where the
    /// weights are now.
    pub fn hold_here(&mut self, specs: &[ArraySpec], params: &Params<F>, importance: &Params<F>, keep: f64) {
        for spec in specs.iter().filter(is_weight) {
            let (values, new) = (params[spec.layer].get(spec.field), importance[spec.layer].get(spec.field));
            let held = self.importance[spec.layer].get_mut(spec.field);
            held.iter_mut().zip(new).for_each(|(held, &new)| *held = F::of(keep) * *held + new);
            let pull = self.pull[spec.layer].get_mut(spec.field);
            pull.iter_mut().zip(&*held).zip(values).for_each(|((pull, &held), &w)| *pull = held * w);
        }
    }

    fn add_to(&self, specs: &[ArraySpec], params: &Params<F>, gradients: &mut Params<F>) {
        let strength = F::of(self.strength);
        for spec in specs.iter().filter(is_weight) {
            let values = params[spec.layer].get(spec.field).iter();
            let held = self.importance[spec.layer].get(spec.field).iter().zip(self.pull[spec.layer].get(spec.field));
            let gradient = gradients[spec.layer].get_mut(spec.field).iter_mut();
            gradient.zip(values).zip(held).for_each(|((g, &w), (&a, &b))| *g += strength * (a * w - b));
        }
    }
}

impl<F: Float> Consolidation<F> for Anchor<F> {
    fn add_gradient(&mut self, specs: &[ArraySpec], params: &Params<F>, gradients: &mut Params<F>) {
        self.add_to(specs, params, gradients);
    }
}

/// The diagonal of the Fisher information, as elastic weight consolidation weighs importance: add the gradients of single
/// samples, then take the mean.
///
/// # Equation
/// Ω_i = mean over samples of (∂L/∂w_i)², L the loss of one sample: minus the logarithm of its label's probability. With labels drawn
/// from the network's own answers ([`draw`](crate::loss::draw)) it is the Fisher information; with the true ones ("empirical") it grows
/// with the loss, so that a task learned badly is held most firmly.
///
/// # References
/// F. Kunstner, P. Hennig, L. Balles, "Limitations of the empirical Fisher approximation for natural gradient descent" (2019),
/// arXiv:1905.12558. Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks" (2017), doi:10.1073/pnas.1611835114.
#[derive(Clone, Debug)]
pub struct Fisher<F> {
    sums: Params<F>,
    samples: u64,
}

impl<F: Float> Fisher<F> {
    /// Of no sample yet.
    pub fn new(specs: &[ArraySpec], layers: usize) -> Self {
        Fisher { sums: of_weights(specs, layers), samples: 0 }
    }

    /// One sample more, from its gradients.
    pub fn add(&mut self, specs: &[ArraySpec], gradients: &Params<F>) {
        for spec in specs.iter().filter(is_weight) {
            let sums = self.sums[spec.layer].get_mut(spec.field);
            sums.iter_mut().zip(gradients[spec.layer].get(spec.field)).for_each(|(sum, &g)| *sum += g * g);
        }
        self.samples += 1;
    }

    /// Ω; zero without samples.
    pub fn mean(mut self, specs: &[ArraySpec]) -> Params<F> {
        let share = F::of(1.0 / self.samples.max(1) as f64);
        for spec in specs.iter().filter(is_weight) {
            crate::rows::scale(self.sums[spec.layer].get_mut(spec.field), share);
        }
        self.sums
    }
}

/// Importance of a task whose mean over all weights is 1: no task holds more firmly than another for being learned badly.
///
/// # Equation
/// Ω_i ← Ω_i / mean over weights of Ω; importance that is zero everywhere stays so.
///
/// # References
/// Schwarz et al., "Progress & compress: a scalable framework for continual learning" (2018), arXiv:1805.06370.
pub fn normalise<F: Float>(specs: &[ArraySpec], importance: &mut Params<F>) {
    let (mut sum, mut count) = (0.0, 0);
    for spec in specs.iter().filter(is_weight) {
        let values = importance[spec.layer].get(spec.field);
        sum += values.iter().map(|value| value.to_f64()).sum::<f64>();
        count += values.len();
    }
    if sum > 0.0 {
        let share = F::of(count as f64 / sum);
        for spec in specs.iter().filter(is_weight) {
            crate::rows::scale(importance[spec.layer].get_mut(spec.field), share);
        }
    }
}

/// Synaptic intelligence: each weight is as important as it contributed to the loss's fall, for the way that it went.
///
/// # Equation
/// Along a task, ω_i = -Σ_steps g_i Δw_i, g the gradient of the loss alone; after it, Ω_i = max(ω_i, 0) / ((w_i - w_i(start))² + ξ),
/// added up over tasks and held where the weights are: strength · Σ_i Ω_i (w_i - w*_i)².
///
/// # References
/// Zenke, Poole & Ganguli, "Continual learning through synaptic intelligence" (2017), arXiv:1703.04200.
#[derive(Clone, Debug, PartialEq)]
pub struct PathIntegral<F> {
    anchor: Anchor<F>,
    damping: f64,
    start: Params<F>,
    /// Gradient of the loss, and weights, before the step at hand.
    gradient: Params<F>,
    before: Params<F>,
    /// ω.
    contribution: Params<F>,
}

impl<F: Float> PathIntegral<F> {
    /// Before the first task. `damping`: ξ.
    pub fn new(specs: &[ArraySpec], params: &Params<F>, strength: f64, damping: f64) -> Self {
        let zeros = || of_weights(specs, params.len());
        PathIntegral {
            // The field's strength counts whole squares, the anchor's half ones.
            anchor: Anchor::new(specs, params.len(), 2.0 * strength),
            damping,
            start: params.clone(),
            gradient: zeros(),
            before: zeros(),
            contribution: zeros(),
        }
    }

    /// Between two tasks: goes on from the weights `params` and from what [`PathIntegral::anchor`] held in an earlier process.
    pub fn hold(&mut self, params: &Params<F>, importance: Params<F>, pull: Params<F>) {
        self.start.clone_from(params);
        self.anchor = Anchor { importance, pull, strength: self.anchor.strength };
    }

    /// A task ends.
    pub fn end_task(&mut self, specs: &[ArraySpec], params: &Params<F>) {
        let mut importance = of_weights(specs, params.len());
        for spec in specs.iter().filter(is_weight) {
            let (now, start) = (params[spec.layer].get(spec.field), self.start[spec.layer].get(spec.field));
            let contribution = self.contribution[spec.layer].get_mut(spec.field);
            let of_task: &mut Vec<F> = importance[spec.layer].get_mut(spec.field);
            for (((out, contribution), &now), &start) in of_task.iter_mut().zip(contribution).zip(now).zip(start) {
                let way = now - start;
                *out = contribution.if_positive(*contribution, F::of(0.0)) / (way * way + F::of(self.damping));
                *contribution = F::of(0.0);
            }
        }
        self.anchor.hold_here(specs, params, &importance, 1.0);
        self.start.clone_from(params);
    }

    /// ω of the task at hand.
    pub fn contribution(&self) -> &Params<F> {
        &self.contribution
    }

    /// What it holds.
    pub fn anchor(&self) -> &Anchor<F> {
        &self.anchor
    }
}

impl<F: Float> Consolidation<F> for PathIntegral<F> {
    fn add_gradient(&mut self, specs: &[ArraySpec], params: &Params<F>, gradients: &mut Params<F>) {
        for spec in specs.iter().filter(is_weight) {
            self.gradient[spec.layer].get_mut(spec.field).clone_from(gradients[spec.layer].get(spec.field));
            self.before[spec.layer].get_mut(spec.field).clone_from(params[spec.layer].get(spec.field));
        }
        self.anchor.add_to(specs, params, gradients);
    }

    fn stepped(&mut self, specs: &[ArraySpec], params: &Params<F>) {
        for spec in specs.iter().filter(is_weight) {
            let gradient = self.gradient[spec.layer].get(spec.field);
            let ends = self.before[spec.layer].get(spec.field).iter().zip(params[spec.layer].get(spec.field));
            let contribution = self.contribution[spec.layer].get_mut(spec.field);
            contribution.iter_mut().zip(gradient).zip(ends).for_each(|((sum, &g), (&before, &now))| {
                *sum = *sum - g * (now - before);
            });
        }
    }
}

fn is_weight(spec: &&ArraySpec) -> bool {
    spec.trained && spec.field.group() == Group::Weights
}

/// Zeros for each trained weight; the other arrays are empty.
fn of_weights<F: Float>(specs: &[ArraySpec], layers: usize) -> Params<F> {
    let mut arrays: Params<F> = (0..layers).map(|_| Default::default()).collect();
    for spec in specs.iter().filter(is_weight) {
        *arrays[spec.layer].get_mut(spec.field) = vec![F::of(0.0); spec.len()];
    }
    arrays
}
