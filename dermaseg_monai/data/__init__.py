"""From a manifest to MONAI samples: reading, resizing, value range, augmentation, the demo set."""

from dermaseg_monai.data.augment import RandArtefactsd
from dermaseg_monai.data.colour import RandColorJitterd
from dermaseg_monai.data.composition import chain
from dermaseg_monai.data.corrections import Correctd
from dermaseg_monai.data.demo import demo_manifest, make_demo
from dermaseg_monai.data.disk_cache import DiskCacheDataset
from dermaseg_monai.data.noted_grid import NoteGridd, ToNotedGridd
from dermaseg_monai.data.pixel_balance import counted_weights, pixel_weights
from dermaseg_monai.data.readable import ImageList, Unreadable, readable_images, volumes_on_disk
from dermaseg_monai.data.reader import LesionReader, MaskReader
from dermaseg_monai.data.reader_labels import MeanReaderd, OneReaderd, ReaderMasksd
from dermaseg_monai.data.resize import Fitd, RestoreGridd, original_size_key
from dermaseg_monai.data.samples import ReaderSample, Sample, cases, reader_cases
from dermaseg_monai.data.stand_in import StandInDataset
from dermaseg_monai.data.unit_range import ToUnitRanged
from dermaseg_monai.data.volumes import make_volumes, volume_manifest

__all__ = [
    "Correctd",
    "DiskCacheDataset",
    "Fitd",
    "ImageList",
    "LesionReader",
    "MaskReader",
    "MeanReaderd",
    "NoteGridd",
    "OneReaderd",
    "RandArtefactsd",
    "RandColorJitterd",
    "ReaderMasksd",
    "ReaderSample",
    "RestoreGridd",
    "Sample",
    "StandInDataset",
    "ToNotedGridd",
    "ToUnitRanged",
    "Unreadable",
    "cases",
    "chain",
    "counted_weights",
    "demo_manifest",
    "make_demo",
    "make_volumes",
    "original_size_key",
    "pixel_weights",
    "readable_images",
    "reader_cases",
    "volume_manifest",
    "volumes_on_disk",
]
