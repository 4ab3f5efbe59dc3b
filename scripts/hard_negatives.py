#!/usr/bin/env python3
"""Choose hard negatives among the findings of `nodulens search`, for `nodulens dataset --volumes`.

usage: hard_negatives.py FINDINGS.csv TRUTH.csv OUT.csv [--most N]
  FINDINGS.csv  of `cargo trainer search PATH... --csv FINDINGS.csv`
  TRUTH.csv     what is known in the scans: scan (file or folder below that of the volumes), seriesuid,
                x_mm, y_mm, z_mm, diameter_mm (may be empty)
  OUT.csv       candidates of class 0: file, seriesuid, coordX, coordY, coordZ, class, patient_id
  --most        findings taken from one scan, the most probable first (200)

Left out: what lies within the radius and 10 mm of a known finding, or within 25 mm of one whose size is
not known. Nothing but the standard library.
"""
import argparse
import csv
import math


def number(row, *names):
    for name in names:
        if row.get(name):
            return float(row[name])
    return None


def main():
    parser = argparse.ArgumentParser()
    for name in ("findings", "truth", "out"):
        parser.add_argument(name)
    parser.add_argument("--most", type=int, default=200)
    arguments = parser.parse_args()
    known, files = {}, {}
    for row in csv.DictReader(open(arguments.truth, newline="")):
        diameter = number(row, "diameter_mm")
        reach = 25.0 if diameter is None else diameter / 2 + 10
        place = tuple(float(row[axis]) for axis in ("x_mm", "y_mm", "z_mm"))
        files[row["seriesuid"]] = row["scan"]
        known.setdefault(row["seriesuid"], []).append((place, reach))
    taken, left, rows = {}, 0, list(csv.DictReader(open(arguments.findings, newline="")))
    rows.sort(key=lambda row: -float(row["probability"]))
    with open(arguments.out, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "seriesuid", "coordX", "coordY", "coordZ", "class", "patient_id"])
        for row in rows:
            series = row["seriesuid"]
            place = tuple(float(row[axis]) for axis in ("coordX", "coordY", "coordZ"))
            if any(math.dist(place, other) < reach for other, reach in known.get(series, [])):
                left += 1
            elif taken.get(series, 0) < arguments.most:
                taken[series] = taken.get(series, 0) + 1
                writer.writerow([files.get(series, series), series, *place, 0, files.get(series, series)])
    for series, count in taken.items():
        print(f"{count} of {series}")
    print(f"{left} left out beside known findings")


main()
