#!/usr/bin/env python3
"""What ITK makes of a MetaImage header with oblique axes: the numbers in tests/volumes.rs.

    pip install SimpleITK==2.5.7
"""

import pathlib
import tempfile

import SimpleITK

HEADER = """ObjectType = Image
NDims = 3
BinaryData = True
BinaryDataByteOrderMSB = False
CompressedData = False
TransformMatrix = 0.36 0.48 -0.8 -0.8 0.6 0 0.48 0.64 0.6
Offset = -10 20 -30.5
ElementSpacing = 0.7 0.8 2.5
DimSize = 3 5 7
ElementType = MET_SHORT
ElementDataFile = scan.raw
"""

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    (folder / "scan.mhd").write_text(HEADER)
    (folder / "scan.raw").write_bytes(bytes(210))
    image = SimpleITK.ReadImage(str(folder / "scan.mhd"))
print("SimpleITK", SimpleITK.Version_VersionString())
print("world of voxel (1, 2, 3):", image.TransformContinuousIndexToPhysicalPoint((1.0, 2.0, 3.0)))
print("voxel of world (1, 2, 3):", image.TransformPhysicalPointToContinuousIndex((1.0, 2.0, 3.0)))
