//! Trees of values to graphs: every missing, surplus or misshapen field is noted, none is guessed.

use crate::error::{NirError, Problem};
use crate::graph::{Convolution, Entry, Flatten, Graph, Node, Padding, Pool};
use crate::tensor::Tensor;
use crate::tree::{Tree, Value};

/// The graph of a file, with everything that is wrong in its nodes. Nodes that cannot be understood are `Unsupported`.
///
/// # Errors
/// The file holds no graph.
pub fn graph(file: &Tree) -> Result<(Graph, Vec<Problem>), NirError> {
    let none = |message: &str| NirError::Graph(vec![Problem::of("/node", message)]);
    let node = match file.get("node") {
        Some(Value::Group(node)) => node,
        Some(_) => return Err(none("is no group: this is HDF5, but not NIR")),
        None => return Err(none("is missing: this is HDF5, but not NIR")),
    };
    match node.get("type") {
        Some(Value::Text(kind)) if kind == "NIRGraph" => {}
        Some(Value::Text(kind)) => return Err(none(&format!("has type `{kind}`: a file holds a NIRGraph"))),
        _ => return Err(none("lacks `type`: this is HDF5, but not NIR")),
    }
    let mut problems = Vec::new();
    let mut graph = read_graph(&mut Fields::of("graph", node, &mut problems));
    graph.version = match file.get("version") {
        Some(Value::Text(version)) => Some(version.clone()),
        _ => None,
    };
    Ok((graph, problems))
}

/// The fields of a node that nobody took yet.
struct Fields<'a> {
    node: &'a str,
    left: std::collections::BTreeMap<&'a str, &'a Value>,
    metadata: Tree,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Fields<'a> {
    fn of(node: &'a str, tree: &'a Tree, problems: &'a mut Vec<Problem>) -> Fields<'a> {
        let mut left: std::collections::BTreeMap<&str, &Value> = tree.iter().map(|(k, v)| (k.as_str(), v)).collect();
        left.remove("type");
        let metadata = match left.remove("metadata") {
            Some(Value::Group(metadata)) => metadata.clone(),
            _ => Tree::new(),
        };
        Fields { node, left, metadata, problems }
    }

    fn note(&mut self, attribute: &str, message: impl Into<String>) {
        self.problems.push(Problem::at(self.node, attribute, message));
    }

    fn need(&mut self, name: &str) -> Option<&'a Value> {
        let value = self.left.remove(name);
        if value.is_none() {
            self.note(name, "is missing");
        }
        value
    }

    /// Numbers that must be there.
    fn tensor(&mut self, name: &str) -> Tensor {
        let found = self.need(name).map(|value| (value.to_tensor(), value.kind()));
        match found {
            Some((Some(tensor), _)) => tensor,
            Some((None, kind)) => {
                self.note(name, format!("must be numbers, is {kind}"));
                Tensor::filled(0, 0.0)
            }
            None => Tensor::filled(0, 0.0),
        }
    }

    /// Numbers that may be absent.
    fn tensor_or(&mut self, name: &str, absent: impl FnOnce() -> Tensor) -> Tensor {
        if self.left.contains_key(name) { self.tensor(name) } else { absent() }
    }

    /// Whole numbers, in a row or one alone.
    fn signed(&mut self, name: &str, value: &Value) -> Vec<i64> {
        match value {
            Value::Integers { shape, values } if shape.len() <= 1 => values.clone(),
            other => {
                self.note(name, format!("must be a row of whole numbers, is {}", other.kind()));
                Vec::new()
            }
        }
    }

    fn sizes_of(&mut self, name: &str, value: &Value) -> Vec<usize> {
        let values = self.signed(name, value);
        if let Some(negative) = values.iter().find(|&&v| v < 0) {
            self.note(name, format!("holds {negative}, which must not be negative"));
        }
        values.into_iter().map(|v| usize::try_from(v).unwrap_or(0)).collect()
    }

    /// Sizes that must be there.
    fn sizes(&mut self, name: &str) -> Vec<usize> {
        self.need(name).map(|value| self.sizes_of(name, value)).unwrap_or_default()
    }

    /// Sizes that may be absent.
    fn sizes_if_there(&mut self, name: &str) -> Option<Vec<usize>> {
        self.left.remove(name).map(|value| self.sizes_of(name, value))
    }

    /// A size per axis; one given alone holds for all.
    fn per_axis(&mut self, name: &str, axes: usize) -> Vec<usize> {
        spread(self.sizes(name), axes)
    }

    fn pair(&mut self, name: &str) -> [usize; 2] {
        let found = self.per_axis(name, 2);
        if !found.is_empty() && found.len() != 2 {
            self.note(name, format!("has {} values for 2 axes", found.len()));
        }
        [found.first().copied().unwrap_or(1), found.get(1).copied().unwrap_or(1)]
    }

    fn whole(&mut self, name: &str) -> i64 {
        let Some(value) = self.need(name) else { return 0 };
        match self.signed(name, value)[..] {
            [one] => one,
            [] => 0,
            [..] => {
                self.note(name, format!("must be one whole number, is {}", value.kind()));
                0
            }
        }
    }

    /// Notes what nobody took: other readers refuse such fields, so it must not be lost in silence.
    fn finish(&mut self, kind: &str) {
        for name in std::mem::take(&mut self.left).into_keys() {
            self.note(name, format!("is no field of {kind}"));
        }
    }
}

fn spread(sizes: Vec<usize>, axes: usize) -> Vec<usize> {
    if let [one] = sizes[..] { vec![one; axes] } else { sizes }
}

fn read_graph(fields: &mut Fields<'_>) -> Graph {
    let mut graph = Graph { edges: read_edges(fields), ..Graph::default() };
    match fields.need("nodes") {
        Some(Value::Group(nodes)) => {
            for (name, value) in nodes {
                let place = if fields.node == "graph" { name.clone() } else { format!("{}/{name}", fields.node) };
                graph.nodes.insert(name.clone(), read_entry(&place, value, fields.problems));
            }
        }
        Some(other) => fields.note("nodes", format!("must be a group, is {}", other.kind())),
        None => {}
    }
    fields.finish("NIRGraph");
    graph.metadata = std::mem::take(&mut fields.metadata);
    graph
}

fn read_edges(fields: &mut Fields<'_>) -> Vec<(String, String)> {
    match fields.need("edges") {
        Some(Value::Texts { shape, values }) if shape.len() == 2 && shape[1] == 2 => {
            values.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
        }
        // The Python package writes an empty list as numbers.
        Some(Value::Numbers(empty)) if empty.is_empty() => Vec::new(),
        Some(other) => {
            fields.note("edges", format!("must be pairs of names [E, 2], is {}", other.kind()));
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// A node; one without a type, or that is none, stays as a name that edges can lead to.
fn read_entry(place: &str, value: &Value, problems: &mut Vec<Problem>) -> Entry {
    let nameless = |problem: Problem, problems: &mut Vec<Problem>| {
        problems.push(problem);
        Entry { node: Node::Unsupported { kind: "?".into() }, metadata: Tree::new() }
    };
    let Value::Group(tree) = value else {
        return nameless(Problem::of(place, format!("must be a group, is {}", value.kind())), problems);
    };
    let kind = match tree.get("type") {
        Some(Value::Text(kind)) => kind,
        Some(other) => {
            return nameless(Problem::at(place, "type", format!("must be a text, is {}", other.kind())), problems);
        }
        None => return nameless(Problem::at(place, "type", "is missing"), problems),
    };
    let mut fields = Fields::of(place, tree, problems);
    let node = read_node(kind, &mut fields);
    if !matches!(node, Node::Unsupported { .. } | Node::Graph(_)) {
        fields.finish(kind);
    }
    Entry { node, metadata: fields.metadata }
}

fn read_node(kind: &str, fields: &mut Fields<'_>) -> Node {
    match kind {
        "Input" => Node::Input { shape: fields.sizes("shape") },
        "Output" => Node::Output { shape: fields.sizes("shape") },
        "Affine" => Node::Affine { weight: fields.tensor("weight"), bias: fields.tensor("bias") },
        "Linear" => Node::Linear { weight: fields.tensor("weight") },
        "Conv1d" => Node::Conv1d(read_convolution(fields, 1)),
        "Conv2d" => Node::Conv2d(read_convolution(fields, 2)),
        "SumPool2d" => Node::SumPool2d(read_pool(fields)),
        "AvgPool2d" => Node::AvgPool2d(read_pool(fields)),
        "Flatten" => Node::Flatten(Flatten {
            start_dim: fields.whole("start_dim"),
            end_dim: fields.whole("end_dim"),
            input_shape: fields.sizes_if_there("input_type"),
        }),
        "Scale" => Node::Scale { scale: fields.tensor("scale") },
        "Threshold" => Node::Threshold { threshold: fields.tensor("threshold") },
        "NIRGraph" => {
            let metadata = std::mem::take(&mut fields.metadata);
            let graph = read_graph(fields);
            fields.metadata = metadata;
            Node::Graph(graph)
        }
        _ => read_neurons(kind, fields),
    }
}

fn read_neurons(kind: &str, fields: &mut Fields<'_>) -> Node {
    match kind {
        "I" => Node::I { r: fields.tensor("r") },
        "IF" => {
            let (r, (v_threshold, v_reset)) = (fields.tensor("r"), read_threshold(fields));
            Node::If { r, v_threshold, v_reset }
        }
        "LI" => Node::Li { tau: fields.tensor("tau"), r: fields.tensor("r"), v_leak: fields.tensor("v_leak") },
        "LIF" => {
            let (tau, r, v_leak) = (fields.tensor("tau"), fields.tensor("r"), fields.tensor("v_leak"));
            let (v_threshold, v_reset) = read_threshold(fields);
            Node::Lif { tau, r, v_leak, v_threshold, v_reset }
        }
        "CubaLI" | "CubaLIF" => {
            let (tau_syn, tau_mem) = (fields.tensor("tau_syn"), fields.tensor("tau_mem"));
            let (r, v_leak) = (fields.tensor("r"), fields.tensor("v_leak"));
            let w_in = fields.tensor_or("w_in", || Tensor::filled(1, 1.0));
            if kind == "CubaLI" {
                return Node::CubaLi { tau_syn, tau_mem, r, v_leak, w_in };
            }
            let (v_threshold, v_reset) = read_threshold(fields);
            Node::CubaLif { tau_syn, tau_mem, r, v_leak, v_threshold, v_reset, w_in }
        }
        _ => Node::Unsupported { kind: kind.to_owned() },
    }
}

/// v_threshold, and v_reset, which is zero where the file says nothing (as `nir.read` takes it).
fn read_threshold(fields: &mut Fields<'_>) -> (Tensor, Tensor) {
    let v_threshold = fields.tensor("v_threshold");
    let v_reset = fields.tensor_or("v_reset", || Tensor::filled(1, 0.0));
    (v_threshold, v_reset)
}

fn read_convolution(fields: &mut Fields<'_>, axes: usize) -> Convolution {
    let padding = match fields.left.get("padding") {
        Some(Value::Text(text)) => {
            let padding = match text.as_str() {
                "same" => Padding::Same,
                "valid" => Padding::Valid,
                other => {
                    let message = format!("is `{other}`, must be `same`, `valid` or whole numbers");
                    fields.note("padding", message);
                    Padding::Valid
                }
            };
            fields.left.remove("padding");
            padding
        }
        _ => Padding::Zeros(fields.per_axis("padding", axes)),
    };
    let groups = fields.whole("groups");
    if groups < 0 {
        fields.note("groups", format!("is {groups}, must be at least 1"));
    }
    Convolution {
        weight: fields.tensor("weight"),
        bias: fields.tensor("bias"),
        stride: fields.per_axis("stride", axes),
        padding,
        dilation: fields.per_axis("dilation", axes),
        groups: usize::try_from(groups).unwrap_or(0),
        input_shape: fields.sizes_if_there("input_shape"),
    }
}

fn read_pool(fields: &mut Fields<'_>) -> Pool {
    Pool { kernel_size: fields.pair("kernel_size"), stride: fields.pair("stride"), padding: fields.pair("padding") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::encode;

    fn valid() -> Tree {
        let all = |value| Tensor::filled(2, value);
        let lif = Node::Lif { tau: all(1e-3), r: all(1.0), v_leak: all(0.0), v_threshold: all(1.0), v_reset: all(0.0) };
        let pool = Pool { kernel_size: [2, 2], stride: [2, 2], padding: [0, 0] };
        let nodes = vec![
            ("in".into(), Node::Input { shape: vec![2] }),
            ("lif".into(), lif),
            ("pool".into(), Node::SumPool2d(pool)),
            ("out".into(), Node::Output { shape: vec![2] }),
        ];
        encode::file(&Graph::chain(nodes))
    }

    /// The fields of a node of the file, to change.
    fn node<'a>(file: &'a mut Tree, name: &str) -> &'a mut Tree {
        let mut tree = file;
        for step in ["node", "nodes", name] {
            let Some(Value::Group(inner)) = tree.get_mut(step) else { panic!("no {step}") };
            tree = inner;
        }
        tree
    }

    fn problems(file: &Tree) -> Vec<String> {
        graph(file).unwrap().1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn missing_surplus_and_misshapen_fields_are_named_with_their_node() {
        let mut file = valid();
        assert_eq!(problems(&file), [""; 0]);
        node(&mut file, "lif").remove("tau");
        node(&mut file, "lif").insert("r".into(), Value::text("one"));
        node(&mut file, "lif").insert("beta".into(), Value::number(0.9));
        node(&mut file, "pool").insert("stride".into(), Value::integers(&[1, 2, 3]));
        node(&mut file, "in").insert("shape".into(), Value::Integers { shape: vec![1], values: vec![-2] });
        node(&mut file, "out").remove("type");
        assert_eq!(
            problems(&file),
            [
                "in.shape: holds -2, which must not be negative",
                "lif.tau: is missing",
                "lif.r: must be numbers, is a text",
                "lif.beta: is no field of LIF",
                "out.type: is missing",
                "pool.stride: has 3 values for 2 axes",
            ]
        );
    }

    #[test]
    fn absent_resets_are_zero_as_in_the_python_package() {
        let mut file = valid();
        node(&mut file, "lif").remove("v_reset");
        let (graph, problems) = graph(&file).unwrap();
        let Node::Lif { v_reset, .. } = &graph.nodes["lif"].node else { panic!("a LIF") };
        assert_eq!((v_reset.range(), problems.len()), (Some((0.0, 0.0)), 0));
    }

    #[test]
    fn unknown_types_stay_to_be_shown() {
        let mut file = valid();
        node(&mut file, "lif").insert("type".into(), Value::text("Izhikevich"));
        let (graph, problems) = graph(&file).unwrap();
        assert_eq!((graph.nodes["lif"].node.kind(), problems.len()), ("Izhikevich", 0));
    }
}
