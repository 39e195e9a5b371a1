//! The nodes of a graph, with the names that NIR gives them.

use crate::graph::Graph;
use crate::tensor::Tensor;

/// One node. Time constants are in seconds; arrays of a neuron's parameters have the shape of the layer, or one value for all.
///
/// # Equation
/// Spikes are strict, z = 1 if v > v_threshold, and take v to v_reset.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Where values come in.
    Input {
        /// Shape of the values at one step.
        shape: Vec<usize>,
    },
    /// Where values go out.
    Output {
        /// Shape of the values at one step.
        shape: Vec<usize>,
    },
    /// y = W x + b.
    Affine {
        /// W, `[O,I]`.
        weight: Tensor,
        /// b, `[O]`.
        bias: Tensor,
    },
    /// y = W x.
    Linear {
        /// W, `[O,I]`.
        weight: Tensor,
    },
    /// Convolution over one axis, `[C,N]` to `[O,M]`.
    Conv1d(Convolution),
    /// Convolution over two axes, `[C,H,W]` to `[O,Y,X]`.
    Conv2d(Convolution),
    /// Sums over windows.
    SumPool2d(Pool),
    /// Means over windows; zeros of the padding count.
    AvgPool2d(Pool),
    /// Axes made one.
    Flatten(Flatten),
    /// y = s ∘ x.
    Scale {
        /// s.
        scale: Tensor,
    },
    /// y = 1 if x > threshold, else 0.
    Threshold {
        /// The threshold.
        threshold: Tensor,
    },
    /// dv/dt = r I, output v.
    I {
        /// Resistance.
        r: Tensor,
    },
    /// dv/dt = r I, output spikes.
    If {
        /// Resistance.
        r: Tensor,
        /// Firing threshold.
        v_threshold: Tensor,
        /// Potential after a spike.
        v_reset: Tensor,
    },
    /// tau dv/dt = v_leak - v + r I, output v.
    Li {
        /// Time constant.
        tau: Tensor,
        /// Resistance.
        r: Tensor,
        /// Potential at rest.
        v_leak: Tensor,
    },
    /// tau dv/dt = v_leak - v + r I, output spikes.
    Lif {
        /// Time constant.
        tau: Tensor,
        /// Resistance.
        r: Tensor,
        /// Potential at rest.
        v_leak: Tensor,
        /// Firing threshold.
        v_threshold: Tensor,
        /// Potential after a spike.
        v_reset: Tensor,
    },
    /// tau_syn di/dt = -i + w_in S, tau_mem dv/dt = v_leak - v + r i, output v.
    CubaLi {
        /// Time constant of the current.
        tau_syn: Tensor,
        /// Time constant of the potential.
        tau_mem: Tensor,
        /// Resistance.
        r: Tensor,
        /// Potential at rest.
        v_leak: Tensor,
        /// Weight of the input.
        w_in: Tensor,
    },
    /// As `CubaLi`, output spikes.
    CubaLif {
        /// Time constant of the current.
        tau_syn: Tensor,
        /// Time constant of the potential.
        tau_mem: Tensor,
        /// Resistance.
        r: Tensor,
        /// Potential at rest.
        v_leak: Tensor,
        /// Firing threshold.
        v_threshold: Tensor,
        /// Potential after a spike.
        v_reset: Tensor,
        /// Weight of the input.
        w_in: Tensor,
    },
    /// A graph inside the graph.
    Graph(Graph),
    /// A node that this crate cannot run, to be shown and named in errors.
    Unsupported {
        /// Its type, as written in the file.
        kind: String,
    },
}

/// A convolution over one or two axes. Each list has one entry per axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution {
    /// `[O, C/groups, K]` or `[O, C/groups, K, L]`.
    pub weight: Tensor,
    /// `[O]`.
    pub bias: Tensor,
    /// Inputs from one window to the next.
    pub stride: Vec<usize>,
    /// Zeros around the input.
    pub padding: Padding,
    /// Inputs from one tap of a window to the next.
    pub dilation: Vec<usize>,
    /// Groups of channels that do not mix.
    pub groups: usize,
    /// Shape of the input without its channels, where the file says it.
    pub input_shape: Option<Vec<usize>>,
}

/// Zeros around the input of a convolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Padding {
    /// As many as make the output as large as the input.
    Same,
    /// None.
    Valid,
    /// So many on each side.
    Zeros(Vec<usize>),
}

/// Windows of a pooling, height before width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Sides of a window.
    pub kernel_size: [usize; 2],
    /// Inputs from one window to the next.
    pub stride: [usize; 2],
    /// Zeros on each side.
    pub padding: [usize; 2],
}

/// Which axes become one, the batch not counted. Negative ones count from the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flatten {
    /// First of them.
    pub start_dim: i64,
    /// Last of them.
    pub end_dim: i64,
    /// Shape of the input, where the file says it.
    pub input_shape: Option<Vec<usize>>,
}

impl Node {
    /// The type's name in NIR.
    pub fn kind(&self) -> &str {
        match self {
            Node::Input { .. } => "Input",
            Node::Output { .. } => "Output",
            Node::Affine { .. } => "Affine",
            Node::Linear { .. } => "Linear",
            Node::Conv1d(_) => "Conv1d",
            Node::Conv2d(_) => "Conv2d",
            Node::SumPool2d(_) => "SumPool2d",
            Node::AvgPool2d(_) => "AvgPool2d",
            Node::Flatten(_) => "Flatten",
            Node::Scale { .. } => "Scale",
            Node::Threshold { .. } => "Threshold",
            Node::I { .. } => "I",
            Node::If { .. } => "IF",
            Node::Li { .. } => "LI",
            Node::Lif { .. } => "LIF",
            Node::CubaLi { .. } => "CubaLI",
            Node::CubaLif { .. } => "CubaLIF",
            Node::Graph(_) => "NIRGraph",
            Node::Unsupported { kind } => kind,
        }
    }

    /// Its arrays, by the names that NIR gives them.
    pub fn arrays(&self) -> Vec<(&'static str, &Tensor)> {
        match self {
            Node::Affine { weight, bias } => vec![("weight", weight), ("bias", bias)],
            Node::Linear { weight } => vec![("weight", weight)],
            Node::Conv1d(c) | Node::Conv2d(c) => vec![("weight", &c.weight), ("bias", &c.bias)],
            _ => self.per_neuron(),
        }
    }

    /// Its arrays with a value per neuron, by the names that NIR gives them. Empty for a node without neurons.
    pub fn per_neuron(&self) -> Vec<(&'static str, &Tensor)> {
        match self {
            Node::Scale { scale } => vec![("scale", scale)],
            Node::Threshold { threshold } => vec![("threshold", threshold)],
            Node::I { r } => vec![("r", r)],
            Node::If { r, v_threshold, v_reset } => vec![("r", r), ("v_threshold", v_threshold), ("v_reset", v_reset)],
            Node::Li { tau, r, v_leak } => vec![("tau", tau), ("r", r), ("v_leak", v_leak)],
            Node::Lif { tau, r, v_leak, v_threshold, v_reset } => {
                vec![("tau", tau), ("r", r), ("v_leak", v_leak), ("v_threshold", v_threshold), ("v_reset", v_reset)]
            }
            Node::CubaLi { tau_syn, tau_mem, r, v_leak, w_in } => {
                vec![("tau_syn", tau_syn), ("tau_mem", tau_mem), ("r", r), ("v_leak", v_leak), ("w_in", w_in)]
            }
            Node::CubaLif { tau_syn, tau_mem, r, v_leak, v_threshold, v_reset, w_in } => vec![
                ("tau_syn", tau_syn),
                ("tau_mem", tau_mem),
                ("r", r),
                ("v_leak", v_leak),
                ("v_threshold", v_threshold),
                ("v_reset", v_reset),
                ("w_in", w_in),
            ],
            _ => Vec::new(),
        }
    }

    /// Whether it puts out spikes.
    pub fn spikes(&self) -> bool {
        matches!(self, Node::If { .. } | Node::Lif { .. } | Node::CubaLif { .. } | Node::Threshold { .. })
    }
}

impl Convolution {
    /// Axes of the window.
    pub fn axes(&self) -> usize {
        self.weight.shape().len().saturating_sub(2)
    }

    /// Sides of the window.
    pub fn kernel(&self) -> &[usize] {
        self.weight.shape().get(2..).unwrap_or_default()
    }

    /// Zeros before the first input of `axis`.
    pub fn zeros_before(&self, axis: usize) -> usize {
        match &self.padding {
            Padding::Valid => 0,
            Padding::Zeros(zeros) => zeros.get(axis).copied().unwrap_or(0),
            // PyTorch puts the odd one behind.
            Padding::Same => self.span(axis) / 2,
        }
    }

    /// Outputs along `axis` for `inputs` inputs; `None` where no window fits.
    pub fn outputs(&self, axis: usize, inputs: usize) -> Option<usize> {
        match &self.padding {
            Padding::Same => Some(inputs),
            _ => {
                let padded = self.zeros_before(axis).checked_mul(2)?.checked_add(inputs)?;
                Some(padded.checked_sub(self.span(axis))?.checked_sub(1)? / self.stride.get(axis)? + 1)
            }
        }
    }

    /// From the first to the last tap of a window.
    fn span(&self, axis: usize) -> usize {
        let kernel = self.kernel().get(axis).copied().unwrap_or(1).max(1);
        self.dilation.get(axis).copied().unwrap_or(1).saturating_mul(kernel - 1)
    }
}

impl Pool {
    /// Outputs along `axis` for `inputs` inputs; `None` where no window fits.
    pub fn outputs(&self, axis: usize, inputs: usize) -> Option<usize> {
        let padded = self.padding[axis].checked_mul(2)?.checked_add(inputs)?;
        Some(padded.checked_sub(self.kernel_size[axis])? / self.stride[axis] + 1)
    }
}

impl Flatten {
    /// Shape of the output for one of the input; `None` where the axes are not among the input's.
    pub fn output(&self, input: &[usize]) -> Option<Vec<usize>> {
        let axes = input.len() as i64;
        let place = |dim: i64| if dim < 0 { dim + axes } else { dim };
        let (first, last) = (place(self.start_dim), place(self.end_dim));
        if first < 0 || last < first || last >= axes {
            return None;
        }
        let (first, last) = (first as usize, last as usize);
        let mut output = input[..first].to_vec();
        output.push(crate::tensor::element_count(&input[first..=last])?);
        output.extend(&input[last + 1..]);
        Some(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Values;

    fn window(kernel: usize, stride: usize, padding: Padding, dilation: usize) -> Convolution {
        let weight = Tensor::new(vec![1, 1, kernel], Values::F32(vec![0.0; kernel])).unwrap();
        let (stride, dilation) = (vec![stride], vec![dilation]);
        Convolution { weight, bias: Tensor::filled(1, 0.0), stride, padding, dilation, groups: 1, input_shape: None }
    }

    /// PyTorch's documentation of Conv1d: floor((L + 2 padding - dilation (kernel - 1) - 1)/stride + 1).
    #[test]
    fn windows_fit_as_pytorch_counts_them() {
        assert_eq!(window(3, 1, Padding::Valid, 1).outputs(0, 7), Some(5));
        assert_eq!(window(3, 2, Padding::Zeros(vec![1]), 1).outputs(0, 7), Some(4));
        assert_eq!(window(3, 1, Padding::Zeros(vec![0]), 3).outputs(0, 7), Some(1));
        assert_eq!(window(3, 1, Padding::Zeros(vec![0]), 4).outputs(0, 7), None);
        assert_eq!(window(4, 1, Padding::Same, 1).outputs(0, 7), Some(7));
        assert_eq!(window(1 << 20, 1, Padding::Valid, usize::MAX).outputs(0, 7), None);
    }

    #[test]
    fn flattening_by_hand() {
        let flat = |start_dim, end_dim| Flatten { start_dim, end_dim, input_shape: None };
        assert_eq!(flat(0, -1).output(&[2, 3, 4]), Some(vec![24]));
        assert_eq!(flat(1, 2).output(&[2, 3, 4]), Some(vec![2, 12]));
        assert_eq!(flat(0, 1).output(&[2, 3, 4]), Some(vec![6, 4]));
        assert_eq!(flat(2, 1).output(&[2, 3, 4]), None);
        assert_eq!(flat(0, 3).output(&[2, 3, 4]), None);
        assert_eq!(flat(-5, -1).output(&[2, 3, 4]), None);
    }
}
