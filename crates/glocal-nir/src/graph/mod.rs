//! A NIR graph as a value: nodes by name, edges, and what was noted beside them.

mod check;
mod node;
mod order;
mod shapes;
mod show;

use std::collections::{BTreeMap, BTreeSet};

pub use check::check;
pub use node::{Convolution, Flatten, Node, Padding, Pool};
pub use order::Order;
pub use shapes::{NodeShape, Shapes};

use crate::tree::Tree;

/// Nodes and the edges between them. Values that several edges bring to one node are added.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// The nodes, in the order of their names.
    pub nodes: BTreeMap<String, Entry>,
    /// From node to node, in the file's order.
    pub edges: Vec<(String, String)>,
    /// Whatever was noted beside the graph.
    pub metadata: Tree,
    /// Version of the Python package that wrote the file, where it says so.
    pub version: Option<String>,
}

/// A node, and what was noted beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The node.
    pub node: Node,
    /// Whatever was noted.
    pub metadata: Tree,
}

impl Graph {
    /// A chain of nodes.
    pub fn chain(nodes: Vec<(String, Node)>) -> Graph {
        let names: Vec<String> = nodes.iter().map(|(name, _)| name.clone()).collect();
        let edges = names.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        let nodes = nodes.into_iter().map(|(name, node)| (name, Entry { node, metadata: Tree::new() })).collect();
        Graph { nodes, edges, metadata: Tree::new(), version: None }
    }

    /// The same graph without graphs inside: their nodes are called `outer/inner`. The input and the output of an inner graph
    /// stay as nodes that hand on what they get; of several, the first by name.
    pub fn flattened(&self) -> Graph {
        let mut flat = Graph { metadata: self.metadata.clone(), version: self.version.clone(), ..Graph::default() };
        let mut ports = BTreeMap::new();
        for (name, entry) in &self.nodes {
            let Node::Graph(inner) = &entry.node else {
                flat.nodes.insert(name.clone(), entry.clone());
                continue;
            };
            let inner = inner.flattened();
            let prefixed = |inside: &String| format!("{name}/{inside}");
            ports.insert(name, (inner.input().map(prefixed), inner.output().map(prefixed)));
            flat.edges.extend(inner.edges.iter().map(|(from, to)| (prefixed(from), prefixed(to))));
            flat.nodes.extend(inner.nodes.iter().map(|(inside, entry)| (prefixed(inside), entry.clone())));
        }
        let input =
            |name: &String| ports.get(name).and_then(|(input, _)| input.clone()).unwrap_or_else(|| name.clone());
        let output =
            |name: &String| ports.get(name).and_then(|(_, output)| output.clone()).unwrap_or_else(|| name.clone());
        flat.edges.extend(self.edges.iter().map(|(from, to)| (output(from), input(to))));
        flat
    }

    /// The first input that hears from no node.
    pub fn input(&self) -> Option<&String> {
        let heard: BTreeSet<&String> = self.edges.iter().map(|(_, to)| to).collect();
        let inputs = self.nodes.iter().filter(|(_, entry)| matches!(entry.node, Node::Input { .. }));
        inputs.map(|(name, _)| name).find(|name| !heard.contains(name))
    }

    /// The first output that no node hears from.
    pub fn output(&self) -> Option<&String> {
        let heard_from: BTreeSet<&String> = self.edges.iter().map(|(from, _)| from).collect();
        let outputs = self.nodes.iter().filter(|(_, entry)| matches!(entry.node, Node::Output { .. }));
        outputs.map(|(name, _)| name).find(|name| !heard_from.contains(name))
    }

    /// Whether a graph is inside.
    pub fn is_nested(&self) -> bool {
        self.nodes.values().any(|entry| matches!(entry.node, Node::Graph(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    /// By hand: in -> g(input -> scale -> output) -> out.
    #[test]
    fn a_graph_inside_becomes_its_nodes() {
        let port = |shape: usize| vec![shape];
        let inner = Graph::chain(vec![
            ("input".into(), Node::Input { shape: port(2) }),
            ("scale".into(), Node::Scale { scale: Tensor::filled(2, 3.0) }),
            ("output".into(), Node::Output { shape: port(2) }),
        ]);
        let outer = Graph::chain(vec![
            ("in".into(), Node::Input { shape: port(2) }),
            ("g".into(), Node::Graph(inner)),
            ("out".into(), Node::Output { shape: port(2) }),
        ]);
        let flat = outer.flattened();
        let order = Order::of(&flat).unwrap();
        assert_eq!(order.names, ["in", "g/input", "g/scale", "g/output", "out"]);
        assert_eq!(order.sources, [vec![], vec![0], vec![1], vec![2], vec![3]]);
        assert_eq!((flat.input().unwrap().as_str(), flat.output().unwrap().as_str()), ("in", "out"));
        assert!(!flat.is_nested() && outer.is_nested());
    }
}
