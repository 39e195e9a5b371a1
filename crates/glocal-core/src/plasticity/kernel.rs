//! A plasticity rule's postsynaptic side run over rows of an array, forward and backward, from its one equation.

use super::{MOST_TERMS, Normalisation, PlasticityRule, PostSignal, PreFactor};
use crate::dual::Dual;
use crate::scalar::{Evaluate, Float};
use crate::simd::vectorised;
use crate::smooth::Smooth;

/// Slices of one row, forward, all of length n. What the rule does not use may be empty.
#[derive(Debug)]
pub struct RuleRow<'a, F> {
    /// v_t.
    pub membrane_potential: &'a [F],
    /// Spikes, or outputs of non-spiking neurons.
    pub output: &'a [F],
    /// Meta-parameter.
    pub sliding_threshold: &'a [F],
    /// Trace before the step; after it on return.
    pub trace: &'a mut [F],
    /// Receive a_r.
    pub factors: [&'a mut [F]; MOST_TERMS],
    /// Receives f.
    pub forgetting: &'a mut [F],
}

/// Slices of one row, backward: gradients of what the step produced go in, of what it consumed come out.
#[derive(Debug)]
pub struct RuleAdjointRow<'a, F> {
    /// v_t.
    pub membrane_potential: &'a [F],
    /// Spikes.
    pub output: &'a [F],
    /// Meta-parameter.
    pub sliding_threshold: &'a [F],
    /// Trace before the step.
    pub trace: &'a [F],
    /// Gradients of a_r.
    pub factor_gradients: [&'a [F]; MOST_TERMS],
    /// Gradient of f.
    pub forgetting_gradient: &'a [F],
    /// Gradient of the trace after the step; of the trace before it on return.
    pub trace_gradient: &'a mut [F],
    /// The gradient of v_t is added here.
    pub membrane_potential_gradient: &'a mut [F],
    /// The gradient of the output is added here.
    pub output_gradient: &'a mut [F],
    /// The gradient of the sliding threshold is added here.
    pub sliding_threshold_gradient: &'a mut [F],
}

/// What the engine asks of a rule; every [`PlasticityRule`] is one.
pub trait RuleKernel<F>: std::fmt::Debug + Send + Sync {
    /// As [`PlasticityRule::pre`].
    fn pre(&self) -> &[PreFactor];
    /// As [`PlasticityRule::HAS_TRACE`].
    fn has_trace(&self) -> bool;
    /// As [`PlasticityRule::SEES_OUTPUT`].
    fn sees_output(&self) -> bool;
    /// As [`PlasticityRule::FORGETS`].
    fn forgets(&self) -> bool;
    /// As [`PlasticityRule::normalisation`].
    fn normalisation(&self) -> Normalisation;
    /// As [`PlasticityRule::post_bound`].
    fn post_bound(&self) -> Option<f64>;
    /// As [`PlasticityRule::eligibility_decay`].
    fn eligibility_decay(&self) -> f64;
    /// As [`PlasticityRule::third_factor`].
    fn third_factor(&self, step: usize) -> f64;
    /// One step of a row.
    fn forward(&self, smooth: bool, threshold: f64, row: RuleRow<'_, F>);
    /// The adjoint of one step of a row.
    fn backward(&self, smooth: bool, threshold: f64, row: RuleAdjointRow<'_, F>);
    /// A copy behind a new box.
    fn boxed(&self) -> Box<dyn RuleKernel<F>>;
}

impl<F: Float, R: PlasticityRule> RuleKernel<F> for R {
    fn pre(&self) -> &[PreFactor] {
        PlasticityRule::pre(self)
    }
    fn has_trace(&self) -> bool {
        R::HAS_TRACE
    }
    fn sees_output(&self) -> bool {
        R::SEES_OUTPUT
    }
    fn forgets(&self) -> bool {
        R::FORGETS
    }
    fn normalisation(&self) -> Normalisation {
        PlasticityRule::normalisation(self)
    }
    fn post_bound(&self) -> Option<f64> {
        PlasticityRule::post_bound(self)
    }
    fn eligibility_decay(&self) -> f64 {
        PlasticityRule::eligibility_decay(self)
    }
    fn third_factor(&self, step: usize) -> f64 {
        PlasticityRule::third_factor(self, step)
    }

    fn forward(&self, smooth: bool, threshold: f64, row: RuleRow<'_, F>) {
        if smooth {
            forward::<F, Smooth<F>, R>(self, threshold, row);
        } else {
            vectorised(
                #[inline(always)]
                || forward::<F, F, R>(self, threshold, row),
            );
        }
    }

    fn backward(&self, smooth: bool, threshold: f64, row: RuleAdjointRow<'_, F>) {
        if smooth {
            backward::<F, Smooth<F>, R>(self, threshold, row);
        } else {
            vectorised(
                #[inline(always)]
                || backward::<F, F, R>(self, threshold, row),
            );
        }
    }

    fn boxed(&self) -> Box<dyn RuleKernel<F>> {
        Box::new(*self)
    }
}

#[inline(always)]
fn forward<F: Float, S: Evaluate<F>, R: PlasticityRule>(rule: &R, threshold: f64, row: RuleRow<'_, F>) {
    let n = row.membrane_potential.len();
    let (v, s, sliding) = (row.membrane_potential, &row.output[..n], &row.sliding_threshold[..n]);
    let two = rule.pre().len() > 1;
    let [first, second] = row.factors;
    let first = &mut first[..n];
    let second = if two { &mut second[..n] } else { &mut [] };
    let trace = if R::HAS_TRACE { &mut row.trace[..n] } else { &mut [] };
    let forgetting = if R::FORGETS { &mut row.forgetting[..n] } else { &mut [] };
    for i in 0..n {
        let before = if R::HAS_TRACE { S::wrap(trace[i]) } else { S::of(0.0) };
        let signal = PostSignal {
            membrane_potential: S::wrap(v[i]),
            threshold,
            output: S::wrap(s[i]),
            sliding_threshold: S::wrap(sliding[i]),
        };
        let (after, post) = rule.post(before, signal);
        first[i] = post.factors[0].value();
        if two {
            second[i] = post.factors[1].value();
        }
        if R::HAS_TRACE {
            trace[i] = after.value();
        }
        if R::FORGETS {
            forgetting[i] = post.forgetting.value();
        }
    }
}

/// Inputs of [`PlasticityRule::post`] that a derivative is taken along.
#[derive(Clone, Copy, PartialEq)]
enum Along {
    MembranePotential,
    SlidingThreshold,
    Output,
    Trace,
}

#[inline(always)]
fn backward<F: Float, S: Evaluate<F>, R: PlasticityRule>(rule: &R, threshold: f64, row: RuleAdjointRow<'_, F>) {
    let n = row.membrane_potential.len();
    let (v, s, sliding) = (row.membrane_potential, &row.output[..n], &row.sliding_threshold[..n]);
    let two = rule.pre().len() > 1;
    let first = &row.factor_gradients[0][..n];
    let second = if two { &row.factor_gradients[1][..n] } else { &[] };
    let forgetting = if R::FORGETS { &row.forgetting_gradient[..n] } else { &[] };
    let (trace, trace_gradient) =
        if R::HAS_TRACE { (&row.trace[..n], &mut row.trace_gradient[..n]) } else { (&[][..], &mut [][..]) };
    let v_gradient = &mut row.membrane_potential_gradient[..n];
    let sliding_gradient = &mut row.sliding_threshold_gradient[..n];
    let output_gradient = if R::SEES_OUTPUT { &mut row.output_gradient[..n] } else { &mut [] };
    let second_term = if two { Some(second) } else { None };
    for i in 0..n {
        let before = if R::HAS_TRACE { trace[i] } else { F::of(0.0) };
        let at = Point {
            rule,
            threshold,
            inputs: [v[i], s[i], sliding[i], before],
            gradients: [
                first[i],
                second_term.map_or(
                    F::of(0.0),
                    #[inline(always)]
                    |second| second[i],
                ),
                if R::FORGETS { forgetting[i] } else { F::of(0.0) },
                if R::HAS_TRACE { trace_gradient[i] } else { F::of(0.0) },
            ],
        };
        let of_v = at.slope_along::<S>(Along::MembranePotential);
        let of_sliding = at.slope_along::<S>(Along::SlidingThreshold);
        let of_output = if R::SEES_OUTPUT { at.slope_along::<S>(Along::Output) } else { S::of(0.0) };
        let of_trace = if R::HAS_TRACE { at.slope_along::<S>(Along::Trace) } else { S::of(0.0) };
        v_gradient[i] += of_v.value();
        sliding_gradient[i] += of_sliding.value();
        if R::SEES_OUTPUT {
            output_gradient[i] += of_output.value();
        }
        if R::HAS_TRACE {
            trace_gradient[i] = of_trace.value();
        }
    }
}

/// One neuron at one step, and the gradients of its two factors, of its forgetting and of its trace.
struct Point<'a, F, R> {
    rule: &'a R,
    threshold: f64,
    /// v_t, output, sliding threshold, trace.
    inputs: [F; 4],
    gradients: [F; 4],
}

impl<F: Float, R: PlasticityRule> Point<'_, F, R> {
    #[inline(always)]
    fn slope_along<S: Evaluate<F>>(&self, direction: Along) -> S {
        let [v, output, sliding, trace] = self.inputs;
        let signal = PostSignal {
            membrane_potential: Dual::seeded(S::wrap(v), direction == Along::MembranePotential),
            threshold: self.threshold,
            output: Dual::seeded(S::wrap(output), direction == Along::Output),
            sliding_threshold: Dual::seeded(S::wrap(sliding), direction == Along::SlidingThreshold),
        };
        let (after, post) = self.rule.post(Dual::seeded(S::wrap(trace), direction == Along::Trace), signal);
        let [first, second, forgetting, next_trace] = self.gradients;
        let mut sum = post.factors[0].slope * S::wrap(first) + post.factors[1].slope * S::wrap(second);
        if R::FORGETS {
            sum = sum + post.forgetting.slope * S::wrap(forgetting);
        }
        if R::HAS_TRACE {
            sum = sum + after.slope * S::wrap(next_trace);
        }
        sum
    }
}
