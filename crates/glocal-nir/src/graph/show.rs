//! A graph as text.

use std::fmt;

use super::{Convolution, Graph, Node, Order, Padding, Pool};

/// One line per node, sources first, with its arrays; then the edges that are not from line to line.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flat = self.flattened();
        let names = match Order::of(&flat) {
            Ok(order) => order.names,
            Err(_) => flat.nodes.keys().cloned().collect(),
        };
        let name_width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        for name in &names {
            let node = &flat.nodes[name].node;
            writeln!(f, "{name:name_width$}  {:10} {}", node.kind(), node.details())?;
        }
        let in_turn = |from: &String, to: &String| names.windows(2).any(|pair| pair[0] == *from && pair[1] == *to);
        for (from, to) in flat.edges.iter().filter(|(from, to)| !in_turn(from, to)) {
            writeln!(f, "edge {from} -> {to}")?;
        }
        Ok(())
    }
}

impl Node {
    /// Its parameters in a line.
    pub fn details(&self) -> String {
        match self {
            Node::Input { shape } | Node::Output { shape } => format!("{shape:?}"),
            Node::Conv1d(convolution) | Node::Conv2d(convolution) => convolution.details(),
            Node::SumPool2d(pool) | Node::AvgPool2d(pool) => pool.details(),
            Node::Flatten(flatten) => format!("axes {}..={}", flatten.start_dim, flatten.end_dim),
            Node::Unsupported { .. } => "not supported".into(),
            _ => {
                let arrays = self.arrays();
                arrays.iter().map(|(name, values)| format!("{name} {values}")).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

impl Convolution {
    fn details(&self) -> String {
        let padding = match &self.padding {
            Padding::Same => "same".into(),
            Padding::Valid => "valid".into(),
            Padding::Zeros(zeros) => format!("{zeros:?}"),
        };
        let rest = if self.groups == 1 { String::new() } else { format!(", {} groups", self.groups) };
        let dilated = self.dilation.iter().any(|&dilation| dilation != 1);
        let dilation = if dilated { format!(", dilation {:?}", self.dilation) } else { String::new() };
        format!(
            "weight {}, bias {}, stride {:?}, padding {padding}{dilation}{rest}",
            self.weight, self.bias, self.stride
        )
    }
}

impl Pool {
    fn details(&self) -> String {
        let padding = if self.padding == [0, 0] { String::new() } else { format!(", padding {:?}", self.padding) };
        format!("windows {:?}, stride {:?}{padding}", self.kernel_size, self.stride)
    }
}
