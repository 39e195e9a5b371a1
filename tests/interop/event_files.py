"""What TensorBoard's own reader finds in the event files of a run folder, as JSON.

Run by crates/glocal/tests/board.rs where GLOCAL_INTEROP_PYTHON names a Python that has it:

    pip install tensorboard
    GLOCAL_INTEROP_PYTHON=python3 cargo test --release -p glocal --test board

Scalars are lists of [step, value]; histograms of [step, count, sum, numbers in all buckets]; images of [step, width,
height, the first bytes are those of a PNG file].
"""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

PNG = b"\x89PNG\r\n\x1a\n"


def main() -> None:
    run = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0, "images": 0})
    run.Reload()
    tags = run.Tags()
    scalars = {tag: [[e.step, e.value] for e in run.Scalars(tag)] for tag in tags["scalars"]}
    histograms = {
        tag: [[e.step, v.num, v.sum, sum(v.bucket)] for e in run.Histograms(tag) for v in [e.histogram_value]]
        for tag in tags["histograms"]
    }
    images = {
        tag: [[e.step, e.width, e.height, e.encoded_image_string.startswith(PNG)] for e in run.Images(tag)]
        for tag in tags["images"]
    }
    print(json.dumps({"scalars": scalars, "histograms": histograms, "images": images}))


if __name__ == "__main__":
    main()
