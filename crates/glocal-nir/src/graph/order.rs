//! In which order a graph's nodes run.

use std::collections::{BTreeMap, BTreeSet};

use super::Graph;

/// The nodes of a graph, each after all that it hears from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Names, sources first.
    pub names: Vec<String>,
    /// For each of them the places, in `names`, of what it hears from.
    pub sources: Vec<Vec<usize>>,
}

impl Order {
    /// The order of a graph without graphs inside. Edges to names that no node has are left out.
    ///
    /// # Errors
    /// The names along a cycle, the first of them again at its end.
    pub fn of(graph: &Graph) -> Result<Order, Vec<String>> {
        let names: Vec<&str> = graph.nodes.keys().map(String::as_str).collect();
        let place: BTreeMap<&str, usize> = names.iter().enumerate().map(|(index, name)| (*name, index)).collect();
        let known = |(from, to): &(String, String)| Some((*place.get(from.as_str())?, *place.get(to.as_str())?));
        let edges: BTreeSet<(usize, usize)> = graph.edges.iter().filter_map(known).collect();
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
        let mut behind = before.clone();
        for (from, to) in edges {
            before[to].push(from);
            behind[from].push(to);
        }
        let run = sorted(&before, &behind);
        if run.len() < names.len() {
            return Err(cycle(&before, &run).into_iter().map(|node| names[node].to_owned()).collect());
        }
        let mut at = vec![0; names.len()];
        run.iter().enumerate().for_each(|(index, &node)| at[node] = index);
        let sources = run.iter().map(|&node| before[node].iter().map(|&source| at[source]).collect()).collect();
        Ok(Order { names: run.iter().map(|&node| names[node].to_owned()).collect(), sources })
    }
}

/// As many nodes as can be put in order (Kahn's algorithm), the first by name where there is a choice.
fn sorted(before: &[Vec<usize>], behind: &[Vec<usize>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = before.iter().map(Vec::len).collect();
    let mut ready: BTreeSet<usize> = (0..waiting.len()).filter(|&node| waiting[node] == 0).collect();
    let mut run = Vec::with_capacity(waiting.len());
    while let Some(node) = ready.pop_first() {
        run.push(node);
        for &next in &behind[node] {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                ready.insert(next);
            }
        }
    }
    run
}

/// A cycle among the nodes that are not in `run`: each of those hears from another one of them.
fn cycle(before: &[Vec<usize>], run: &[usize]) -> Vec<usize> {
    let done: BTreeSet<usize> = run.iter().copied().collect();
    let mut path: Vec<usize> = (0..before.len()).find(|node| !done.contains(node)).into_iter().collect();
    while let Some(&last) = path.last() {
        let Some(&source) = before[last].iter().find(|source| !done.contains(source)) else { break };
        if let Some(first) = path.iter().position(|&node| node == source) {
            let mut found = path.split_off(first);
            found.push(source);
            found.reverse();
            return found;
        }
        path.push(source);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Node;

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let names: BTreeSet<&str> = edges.iter().flat_map(|(a, b)| [*a, *b]).collect();
        let mut graph = Graph::chain(names.iter().map(|n| (n.to_string(), Node::Input { shape: vec![] })).collect());
        graph.edges = edges.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
        graph
    }

    #[test]
    fn sources_come_first() {
        let order = Order::of(&graph(&[("z", "a"), ("a", "m"), ("z", "m")])).unwrap();
        assert_eq!(order.names, ["z", "a", "m"]);
        assert_eq!(order.sources, [vec![], vec![0], vec![1, 0]]);
    }

    #[test]
    fn a_cycle_is_named_along_its_edges() {
        let found = Order::of(&graph(&[("in", "lif"), ("lif", "w"), ("w", "lif"), ("lif", "out")])).unwrap_err();
        assert_eq!(found, ["lif", "w", "lif"]);
    }
}
