"""Fault detection by `plantsafe backtest`, on data that nobody here wrote, and its cost beside others'.

`python benchmarks/detection.py [--data DIR] [--only tep,fresh,skab,cost]` prints the tables. Everything goes through
the command, at its defaults, the same for all: no point is picked, no constant set by file.

tep    the Braatz files: trained on d00 and the fault-free simulated runs; false alarms on d00_te and rows 0-159 of
       every test file, which set no limit; faults 3, 9 and 15 apart
tep1   the same, trained on d00 alone
fresh  other seeds: trained on three fault-free runs, false alarms on the three others and rows before each onset
skab   its own protocol: the first 400 rows of each file train, the rest is pooled
cost   a scan of 52 points, and of 100,000
"""

import argparse
import csv
import gzip
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from detection_cost import cost
from numpy.typing import NDArray
from tep_loops import ANNOUNCING_SAMPLES, LOOPS, NAMED_POINTS, NOT_SEEN_BY_ANYONE
from typer.testing import CliRunner

from plantsafe.backtest.summary import delay_rows
from plantsafe.cli import app

POINTS = [*(f"XMEAS{i}" for i in range(1, 42)), *(f"XMV{i}" for i in range(1, 12))]
ONSET = 160
SKAB_TRAIN = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What the command wrote: flag (n_rows,) and the points named by each row."""

    flag: NDArray[np.bool_]
    top: list[list[str]]


def backtest(train: Sequence[Path], test: Path, out: Path, *more: str) -> Flags:
    """Run the command as a person would."""
    runs = [word for path in train for word in ("--train", str(path))]
    result = CliRunner().invoke(app, ["backtest", *runs, "--test", str(test), "--out", str(out), *more])
    if result.exit_code:
        raise SystemExit(f"{test}: {result.exception or result.output}")
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Flags(
        flag=np.array([row["flag"] == "1" for row in rows]), top=[row["top"].split(";")[:NAMED_POINTS] for row in rows]
    )


def tep_csv(source: Path, folder: Path) -> Path:
    """A file of the process with the header that the command wants."""
    with gzip.open(source, "rt") as file:
        rows = np.loadtxt(file)
    if rows.shape[0] == len(POINTS) and rows.shape[1] != len(POINTS):
        rows = rows.T
    path = folder / f"{source.parent.name}-{source.name.split('.')[0]}.csv"
    np.savetxt(path, rows, delimiter=",", header=",".join(POINTS), comments="", fmt="%.9g")
    return path


def process(title: str, train: list[Path], normal: list[Path], faults: Mapping[int, Path], folder: Path) -> None:
    """One table of the Tennessee Eastman process."""
    print(f"\n{title}")
    false = [backtest(train, path, folder / "flags.csv").flag for path in normal]
    found: dict[int, float] = {}
    delays: dict[int, int | None] = {}
    located: dict[int, bool] = {}
    print("fault  detected %  delay to six in a row  named (in the loop)")
    for fault, path in sorted(faults.items()):
        flags = backtest(train, path, folder / "flags.csv")
        false.append(flags.flag[:ONSET])
        after = flags.flag[ONSET:]
        found[fault], delays[fault] = float(after.mean()), delay_rows(after, ANNOUNCING_SAMPLES)
        delay, named = delays[fault], ""
        if delay is not None:
            names = flags.top[ONSET + delay]
            if fault in LOOPS and fault not in NOT_SEEN_BY_ANYONE:
                located[fault] = any(name in LOOPS[fault] for name in names)
            named = f"{' '.join(names)} ({'yes' if located.get(fault) else 'no' if fault in located else '-'})"
        print(f"{fault:5}  {100 * found[fault]:10.1f}  {'none' if delay is None else delay:>21}  {named}")
    told = [fault for fault in found if fault not in NOT_SEEN_BY_ANYONE]
    reached = [delays[fault] for fault in told]
    late = [float("inf") if delay is None else delay for delay in reached]
    apart = [fault for fault in found if fault in NOT_SEEN_BY_ANYONE]
    alarms = np.concatenate(false)
    print(f"false alarms {100 * alarms.mean():.2f} % of {len(alarms)} normal rows")
    print(f"detection {100 * np.mean([found[fault] for fault in told]):.2f} % over {len(told)} faults")
    print(f"faults {apart}: {100 * np.mean([found[fault] for fault in apart]):.2f} %")
    print(f"delay to six in a row: median {np.median(late):g} samples; missed {reached.count(None)}")
    print(f"loop named by the first {NAMED_POINTS}: {sum(located.values())} of {len(located)}")


def tennessee(data: Path, folder: Path, only: set[str]) -> None:
    """The tables of the process that are wanted."""
    tep = {path.name.split(".")[0]: path for path in sorted((data / "tep").glob("d*.dat.gz"))}
    with (data / "tep_sim" / "manifest.csv").open() as file:
        fresh = list(csv.DictReader(file))
    normal = [tep_csv(data / "tep_sim" / f"{r['file']}.gz", folder) for r in fresh if r["fault"] == "0"]
    if only & {"tep", "tep1"}:
        first, te = tep_csv(tep["d00"], folder), [tep_csv(tep["d00_te"], folder)]
        faults = {
            int(name[1:3]): tep_csv(path, folder)
            for name, path in tep.items()
            if name.endswith("_te") and name != "d00_te"
        }
        if "tep" in only:
            process("TEP, trained on d00 and the fault-free simulated runs", [first, *normal], te, faults, folder)
        if "tep1" in only:
            process("TEP, trained on d00 alone", [first], te, faults, folder)
    if "fresh" in only:
        simulated = {
            int(r["fault"]): tep_csv(data / "tep_sim" / f"{r['file']}.gz", folder) for r in fresh if r["fault"] != "0"
        }
        process("TEP, fresh seeds, trained on three fault-free runs", normal[:3], normal[3:], simulated, folder)


def skab(data: Path, folder: Path) -> None:
    """The pooled confusion matrix of all files that are there."""
    print("\nSKAB, its own protocol")
    hits = false = missed = quiet = seen = 0
    files = [path for path in sorted((data / "skab").glob("*/*.csv.gz")) if path.parent.name != "anomaly-free"]
    for source in files:
        with gzip.open(source, "rt") as file:
            text = file.read().splitlines()
        train, test = folder / "train.csv", folder / "test.csv"
        train.write_text("\n".join(text[: SKAB_TRAIN + 1]) + "\n")
        test.write_text("\n".join(text) + "\n")
        flag = backtest([train], test, folder / "flags.csv", "--label", "anomaly").flag[SKAB_TRAIN:]
        truth = np.array([float(line.split(";")[-2]) > 0.0 for line in text[1 + SKAB_TRAIN :]])
        hits, false = hits + int((flag & truth).sum()), false + int((flag & ~truth).sum())
        missed, quiet = missed + int((~flag & truth).sum()), quiet + int((~flag & ~truth).sum())
        seen += bool((flag & truth).any())
    print(f"{len(files)} files, found in {seen}")
    print(f"F1 {2 * hits / (2 * hits + false + missed):.3f}")
    print(f"false alarms {100 * false / (false + quiet):.1f} %, missed {100 * missed / (missed + hits):.1f} %")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("PLANTSAFE_SHARED", str(Path(__file__).resolve().parents[2] / "shared"))
    parser.add_argument("--data", type=Path, default=Path(shared) / "data")
    parser.add_argument("--only", default="tep,tep1,fresh,skab,cost")
    arguments = parser.parse_args()
    wanted = set(arguments.only.split(","))
    with tempfile.TemporaryDirectory() as place:
        if wanted & {"tep", "tep1", "fresh"}:
            tennessee(arguments.data, Path(place), wanted)
        if "skab" in wanted:
            skab(arguments.data, Path(place))
    if "cost" in wanted:
        cost()
