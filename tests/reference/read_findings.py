"""Reads what Nodulens writes by other people's readers, and prints it as JSON.

sr FILE: a structured report, by highdicom's content classes for TID 1500 and pydicom.
series FILE...: CT images, by pydicom and highdicom's volume geometry.
"""

import json
import sys

import highdicom as hd
import numpy as np
import pydicom


def charset(plain):
    """Specific Character Set as it stands in the file."""
    named = plain.get("SpecificCharacterSet", "")
    return named if isinstance(named, str) else "\\".join(named)


def sr(path):
    plain = pydicom.dcmread(path)
    report = hd.sr.srread(path)
    content = report.content
    assert isinstance(content, hd.sr.MeasurementReport), type(content)
    groups = []
    for group in content.get_planar_roi_measurement_groups():
        region = group.roi
        image = region.ContentSequence[0].ReferencedSOPSequence[0]
        measured = {}
        for item in group.get_measurements():
            measured[item.name.meaning] = [float(item.value), item.unit.value]
        groups.append({
            "tracking": group.tracking_identifier,
            "tracking_uid": group.tracking_uid,
            "finding": group.finding_type.value,
            "sites": [site.value.value for site in group.finding_sites],
            "shape": region.GraphicType,
            "points": np.asarray(region.value).tolist(),
            "image": image.ReferencedSOPInstanceUID,
            "measurements": measured,
        })
    evidence = plain.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    comments = [
        item.TextValue for item in plain.ContentSequence
        if item.ValueType == "TEXT" and item.ConceptNameCodeSequence[0].CodeValue == "121106"
    ]
    return {
        "class": plain.SOPClassUID,
        "study": plain.StudyInstanceUID,
        "charset": charset(plain),
        "patient": [str(plain.PatientName), plain.PatientID],
        "verification": plain.VerificationFlag,
        "evidence": [item.ReferencedSOPInstanceUID for item in evidence.ReferencedSOPSequence],
        "comments": comments,
        "observers": [str(item.value) for item in plain.ContentSequence[3:6] if "value" in dir(item)],
        "groups": groups,
    }


def series(paths):
    images = [pydicom.dcmread(path) for path in paths]
    volume = hd.get_volume_from_series(images)
    first = images[0]
    return {
        "shape": list(volume.array.shape),
        "affine": volume.affine.tolist(),
        "corner_hu": [float(v) for v in volume.array[0, 0, :3]],
        "sum": float(volume.array.sum()),
        "name": str(first.PatientName),
        "description": first.SeriesDescription,
        "instances": [image.SOPInstanceUID for image in images],
    }


if __name__ == "__main__":
    kind, *rest = sys.argv[1:]
    print(json.dumps(sr(rest[0]) if kind == "sr" else series(rest)))
