"""What scikit-image's `util.random_noise` makes of a small fixed image, in distribution.

Prints the constants of crates/glocal-data/tests/data/noise_oracle.rs:

    pip install scikit-image numpy
    python tests/interop/noise_oracle.py

The image holds the grey levels 0, 0.25, 0.5, 0.75 and 1, each 100,000 times, as floats, which random_noise takes for
intensities. Each line: noise, its strength, then for each level the mean, the standard deviation, the quartiles, and
the shares of exactly 0 and exactly 1. `random_noise` is called with clip=True, its default; seed 0.
"""

import numpy
import skimage
from skimage.util import random_noise

LEVELS = [0.0, 0.25, 0.5, 0.75, 1.0]
COPIES = 100_000

# Rust's kind, our strength, mode and arguments of random_noise.
NOISES = [
    ("gaussian", 0.06, "gaussian", {"var": 0.06}),
    ("gaussian", 0.01, "gaussian", {"var": 0.01}),
    ("speckle", 0.1, "speckle", {"var": 0.1}),
    ("speckle", 100.0, "speckle", {"var": 100.0}),
    ("salt", 0.06, "salt", {"amount": 0.06}),
    ("pepper", 0.36, "pepper", {"amount": 0.36}),
    ("salt-and-pepper", 0.12, "s&p", {"amount": 0.12}),
]


def main() -> None:
    print(f"// scikit-image {skimage.__version__}, numpy {numpy.__version__}")
    image = numpy.tile(numpy.array(LEVELS)[:, None], (1, COPIES))
    for kind, strength, mode, arguments in NOISES:
        noisy = random_noise(image, mode=mode, rng=numpy.random.default_rng(0), **arguments)
        print(f'    ("{kind}={strength:g}", [')
        for row in noisy:
            quartiles = numpy.quantile(row, [0.25, 0.5, 0.75])
            numbers = [row.mean(), row.std(), *quartiles, (row == 0).mean(), (row == 1).mean()]
            print("        [" + ", ".join(f"{number:.4f}" for number in numbers) + "],")
        print("    ]),")


if __name__ == "__main__":
    main()
