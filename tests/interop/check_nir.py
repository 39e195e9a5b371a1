"""Runs NIR files in the libraries that read them and compares spikes.

    python check_nir.py FOLDER

FOLDER holds pairs NAME.nir and NAME.json, {"dt", "shape", "input" [T, ...], "output" [T, ...], "readers", "to_zero"}. Every
file is read and written again by `nir` (NAME.again.nir). Libraries that are not installed are skipped. Needs nir; uses
norse, snntorch and sinabs:

    python3 -m venv nir-venv && nir-venv/bin/pip install -r tests/interop/requirements.txt
"""

import contextlib
import importlib.util
import io
import json
import logging
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import nir
import numpy


def norse(graph, inputs, case):
    import norse.torch

    net, state, outputs = norse.torch.from_nir(graph, dt=case["dt"]), None, []
    for step in inputs:
        output, state = net(step[None], state)
        outputs.append(output)
    return outputs


def snntorch(graph, inputs, case):
    from snntorch.import_nir import import_from_nir

    assert case["dt"] == 1e-4, "snnTorch takes 1e-4 for granted"
    net = import_from_nir(graph)
    outputs = []
    for step in inputs:
        output = net(step[None])
        outputs.append(output[0] if isinstance(output, tuple) else output)
    return outputs


def sinabs(graph, inputs, case):
    import sinabs.activation
    import sinabs.layers
    import sinabs.nir

    # sinabs 3.1.3 asks `any(v_leak) != 0`, which fails for neurons in a map: Python's any takes one axis only.
    sinabs.nir.any = numpy.any
    net = sinabs.nir.from_nir(graph, num_timesteps=len(inputs))
    for module in net.modules():
        if case["to_zero"] and isinstance(module, sinabs.layers.LIF):
            module.reset_fn = sinabs.activation.MembraneReset()
            module.spike_fn = sinabs.activation.SingleSpike
    output = net(inputs)
    return list(output[0] if isinstance(output, tuple) else output)


def differing(outputs, expected):
    found = [float(v) for step in outputs for v in step.detach().flatten()]
    assert len(found) == len(expected), f"{len(found)} values, {len(expected)} expected"
    return sum(a != b for a, b in zip(found, expected))


def main(folder):
    readers = {"norse": norse, "snntorch": snntorch, "sinabs": sinabs}
    installed = {name for name in readers if importlib.util.find_spec(name)}
    for name in sorted(set(readers) - installed):
        print(f"skipped {name}: not installed")
    failed = 0
    for path in sorted(folder.glob("*.json")):
        case = json.loads(path.read_text())
        file = path.with_suffix(".nir")
        nir.write(path.with_suffix(".again.nir"), nir.read(file))
        print(f"ok      {path.stem}: nir reads it and writes it again")
        for reader in [name for name in case["readers"] if name in installed]:
            import torch

            inputs = torch.tensor(case["input"]).reshape(-1, *case["shape"])
            with contextlib.redirect_stdout(io.StringIO()):
                outputs = readers[reader](nir.read(file), inputs, case)
            wrong = differing(outputs, case["output"])
            failed += wrong > 0
            total = len(case["output"])
            print(f"{'FAILED ' if wrong else 'ok     '} {path.stem}: {reader}, {total - wrong} of {total} outputs equal")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
