"""Files made by hand that no honest program writes."""

import gzip
import struct
import zlib
from pathlib import Path

import nibabel as nib
import numpy as np

MIB = 1 << 20
DIM, VOX_OFFSET, DATATYPE = 40, 108, 70
"""Where these fields stand in a header of NIfTI-1."""
DIM_2, VOX_OFFSET_2 = 16, 168
"""Where they stand in one of NIfTI-2."""


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def palette_of_too_many_transparencies(path: Path) -> Path:
    """A PNG of 4 x 4 px with 256 colours, of which 300 are transparent."""
    rows = (b"\0" + bytes([5]) * 4) * 4
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", bytes(768))
        + chunk(b"tRNS", bytes(300))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    return path


def nifti(
    path: Path, *fields: tuple[int, str, tuple[float, ...]], kind: type[nib.Nifti1Image] = nib.Nifti1Image
) -> Path:
    """A volume of 4 x 5 x 6 float32, with fields of its header overwritten: (place, struct format, values)."""
    content = bytearray(kind(np.zeros((4, 5, 6), np.float32), np.eye(4)).to_bytes())
    for place, form, values in fields:
        struct.pack_into(f"<{form}", content, place, *values)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else bytes(content))
    return path


def extension_bomb(path: Path, *, mib: int, vox_offset: float) -> Path:
    """A packed volume whose header extension says that it is so many MiB of zeros, and is."""
    header = nib.Nifti1Image(np.zeros((4, 5, 6), np.float32), np.eye(4)).to_bytes()[:348]
    content = bytearray(header + b"\1\0\0\0" + struct.pack("<ii", mib * MIB, 6))
    struct.pack_into("<f", content, VOX_OFFSET, vox_offset)
    with gzip.open(path, "wb", 1) as packed:
        packed.write(content)
        for _ in range(mib):
            packed.write(bytes(MIB))
    return path
