"""FROC and CPM by the rule of LUNA16, from its text (Setio et al. 2017), by the standard library alone.

usage: python3 tests/reference/froc.py            (from the repository's root)
       python3 tests/reference/froc.py FOLDER     reads FOLDER/*/{findings,annotations,excluded,series}.csv
                                                  and prints the figures of each folder as JSON

Without a folder it writes the made-up tables of tests/golden/froc/ and their figures to tests/golden/froc.json.

Nothing is sorted into events here, as the program does it: every threshold is looked at by itself. A mark
counts there where its probability is at least the threshold; a nodule is found where such a mark lies
nearer to its centre than its radius; a mark is a false positive where it lies so near to no nodule and to no
finding that is excluded. Of a scan at most 100 marks count: those that are more probable than the 101st.
"""
import csv
import json
import math
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RATES = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0]
MARKS, UNKNOWN_MM = 100, 10.0
SPHERE = ["seriesuid", "coordX", "coordY", "coordZ", "diameter_mm"]
MARK = ["seriesuid", "coordX", "coordY", "coordZ", "probability"]


def table(path: pathlib.Path, last: str) -> dict[str, list[tuple[tuple[float, ...], float]]]:
    rows: dict[str, list] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            point = tuple(float(row[axis]) for axis in ("coordX", "coordY", "coordZ"))
            rows.setdefault(row["seriesuid"], []).append((point, float(row[last])))
    return rows


def within(point: tuple[float, ...], sphere: tuple[tuple[float, ...], float]) -> bool:
    center, diameter = sphere
    radius = (UNKNOWN_MM if diameter < 0 else diameter) / 2
    return sum((a - b) * (a - b) for a, b in zip(point, center)) < radius * radius


def figures(folder: pathlib.Path) -> dict:
    series = (folder / "series.csv").read_text().splitlines()
    found, nodules, excluded = (table(folder / f"{name}.csv", column) for name, column in (
        ("findings", "probability"), ("annotations", "diameter_mm"), ("excluded", "diameter_mm")))
    marks = {}
    for scan in series:
        falling = sorted((p for _, p in found.get(scan, [])), reverse=True)
        floor = falling[MARKS] if len(falling) > MARKS else -math.inf
        marks[scan] = [mark for mark in found.get(scan, []) if mark[1] > floor]
    count = sum(len(nodules.get(scan, [])) for scan in series)

    def at(threshold: float) -> tuple[float, float]:
        hits = misses = 0
        for scan in series:
            called = [point for point, p in marks[scan] if p >= threshold]
            inside = nodules.get(scan, [])
            hits += sum(any(within(point, nodule) for point in called) for nodule in inside)
            around = inside + excluded.get(scan, [])
            misses += sum(not any(within(point, sphere) for sphere in around) for point in called)
        return misses / len(series), hits / count if count else 0.0

    # A threshold at which nothing happens (a second mark on a nodule, one on what is excluded) is no point.
    curve, before = [], (0.0, 0.0)
    for threshold in sorted({p for scan in series for _, p in marks[scan]}, reverse=True):
        point = at(threshold)
        if point != before:
            curve.append([*point, threshold])
            before = point

    def read(rate: float) -> float:
        left = max(((x, y) for x, y, _ in curve if x <= rate), default=(0.0, 0.0))
        right = min(((x, y) for x, y, _ in curve if x > rate), default=None)
        if right is None:
            return left[1]
        return left[1] + (rate - left[0]) / (right[0] - left[0]) * (right[1] - left[1])

    read_at = [read(rate) for rate in RATES]
    last = curve[-1] if curve else [0.0, 0.0]
    return {
        "scans": len(series), "nodules": count,
        "findings": sum(len(found.get(scan, [])) for scan in series),
        "beyond_marks": sum(len(found.get(scan, [])) - len(marks[scan]) for scan in series),
        "found": round(last[1] * count), "false_positives": round(last[0] * len(series)),
        "curve": curve, "sensitivities": read_at, "cpm": sum(read_at) / len(read_at),
    }


def write(path: pathlib.Path, columns: list[str], rows: list[list]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def make(folder: pathlib.Path, series: list[str], findings: list, annotations: list, excluded: list) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "series.csv").write_text("".join(f"{scan}\n" for scan in series))
    write(folder / "findings.csv", MARK, findings)
    write(folder / "annotations.csv", SPHERE, annotations)
    write(folder / "excluded.csv", SPHERE, excluded)


def nasty(folder: pathlib.Path) -> None:
    """Each scan is one trap."""
    draw = random.Random(20261129)
    on = lambda scan, x, p: [scan, x, -20.5, 7.25, p]
    # 130 marks: the hit is the 90th; from the 98th to the 110th all are tied, so 97 count.
    crowd = [on("crowd", 40 + 3 * i, round(0.3 - i / 1000, 3)) for i in range(97)]
    crowd[89] = on("crowd", 0.5, crowd[89][4])
    crowd += [on("crowd", 400 + 3 * i, 0.15) for i in range(13)] + [on("crowd", 1, 0.15)]
    crowd += [on("crowd", 600 + 3 * i, 0.1) for i in range(19)]
    draw.shuffle(crowd)
    findings = crowd + [
        on("radius", 5, 0.95), on("radius", 4.999, 0.85), on("radius", -5, 0.7),
        on("excluded", 4.75, 0.99), on("excluded", 5, 0.98), on("excluded", 101.5, 0.97), on("excluded", 150, 0.4),
        on("several", 0, 0.5), on("several", 1, 0.8), on("several", -2, 0.8), on("several", 3, 0.2),
        on("touching", 4, 0.66), on("touching", 9.5, 0.33), on("touching", 30, 0.66),
        on("both", 1, 0.6), on("both", 4.5, 0.61),
        on("ties", 0, 0.85), on("ties", 60, 0.85), on("ties", 100, 0.85), on("ties", 160, 0.7),
        on("nothing there", 3, 0.77), on("nothing there", 50, 0.05), on("nobody searched this", 0, 1.0),
    ]
    at = lambda scan, x, d: [scan, x, -20.5, 7.25, d]
    annotations = [
        at("crowd", 0, 8), at("crowd", 402.5, 4), at("radius", 0, 10), at("excluded", 150.5, 3),
        at("several", 0, 9), at("touching", 0, 10), at("touching", 8, 10), at("touching", 30, -1), at("both", 0, 6),
        at("ties", 0, 5), at("ties", 100, 5), at("quiet", 0, 12), at("nobody searched this", 0, 9),
    ]
    excluded = [at("excluded", 0, -1), at("excluded", 100, 3.5), at("both", 1.5, -1), at("both", 4.5, 0)]
    series = ["crowd", "radius", "excluded", "several", "touching", "both", "ties", "quiet", "nothing there", "empty"]
    make(folder, series, findings, annotations, excluded)


def short(folder: pathlib.Path) -> None:
    """A curve that ends before one false positive a scan, and scans without findings that hold it down."""
    findings = [["a", 0, 0, 0, 0.5], ["a", 50, 0, 0, 0.25], ["b", 0, 0, 0, 0.75], ["b", 50, 0, 0, 0.25]]
    annotations = [["a", 0, 0, 0, 5], ["b", 50, 0, 0, 5], ["c", 0, 0, 0, 5]]
    make(folder, ["a", "b", "c", "d", "e"], findings, annotations, [])


def silent(folder: pathlib.Path) -> None:
    """Nothing is found at all."""
    make(folder, ["a", "b"], [], [["a", 0, 0, 0, 5]], [])


def main() -> None:
    if len(sys.argv) > 1:
        folders = sorted(path.parent for path in pathlib.Path(sys.argv[1]).glob("*/findings.csv"))
        json.dump({folder.name: figures(folder) for folder in folders}, sys.stdout)
        return
    golden = {}
    for case in (nasty, short, silent):
        folder = ROOT / "tests/golden/froc" / case.__name__
        case(folder)
        golden[case.__name__] = figures(folder)
    path = ROOT / "tests/golden/froc.json"
    path.write_text(json.dumps(golden, indent=1) + "\n")
    print(f"Wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
