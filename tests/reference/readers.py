"""Reads scans and pictures with the readers of others, for comparison with ours.

readers.py FOLDER: FOLDER/manifest.json is a list of {"id", "reader", "paths"}. Answers stand in
FOLDER/answers.json, by id: {"pieces": [...]} or {"error": "..."}. A piece is a volume, a slice of one, or
a picture:

size     samples along the axes of its array, fastest first
steps    from sample to sample along each, in mm, LPS; null where the file does not place it
origin   centre of the first sample, LPS
samples  name of a file of 64-bit floats (little endian), the first axis fastest
"""

import json
import sys
from pathlib import Path

import numpy as np


def from_nibabel(paths):
    import nibabel

    header = next((p for p in paths if ".hdr" in p.name), paths[0])
    image = nibabel.load(header)
    data = np.asarray(image.dataobj, dtype=np.float64)
    while data.ndim > 3 and data.shape[-1] == 1:
        data = data[..., 0]
    data = data.reshape(data.shape + (1,) * (3 - data.ndim))
    # nibabel leaves the affine in the header's units.
    unit = {"meter": 1000.0, "micron": 0.001}.get(image.header.get_xyzt_units()[0], 1.0)
    affine = np.diag([-unit, -unit, unit, 1.0]) @ image.affine
    # Without either form it centres the volume, and turns its first axis: no place is given.
    placed = int(image.header["qform_code"]) > 0 or int(image.header["sform_code"]) > 0
    return [piece(data, affine[:3, :3].T if placed else None, affine[:3, 3])]


def from_simpleitk(paths):
    import SimpleITK

    heads = [p for p in paths if p.suffix in {".mhd", ".nhdr", ".hdr"} or p.name.endswith(".hdr.gz")]
    image = SimpleITK.ReadImage(str((heads or paths)[0]))
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise ValueError("several values a voxel")
    data = SimpleITK.GetArrayFromImage(image).astype(np.float64).T
    dimension = image.GetDimension()
    direction = np.array(image.GetDirection()).reshape(dimension, dimension)
    steps = (direction * np.array(image.GetSpacing())).T
    origin = np.array(image.GetOrigin())
    while data.ndim > 3:
        if data.shape[-1] != 1:
            raise ValueError("more than three dimensions")
        data = data[..., 0]
    if data.ndim == 2:
        raise ValueError("two dimensions")
    return [piece(data, steps[:3, :3], origin[:3])]


def from_pynrrd(paths):
    import nrrd

    head = next((p for p in paths if p.suffix == ".nhdr"), paths[0])
    data, header = nrrd.read(str(head), index_order="F")
    if data.ndim != 3:
        raise ValueError("not three dimensions")
    space = header.get("space", "").lower()
    signs = {
        "left-posterior-superior": (1, 1, 1), "lps": (1, 1, 1),
        "right-anterior-superior": (-1, -1, 1), "ras": (-1, -1, 1),
        "left-anterior-superior": (1, -1, 1), "las": (1, -1, 1),
    }.get(space)
    if signs is None or "space directions" not in header:
        spacings = np.array(header.get("spacings", (1, 1, 1)), dtype=float)
        return [piece(data, np.diag(np.where(np.isnan(spacings), 1, spacings)), np.zeros(3))]
    origin = np.array(header.get("space origin", (0, 0, 0)), dtype=float) * signs
    return [piece(data, np.array(header["space directions"], dtype=float) * signs, origin)]


def from_pydicom(paths):
    import pydicom
    from pydicom.pixels import apply_modality_lut

    pieces = []
    for path in paths:
        data = pydicom.dcmread(path, force=True)
        if "PixelData" not in data or data.get("SamplesPerPixel", 1) != 1:
            continue
        array = data.pixel_array
        frames = int(data.get("NumberOfFrames", 1) or 1)
        if frames == 1:
            array = array.reshape(1, *array.shape[-2:])
        for number in range(frames):
            groups = [data]
            if "SharedFunctionalGroupsSequence" in data:
                groups.insert(0, data.SharedFunctionalGroupsSequence[0])
            if "PerFrameFunctionalGroupsSequence" in data:
                groups.insert(0, data.PerFrameFunctionalGroupsSequence[number])

            def find(name, sequence):
                for group in groups:
                    for holder in ([group[sequence][0]] if sequence in group else []) + [group]:
                        if holder.get(name) is not None:
                            return holder.get(name)
                return None

            values = array[number].astype(np.float64)
            if "ModalityLUTSequence" in data:
                values = apply_modality_lut(array[number], data).astype(np.float64)
            else:
                slope = find("RescaleSlope", "PixelValueTransformationSequence")
                intercept = find("RescaleIntercept", "PixelValueTransformationSequence")
                values = values * float(1 if slope is None else slope) + float(intercept or 0)
            place = find("ImagePositionPatient", "PlanePositionSequence")
            turn = find("ImageOrientationPatient", "PlaneOrientationSequence")
            pitch = find("PixelSpacing", "PixelMeasuresSequence")
            steps = origin = None
            if place is not None and turn is not None and pitch is not None:
                row, column = np.array(turn[:3], dtype=float), np.array(turn[3:], dtype=float)
                # Along the normal a slice alone has no pitch: any will do.
                steps = np.array([row * float(pitch[1]), column * float(pitch[0]), np.cross(row, column)])
                origin = np.array(place, dtype=float)
            pieces.append(piece(values.T[:, :, None], steps, origin))
    return pieces


def from_pillow(paths):
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(Image.open(paths[0]))
    if image.mode.startswith("I"):
        grey = np.asarray(image, dtype=np.float64) / 65535
    elif "A" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        grey = np.asarray(Image.alpha_composite(black, image).convert("L"), dtype=np.float64) / 255
    else:
        grey = np.asarray(image.convert("L"), dtype=np.float64) / 255
    return [piece(grey.T[:, :, None], None, None)]


def from_tifffile(paths):
    import tifffile

    with tifffile.TiffFile(paths[0]) as file:
        page = file.pages[0]
        data = page.asarray()
        if page.planarconfig == 2 and data.ndim == 3:
            data = np.moveaxis(data, 0, -1)
        deepest = 1 if page.bitspersample == 1 else np.iinfo(data.dtype).max
        grey = data.astype(np.float64) / deepest
        if page.photometric == 0:
            grey = 1 - grey
        if grey.ndim == 3:
            colours = grey[..., :3]
            if grey.shape[-1] == 4 and 1 not in page.extrasamples:
                colours = colours * grey[..., 3:]
            grey = colours @ [0.299, 0.587, 0.114]
        turn = page.tags.get(274)
        if turn is not None and turn.value == 3:
            grey = grey[::-1, ::-1]
    return [piece(grey.T[:, :, None], None, None)]


READERS = {
    "nibabel": from_nibabel,
    "simpleitk": from_simpleitk,
    "pynrrd": from_pynrrd,
    "pydicom": from_pydicom,
    "pillow": from_pillow,
    "tifffile": from_tifffile,
}


def piece(data, steps, origin):
    return {"data": data, "steps": steps, "origin": origin}


def main(folder):
    answers = {}
    for entry in json.loads((folder / "manifest.json").read_text()):
        name = entry["id"]
        try:
            pieces = READERS[entry["reader"]]([Path(path) for path in entry["paths"]])
        except Exception as error:  # What a reader refuses is an answer, too.
            answers[name] = {"error": f"{type(error).__name__}: {error}"[:300]}
            continue
        told = []
        for number, found in enumerate(pieces):
            file = f"{name}.{number}.f64"
            found["data"].astype("<f8").T.tofile(folder / file)
            placed = found["steps"] is not None
            told.append({
                "size": list(found["data"].shape),
                "steps": found["steps"].tolist() if placed else None,
                "origin": np.asarray(found["origin"]).tolist() if placed else None,
                "samples": file,
            })
        answers[name] = {"pieces": told}
    (folder / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
