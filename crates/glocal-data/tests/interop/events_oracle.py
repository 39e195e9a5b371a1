"""Reads files of events with other people's readers and prints what `event_files.rs` expects.

    pip install tonic==1.7.0 expelliarmus==1.1.12 aedat==2.3.0 event_stream==1.6.3
    python events_oracle.py DATA          (the folder that GLOCAL_DATA names)
    GLOCAL_MADE=FOLDER cargo test -p glocal-data --test events -- --ignored write_made_files
    python events_oracle.py --made FOLDER

Pixels are brought to Glocal's convention (from the upper left corner, as the scene was seen): Event Stream counts rows
from below, and so do addresses of DVS128 and DAVIS cameras, which also count columns from the right (jAER, `DVS128`,
`DavisBaseCamera`).
"""

import pathlib
import sys

import aedat
import event_stream
import numpy as np
from expelliarmus import Wizard
from tonic import io


def expelliarmus(encoding, path):
    events = Wizard(encoding=encoding).read(path)
    return events["t"], events["x"], events["y"], events["p"]


def dat(path):
    return expelliarmus("dat", path)


def evt2(path):
    return expelliarmus("evt2", path)


def n_mnist(path):
    events = io.read_mnist_file(path, dtype=io.events_struct)
    return events["t"], events["x"], events["y"], events["p"]


def addresses(path):
    # tonic 1.7.0's read_dvs_128 itself fails: it unpacks two of the three values of this function.
    version, start, _ = io.read_aedat_header_from_file(path)
    words = io.get_aer_events_from_file(path, version, start)
    return words["address"].astype(np.int64), words["timeStamp"].astype(np.int64)


def dvs128(path):
    a, t = addresses(path)
    return t, 127 - (a >> 1 & 127), 127 - (a >> 8 & 127), 1 - (a & 1)


def davis240(path):
    a, t = addresses(path)
    return t, 239 - (a >> 12 & 1023), 179 - (a >> 22 & 511), a >> 11 & 1


def npz(path):
    arrays = np.load(path)
    arrays = arrays["events"] if "events" in arrays else arrays
    return arrays["t"], arrays["x"], arrays["y"], arrays["p"] > 0


def aedat4(path):
    events = np.concatenate([packet["events"] for packet in aedat.Decoder(path) if "events" in packet])
    return events["t"], events["x"], events["y"], events["on"]


def es(path):
    decoder = event_stream.Decoder(path)
    height = decoder.height
    events = np.concatenate(list(decoder))
    return events["t"], events["x"], height - 1 - events["y"].astype(np.int64), events["on"]


SAMPLES = [
    ("event-samples/nmnist.bin", n_mnist),
    ("event-samples/aedat2_dvs128_ne15.aedat", dvs128),
    ("event-samples/aedat2_davis_translating_bar_x.aedat", davis240),
    ("event-samples/aedat4.aedat4", aedat4),
    ("event-samples/prophesee.dat", dat),
    ("event-samples/evt2.raw", evt2),
    ("event-samples/eventstream.es", es),
]
MADE = [
    ("made.bin", n_mnist),
    ("made_plain.aedat4", aedat4),
    ("made_lz4.aedat4", aedat4),
    ("made_zstd.aedat4", aedat4),
    ("made.es", es),
    ("made_columns.npz", npz),
    ("made_records.npz", npz),
    ("made.dat", dat),
    ("written.bin", n_mnist),
    ("written_caltech.bin", n_mnist),
    ("written.raw", evt2),
    ("written.npz", npz),
]


def digest(t, x, y, p):
    """Sum of (i + 1) * (t + 3x + 5y + 7p) over the events, modulo 2^64: every value and its place counts."""
    t, x, y, p = (np.asarray(v).astype(np.uint64) for v in (t, x, y, p))
    place = np.arange(1, len(t) + 1, dtype=np.uint64)
    return int((place * (t + 3 * x + 5 * y + 7 * p)).sum(dtype=np.uint64))


def line(name, t, x, y, p):
    event = lambda i: f"({int(t[i])}, {int(x[i])}, {int(y[i])}, {int(p[i])})"
    return f'("{name}", {len(t)}, {event(0)}, {event(-1)}, {digest(t, x, y, p)}),'


def main(folder, files):
    for name, read in files:
        try:
            print(line(name, *read(folder / name)))
        except Exception as error:
            print(f"{name}: the other reader fails: {error!r}")
    recordings = sorted((folder / "n-mnist-1100").glob("*/*/*.bin"))
    if recordings:
        read = [n_mnist(path) for path in recordings]
        total = sum(digest(*r) for r in read) % 2**64
        print(f"all of n-mnist-1100: {len(read)} files, {sum(len(r[0]) for r in read)} events, digest {total}")


if sys.argv[1] == "--made":
    main(pathlib.Path(sys.argv[2]), MADE)
else:
    main(pathlib.Path(sys.argv[1]), SAMPLES)
