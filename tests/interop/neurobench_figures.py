"""What the neurobench package finds of three small networks.

Prints the constants of crates/glocal/tests/cost.rs, which also runs it where GLOCAL_INTEROP_PYTHON names a Python that has
the package:

    pip install torch snntorch neurobench==2.3.0
    python tests/interop/neurobench_figures.py

Weights and inputs are multiples of 1/16 given by a formula that the test repeats; the decay is 1/2. All sums are exact, so
that both programs fire the same spikes.
"""

import json

import torch
from neurobench.metrics.static import ConnectionSparsity, Footprint
from neurobench.metrics.workload import ActivationSparsity, SynapticOperations
from neurobench.models import TorchModel
from torch import nn

STEPS, BATCH = 4, 3
THRESHOLD, DECAY = 0.375, 0.5


def numbers(salt: int, shape: list[int]) -> torch.Tensor:
    """Multiples of 1/16 from -11/16 to 11/16; those of magnitude below 4/16 are zero."""
    count = torch.Size(shape).numel()
    values = [(k * 7919 + salt * 104729) % 23 - 11 for k in range(count)]
    return torch.tensor([v / 16 if abs(v) >= 4 else 0.0 for v in values]).reshape(shape)


class Lif(nn.Module):
    """v = decay u + I, a spike where v > threshold, u = v, or 0 after a spike."""

    def reset(self) -> None:
        self.u = None

    def forward(self, current: torch.Tensor) -> torch.Tensor:
        v = current if self.u is None else DECAY * self.u + current
        spikes = (v > THRESHOLD).float()
        self.u = v * (1 - spikes)
        return spikes


def linear(salt: int, outputs: int, inputs: int, bias: bool = True) -> nn.Linear:
    layer = nn.Linear(inputs, outputs, bias=bias)
    layer.weight.data = numbers(salt, [outputs, inputs])
    if bias:
        layer.bias.data = numbers(salt + 1, [outputs])
    return layer


class Net(nn.Module):
    """Runs `step` over data [B,T,...]."""

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        for module in self.modules():
            if isinstance(module, Lif):
                module.reset()
        self.before = None
        with torch.no_grad():
            return torch.stack([self.step(data[:, t]) for t in range(data.shape[1])], dim=1)


class Dense(Net):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.lif1 = linear(1, 5, 6), Lif()
        self.second, self.lif2 = linear(3, 3, 5), Lif()

    def step(self, x: torch.Tensor) -> torch.Tensor:
        return self.lif2(self.second(self.lif1(self.first(x))))


class Recurrent(Net):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.lif1 = linear(1, 5, 6), Lif()
        self.back = linear(5, 5, 5, bias=False)
        self.second, self.lif2 = linear(3, 3, 5), Lif()

    def step(self, x: torch.Tensor) -> torch.Tensor:
        before = torch.zeros(len(x), 5) if self.before is None else self.before
        self.before = self.lif1(self.first(x) + self.back(before))
        return self.lif2(self.second(self.before))


class Convolution(Net):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.lif1 = nn.Conv2d(2, 3, 3, padding=1), Lif()
        # Glocal's order is [O,K,K,C].
        self.first.weight.data = numbers(1, [3, 3, 3, 2]).permute(0, 3, 1, 2).contiguous()
        self.first.bias.data = numbers(2, [3])
        self.pool = nn.AvgPool2d(2)
        self.second, self.lif2 = linear(3, 4, 12), Lif()

    def step(self, x: torch.Tensor) -> torch.Tensor:
        pooled = self.pool(self.lif1(self.first(x)))
        return self.lif2(self.second(pooled.permute(0, 2, 3, 1).flatten(1)))


def figures(net: Net, data: torch.Tensor) -> dict:
    model = TorchModel(net)
    model.add_activation_module(Lif)
    model.register_hooks()
    predictions = model(data)
    labels = torch.zeros(len(data))
    return {
        "Footprint": Footprint()(model),
        "ConnectionSparsity": ConnectionSparsity()(model),
        "ActivationSparsity": ActivationSparsity()(model, predictions, (data, labels)),
        "SynapticOperations": SynapticOperations()(model, predictions, (data, labels)),
    }


def main() -> None:
    constant = numbers(7, [BATCH, 6]).unsqueeze(1).repeat(1, STEPS, 1)
    spikes = (numbers(8, [STEPS, BATCH, 6]) > 0).float().transpose(0, 1)
    # Spikes at even steps, counts of up to two at odd ones.
    counts = (numbers(9, [STEPS, BATCH, 2, 5, 5]) > 0).float()
    counts[1::2] *= 2
    found = {
        "dense": figures(Dense(), constant),
        "recurrent": figures(Recurrent(), spikes),
        "convolution": figures(Convolution(), counts.transpose(0, 1)),
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
