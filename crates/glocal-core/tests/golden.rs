//! Golden vectors of tests/golden/: two independent implementations (PyTorch autograd and hand-written BPTT in numpy)
//! agree on them to 1e-12, and with the paper's published scripts in float32.

mod common;

use common::{FIELDS, demo, relative, splitmix, uniform};
use glocal_core::config::Execution;
use glocal_core::params::{Field, LayerArrays};
use glocal_core::scalar::Float;
use glocal_core::{Input, Learner, LearningRule, Models};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use sha2::{Digest, Sha256};

struct Golden(Vec<u8>);

impl Golden {
    fn open(name: &str) -> Self {
        let path = format!("{}/tests/golden/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
        Golden(std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}")))
    }

    fn get(&self, name: &str) -> Option<Vec<f64>> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let view = file.tensor(name).ok()?;
        let data = view.data();
        Some(match view.dtype() {
            Dtype::F64 => f64::of_bytes(data),
            Dtype::F32 => f32::of_bytes(data).into_iter().map(f64::from).collect(),
            Dtype::I64 => data.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect(),
            Dtype::U8 => data.iter().map(|&b| f64::from(b)).collect(),
            other => panic!("{name}: {other:?}"),
        })
    }

    fn need(&self, name: &str) -> Vec<f64> {
        self.get(name).unwrap_or_else(|| panic!("no {name}"))
    }
}

fn to<F: Float>(values: &[f64]) -> Vec<F> {
    values.iter().map(|&v| F::of(v)).collect()
}

fn from<F: Float>(values: &[F]) -> Vec<f64> {
    values.iter().map(|v| v.to_f64()).collect()
}

/// `[rows, cols]` to `[cols, rows]`.
fn transpose(values: &[f64], rows: usize, cols: usize) -> Vec<f64> {
    (0..rows * cols).map(|j| values[(j % rows) * cols + j / rows]).collect()
}

/// Names of golden.py for a layer's arrays.
fn golden_name(field: Field, layer: usize) -> String {
    let n = layer + 1;
    match field {
        Field::Weight => format!("fc{n}.weight"),
        Field::Bias => format!("fc{n}.bias"),
        Field::PlasticityGain => format!("alpha{n}"),
        Field::LocalLearningRate => format!("beta{n}"),
        Field::SlidingThreshold => format!("eta{n}"),
        other => panic!("the golden networks have no {}", other.name()),
    }
}

fn each_array<F: Float>(arrays: &[LayerArrays<F>], mut f: impl FnMut(String, &[F])) {
    for (layer, arrays) in arrays.iter().enumerate() {
        for field in FIELDS {
            if !arrays.get(field).is_empty() {
                f(golden_name(field, layer), arrays.get(field));
            }
        }
    }
}

fn small_case<F: Float>(case: &str, arm: &str, execution: Execution, tolerance: f64) {
    let kind = if F::NAME == "F64" { "f64" } else { "f32" };
    let golden = Golden::open(&format!("small_{case}_{arm}_{kind}"));
    let rule = match arm {
        "gp" => LearningRule::Global,
        "lp" => LearningRule::Local,
        _ => LearningRule::Hybrid,
    };
    let (sizes, steps, batch) = ([12, 8, 3], 5, 4);
    let mut config = demo(rule, sizes, steps);
    config.network.layers.iter_mut().for_each(|l| l.plasticity.as_mut().unwrap().execution = execution);
    let mut learner = Learner::<F>::with_models(config, 0, Models::default()).unwrap();
    for (layer, arrays) in learner.params_mut().iter_mut().enumerate() {
        for field in FIELDS {
            if !arrays.get(field).is_empty() {
                *arrays.get_mut(field) = to(&golden.need(&format!("param.{}", golden_name(field, layer))));
            }
        }
    }
    for layer in 0..2 {
        if let Some(p) = golden.get(&format!("in.hebb{}", layer + 1)) {
            learner.plastic_mut()[layer].values = to(&transpose(&p, sizes[layer], sizes[layer + 1]));
        }
    }
    let x: Vec<F> = to(&golden.need("in.x"));
    let labels: Vec<u32> = golden.need("in.labels").iter().map(|&l| l as u32).collect();
    let check = |what: &str, found: &[f64], wanted: &[f64]| {
        let error = relative(found, wanted);
        assert!(error <= tolerance, "{case} {arm} {kind} {execution:?}: {what} is off by {error:e}");
    };

    let report = learner.loss_and_gradients(Input::Constant(&x), &labels).unwrap();
    check("loss", &[report.loss], &golden.need("loss"));
    let out = from(&learner.workspace().reading().values);
    check("out", &out, &golden.need("out"));
    for layer in 0..2 {
        let view = learner.workspace().layer(layer);
        check("v", &from(view.potential), &golden.need(&format!("trace.v{}", layer + 1)));
        assert_eq!(from(view.output), golden.need(&format!("trace.s{}", layer + 1)), "{case} {arm}: spikes");
        if let Some(trace) = golden.get(&format!("trace.hebb{}", layer + 1)) {
            let (i, o) = (sizes[layer], sizes[layer + 1]);
            let last = transpose(&trace[steps * i * o..], i, o);
            check("P", &from(learner.workspace().next_plastic(layer)), &last);
        }
    }
    let mut compared = 0;
    each_array(learner.gradients(), |name, gradient| match golden.get(&format!("grad.{name}")) {
        Some(wanted) => {
            compared += 1;
            check(&format!("gradient of {name}"), &from(gradient), &wanted);
        }
        None => assert!(gradient.iter().all(|g| g.to_f64() == 0.0), "{arm} trains {name}"),
    });
    assert_eq!(
        compared,
        if arm == "hp" {
            10
        } else if arm == "gp" {
            4
        } else {
            5
        }
    );

    for step in 0..3 {
        let report = learner.step(Input::Constant(&x), &labels).unwrap();
        check("training loss", &[report.loss], &golden.need(&format!("train.loss{step}")));
    }
    each_array(learner.params(), |name, values| {
        check(&name, &from(values), &golden.need(&format!("train.param.{name}")));
    });
    for layer in 0..2 {
        if let Some(p) = golden.get(&format!("train.hebb{}", layer + 1)) {
            let wanted = transpose(&p, sizes[layer], sizes[layer + 1]);
            check("P after training", &from(&learner.plastic()[layer].values), &wanted);
        }
    }
    assert_eq!(batch, labels.len());
}

#[test]
fn small_cases_in_double() {
    for case in ["weak", "clamp"] {
        for arm in ["gp", "lp", "hp"] {
            small_case::<f64>(case, arm, Execution::Auto, 1e-10);
            small_case::<f64>(case, arm, Execution::Dense, 1e-10);
            small_case::<f64>(case, arm, Execution::LowRank, 1e-10);
        }
    }
}

#[test]
fn small_cases_in_single() {
    for case in ["weak", "clamp"] {
        for arm in ["gp", "lp", "hp"] {
            small_case::<f32>(case, arm, Execution::Auto, 1e-5);
        }
    }
}

/// Compares an array with its summary: first and strided values, sums, and a random projection.
fn check_summary(summary: &serde_json::Value, values: &[f64], tolerance: f64, what: &str) {
    let number = |key: &str| summary[key].as_f64().unwrap();
    let list =
        |key: &str| -> Vec<f64> { summary[key].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect() };
    let top = number("max").abs().max(number("min").abs()).max(1e-30);
    let close = |found: f64, wanted: f64, scale: f64, part: &str| {
        let error = (found - wanted).abs() / scale;
        assert!(error <= tolerance, "{what}: {part} {found} is not {wanted} ({error:e})");
    };
    let l1: f64 = values.iter().map(|v| v.abs()).sum();
    let scale = number("l1").max(1e-30);
    close(l1, number("l1"), scale, "l1");
    close(values.iter().sum(), number("sum"), scale, "sum");
    close(values.iter().map(|v| v * v).sum::<f64>().sqrt(), number("l2"), number("l2").max(1e-30), "l2");
    let probe: f64 = values.iter().zip(splitmix(777, values.len())).map(|(v, u)| v * (2.0 * u - 1.0)).sum();
    close(probe, number("probe_dot"), scale, "probe");
    let stride = number("stride") as usize;
    for (found, wanted) in values.iter().zip(list("first8")) {
        close(*found, wanted, top, "first values");
    }
    for (found, wanted) in values.iter().step_by(stride).zip(list("strided16")) {
        close(*found, wanted, top, "strided values");
    }
}

/// Three Adam steps of 784-512-10 on 100 Fashion-MNIST images, in double precision.
fn real_case(arm: &str, rule: LearningRule) {
    let path = format!("{}/tests/golden/real_{arm}.json", env!("CARGO_MANIFEST_DIR"));
    let golden: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let images = Golden::open("real_input");
    let x: Vec<f64> = images.need("images_u8").iter().map(|&u| f64::from(u as f32 / 255.0)).collect();
    let labels: Vec<u32> = images.need("labels_i64").iter().map(|&l| l as u32).collect();
    let sizes = [784, 512, 10];
    let mut learner = Learner::<f64>::with_models(demo(rule, sizes, 10), 0, Models::default()).unwrap();
    let bounds = [1.0 / 784f64.sqrt(), 1.0 / 512f64.sqrt()];
    for (layer, arrays) in learner.params_mut().iter_mut().enumerate() {
        for (index, field) in FIELDS.into_iter().enumerate() {
            let n = arrays.get(field).len();
            if n > 0 {
                // golden.py numbers them fc1.weight, fc1.bias, fc2.weight, fc2.bias, alpha1, alpha2, beta1, ...
                let j = if index < 2 { 1 + 2 * layer + index } else { 1 + 2 * index + layer } as u64;
                let (low, high) = if index < 2 { (-bounds[layer], bounds[layer]) } else { (0.0, 0.01) };
                *arrays.get_mut(field) = uniform(9000 + j, n, low, high);
            }
        }
    }
    for step in 0..3 {
        let of = |name: &str| &golden["summaries"][format!("float64.step{step}.{name}")];
        let report = learner.step(Input::Constant(&x), &labels).unwrap();
        check_summary(of("loss"), &[report.loss], 1e-10, "loss");
        for layer in 0..2 {
            let view = learner.workspace().layer(layer);
            let spikes: Vec<u8> = view.output.iter().map(|&s| s as u8).collect();
            let hash: String = Sha256::digest(&spikes).iter().map(|b| format!("{b:02x}")).collect();
            let wanted = of(&format!("trace.s{}", layer + 1))["sha256"].as_str().unwrap().to_owned();
            assert_eq!(hash, wanted, "{arm}: spikes of layer {layer}, step {step}");
            check_summary(of(&format!("trace.v{}", layer + 1)), view.potential, 1e-10, "v");
            if rule != LearningRule::Global {
                let last = of(&format!("trace.hebb{}.last", layer + 1));
                let p = &learner.plastic()[layer].values;
                check_summary(last, &transpose(p, sizes[layer + 1], sizes[layer]), 1e-10, "P");
            }
        }
        check_summary(of("out"), &learner.workspace().reading().values.clone(), 1e-10, "out");
        each_array(learner.gradients(), |name, gradient| {
            check_summary(of(&format!("grad.{name}")), gradient, 1e-10, &format!("{arm} gradient of {name}"));
        });
        each_array(learner.params(), |name, values| {
            check_summary(of(&format!("param_after_adam.{name}")), values, 1e-10, &format!("{arm} {name} after Adam"));
        });
    }
}

#[test]
fn real_size_global() {
    real_case("gp", LearningRule::Global);
}

#[test]
fn real_size_hybrid() {
    real_case("hp", LearningRule::Hybrid);
}
