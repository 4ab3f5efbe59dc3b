#!/usr/bin/env python3
"""DICOM files by an independent implementation, for tests/dicom_pixels.rs: pydicom, CharLS, OpenJPEG.

    pip install pydicom==3.0.1 numpy pyjpegls==1.5.1 pylibjpeg==2.1.0 pylibjpeg-openjpeg==2.6.0

Writes tests/fixtures/dicom/: one synthetic slice of 40 x 36 pixels (no patient) in each encoding.
With a folder of real scans as argument, prints how far the lossy ones are from the lossless one.
"""

import io
import pathlib
import sys

import numpy
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

FOLDER = pathlib.Path(__file__).parent.parent / "fixtures" / "dicom"
ROWS, COLUMNS = 36, 40


def pixels(signed):
    """A ramp with a flat part, for run modes, and both ends of the range."""
    y, x = numpy.mgrid[0:ROWS, 0:COLUMNS]
    values = (x * 37 + y * 101 + (x * y) % 7) % 4000
    values[4:8, 3:12] = 1024
    values[0, 0], values[-1, -1] = 0, 4095
    return (values - 2000).astype("<i2") if signed else values.astype("<u2")


def slice_of(signed):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3.4.1"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = Dataset()
    file.file_meta = meta
    file.SOPClassUID, file.SOPInstanceUID = CTImageStorage, "1.2.3.4.1"
    file.StudyInstanceUID, file.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    file.Modality, file.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    file.SliceThickness, file.PixelSpacing = "2.5", ["0.8", "0.7"]
    file.ImagePositionPatient = ["-10", "20", "-30.5"]
    file.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.Rows, file.Columns = ROWS, COLUMNS
    file.BitsAllocated = 16
    file.BitsStored = 16 if signed else 12
    file.HighBit = file.BitsStored - 1
    file.PixelRepresentation = int(signed)
    file.RescaleSlope, file.RescaleIntercept = "1", "0" if signed else "-1024"
    file.PixelData = pixels(signed).tobytes()
    return file


def write(name, file):
    stream = io.BytesIO()
    file.save_as(stream, enforce_file_format=True)
    (FOLDER / name).write_bytes(stream.getvalue())
    print(name, len(stream.getvalue()), "bytes")


def references():
    FOLDER.mkdir(exist_ok=True)
    for signed, kind in [(True, "signed"), (False, "unsigned")]:
        write(f"plain-{kind}.dcm", slice_of(signed))
        for name, syntax, options in [
            ("rle", RLELossless, {}),
            ("jpegls", JPEGLSLossless, {}),
            ("jpegls-near2", JPEGLSNearLossless, {"jls_error": 2}),
            ("jpeg2000", JPEG2000Lossless, {}),
            ("jpeg2000-lossy", JPEG2000, {"j2k_psnr": [70]}),
        ]:
            file = slice_of(signed)
            try:
                file.compress(syntax, generate_instance_uid=False, **options)
            except Exception as problem:  # An encoder that cannot do this kind says so.
                print(name, kind, problem)
                continue
            write(f"{name}-{kind}.dcm", file)


def real(folder):
    folder = pathlib.Path(folder) / "ct1-chest-transfer-syntaxes"
    truth = pydicom.dcmread(folder / "CT1_JPLL").pixel_array.astype(int)
    for name in ["CT1_RLE", "CT1_JLSL", "CT1_J2KR", "CT1_JLSN", "CT1_J2KI"]:
        apart = abs(pydicom.dcmread(folder / name).pixel_array.astype(int) - truth)
        print(name, "largest difference", apart.max(), "mean", apart.mean())


if __name__ == "__main__":
    print("pydicom", pydicom.__version__)
    references()
    if len(sys.argv) > 1:
        real(sys.argv[1])
