"""Where the public dermoscopy sets lie, how large they are, and which checksums are published.

Source: addresses from challenge.isic-archive.com/data and dataverse.harvard.edu (doi:10.7910/DVN/DBW86T, version 4).
The ISIC pages publish no checksums; the values here are those that other projects published after downloading: sha256
of 2018 in torch-em, MD5 of 2017 in google-research/dm_nevis, MD5 of 2016 and of the 2017 masks in two independent
download scripts. The Dataverse publishes MD5 and size itself. No size is published for 2016 and 2017 (None).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dermaseg_monai.manifest.case import Split
from dermaseg_monai.manifest.fetch.release import Checksum, Download, Release, Terms

_ISIC_HOSTS: Final = (
    "https://isic-archive.s3.amazonaws.com/challenges",
    "https://isic-challenge-data.s3.amazonaws.com",
)
_ISIC_PAGE: Final = "https://challenge.isic-archive.com/data/"
_DATAVERSE: Final = "https://dataverse.harvard.edu/api/access/datafile"
_ISIC_SOURCE: Final = "International Skin Imaging Collaboration (ISIC), the contributors named in the ISIC Archive"
_VIENNA: Final = "ViDIR Group, Department of Dermatology, Medical University of Vienna"
_CITE_HAM10000: Final = (
    "Tschandl, Rosendahl, Kittler: The HAM10000 dataset, a large collection of multi-source dermatoscopic images of "
    "common pigmented skin lesions. Scientific Data 5, 180161 (2018), doi:10.1038/sdata.2018.161"
)
_CITE_2016: Final = (
    "Gutman et al.: Skin Lesion Analysis toward Melanoma Detection: A Challenge at the International Symposium "
    "on Biomedical Imaging (ISBI) 2016, hosted by the International Skin Imaging Collaboration (ISIC). "
    "arXiv:1605.01397"
)
_CITE_2017: Final = (
    "Codella et al.: Skin Lesion Analysis Toward Melanoma Detection: A Challenge at the 2017 International "
    "Symposium on Biomedical Imaging (ISBI), Hosted by the International Skin Imaging Collaboration (ISIC). "
    "arXiv:1710.05006"
)
_CITE_2018: Final = (
    "Codella et al.: Skin Lesion Analysis Toward Melanoma Detection 2018: A Challenge Hosted by the "
    "International Skin Imaging Collaboration (ISIC). arXiv:1902.03368"
)
_CITE_MASKS: Final = (
    "for the masks: Tschandl et al.: Human-computer collaboration for skin cancer recognition. Nature Medicine "
    "26, 1229-1234 (2020), doi:10.1038/s41591-020-0942-0"
)
_CITE_PH2: Final = (
    "Mendonça, Ferreira, Marques, Marçal, Rozeira: PH2 - A dermoscopic image database for research and "
    "benchmarking. EMBC 2013, doi:10.1109/EMBC.2013.6610779"
)


def _isic(split: Split, path: str, checksum: Checksum, size_bytes: int | None = None) -> Download:
    name = path.rsplit("/", 1)[-1]
    folder = name.removesuffix(".zip") if name.endswith(".zip") else None
    urls = tuple(f"{host}/{path}" for host in _ISIC_HOSTS)
    return Download(name, urls, size_bytes, checksum, folder, split)


def _ham(name: str, place: str, md5: str, size_bytes: int) -> Download:
    folder = name.removesuffix(".zip") if name.endswith(".zip") else None
    return Download(name, (f"{_DATAVERSE}/{place}",), size_bytes, Checksum("md5", md5), folder)


def _md5(value: str) -> Checksum:
    return Checksum("md5", value)


def _sha256(value: str) -> Checksum:
    return Checksum("sha256", value)


_ISIC2016: Final = Release(
    "isic2016",
    "ISIC 2016 challenge, Part 1 (lesion segmentation)",
    "isic2016",
    Terms(
        "CC0-1.0 (every image that has metadata in the ISIC Archive)",
        _ISIC_SOURCE,
        (_CITE_2016,),
        f"{_ISIC_PAGE}#2016",
    ),
    (
        _isic("train", "2016/ISBI2016_ISIC_Part1_Training_GroundTruth.zip", _md5("fbd77134298f3511479a37bac93109c7")),
        _isic("train", "2016/ISBI2016_ISIC_Part1_Training_Data.zip", _md5("2029f387e62dcc062b1370b1efc1f7fb")),
        _isic("test", "2016/ISBI2016_ISIC_Part1_Test_GroundTruth.zip", _md5("492a7711a2e19b96114cab6c96bd1ad5")),
        _isic("test", "2016/ISBI2016_ISIC_Part1_Test_Data.zip", _md5("efebcaeaae751007401a40a60d391f93")),
    ),
)
_ISIC2017: Final = Release(
    "isic2017",
    "ISIC 2017 challenge, Part 1 (lesion segmentation)",
    "isic2017",
    Terms(
        "CC0-1.0 (every image that has metadata in the ISIC Archive)",
        _ISIC_SOURCE,
        (_CITE_2017,),
        f"{_ISIC_PAGE}#2017",
    ),
    (
        _isic("train", "2017/ISIC-2017_Training_Part3_GroundTruth.csv", _md5("0cb4add57c65c22ca1a1cb469ad1f0c5")),
        _isic("train", "2017/ISIC-2017_Training_Part1_GroundTruth.zip", _md5("77fdbeb6fbec4139937224416b250f4c")),
        _isic("train", "2017/ISIC-2017_Training_Data.zip", _md5("a14a7e622c67a358797ae59abb8a0b0c")),
        _isic("val", "2017/ISIC-2017_Validation_Part3_GroundTruth.csv", _md5("8d4826a76adcd8fb928ca52a23ebae4c")),
        _isic("val", "2017/ISIC-2017_Validation_Part1_GroundTruth.zip", _md5("64d3e68fa2deeb8a5e89aa8dec2efd44")),
        _isic("val", "2017/ISIC-2017_Validation_Data.zip", _md5("8d6419d942112f709894c0d82f6c9038")),
        _isic("test", "2017/ISIC-2017_Test_v2_Part3_GroundTruth.csv", _md5("9e957b72a0c4f9e0d924889fd03b36ed")),
        _isic("test", "2017/ISIC-2017_Test_v2_Part1_GroundTruth.zip", _md5("b1742de6bd257faca3b2b21a4aa3b781")),
        _isic("test", "2017/ISIC-2017_Test_v2_Data.zip", _md5("5f6a0b5e1f2972bd1f5ea02680489f09")),
    ),
)
_ISIC2018: Final = Release(
    "isic2018",
    "ISIC 2018 challenge, Task 1 (lesion boundary segmentation)",
    "isic2018",
    Terms(
        "CC0-1.0 or CC-BY-NC-4.0, by image: the training images that have metadata in the ISIC Archive are CC0; of the "
        "validation and test images about a third are CC-BY-NC (the Archive's metadata table says which)",
        f"{_ISIC_SOURCE}; CC-BY-NC images: {_VIENNA}",
        (
            _CITE_2018,
            _CITE_HAM10000,
        ),
        f"{_ISIC_PAGE}#2018",
    ),
    (
        _isic(
            "train",
            "2018/ISIC2018_Task1_Training_GroundTruth.zip",
            _sha256("99f8b2bb3c4d6af483362010715f7e7d5d122d9f6c02cac0e0d15bef77c7604c"),
            27_402_895,
        ),
        _isic(
            "train",
            "2018/ISIC2018_Task1-2_Training_Input.zip",
            _sha256("80f98572347a2d7a376227fa9eb2e4f7459d317cb619865b8b9910c81446675f"),
            11_165_358_566,
        ),
        _isic(
            "val",
            "2018/ISIC2018_Task1_Validation_GroundTruth.zip",
            _sha256("f6911e9c0a64e6d687dd3ca466ca927dd5e82145cb2163b7a1e5b37d7a716285"),
            759_706,
        ),
        _isic(
            "val",
            "2018/ISIC2018_Task1-2_Validation_Input.zip",
            _sha256("0ea920fcfe512d12a6e620b50b50233c059f67b10146e1479c82be58ff15a797"),
            239_231_159,
        ),
        _isic(
            "test",
            "2018/ISIC2018_Task1_Test_GroundTruth.zip",
            _sha256("2e8f6edce454a5bdee52485e39f92bd6eddf357e81f39018d05512175238ef82"),
            9_680_101,
        ),
        _isic(
            "test",
            "2018/ISIC2018_Task1-2_Test_Input.zip",
            _sha256("e59ae1f69f4ed16f09db2cb1d76c2a828487b63d28f6ab85997f5616869b127d"),
            2_370_457_338,
        ),
    ),
)
_HAM10000: Final = Release(
    "ham10000",
    "HAM10000 with the lesion masks of Tschandl et al.",
    "ham10000",
    Terms(
        "CC-BY-NC-4.0",
        _VIENNA,
        (
            _CITE_HAM10000,
            _CITE_MASKS,
        ),
        "https://doi.org/10.7910/DVN/DBW86T",
    ),
    (
        # without format=original the Dataverse sends its own conversion, which the published checksum is not of
        _ham(
            "HAM10000_metadata.csv",
            "4338392?format=original",
            "8f85fb1aa29d80a2797247e434deb79d",
            690_218,
        ),
        _ham(
            "HAM10000_segmentations_lesion_tschandl.zip",
            "3838943",
            "6e8d252e09cfdb0189199f15985a5b84",
            10_808_743,
        ),
        _ham("HAM10000_images_part_1.zip", "3172585", "4639bfa73ab251610530a97c898e6e46", 1_366_522_108),
        _ham("HAM10000_images_part_2.zip", "3172584", "da43d6cc50f6613013be07e8986b384b", 1_403_566_547),
    ),
)
_PH2: Final = Release(
    "ph2",
    "PH2, dermoscopic image database of the ADDI project",
    "ph2",
    Terms(
        "research and education only; the images may not be passed on",
        "ADDI project, Universidade do Porto, and Hospital Pedro Hispano, Matosinhos",
        (_CITE_PH2,),
        "https://www.fc.up.pt/addi/ph2%20database.html",
    ),
    (),
    by_hand=(
        "PH2 cannot be downloaded: the link on its official page, https://www.fc.up.pt/addi/ph2%20database.html, is "
        "dead. Ask the ADDI project (Universidade do Porto) for PH2Dataset.rar, unpack it (unrar x PH2Dataset.rar), "
        "and run this command again with --root on the folder that has `PH2 Dataset images` and PH2_dataset.txt in it. "
        "Copies on other sites are not official, and the terms do not allow passing the images on."
    ),
)

RELEASES: Mapping[str, Release] = MappingProxyType(
    {release.name: release for release in (_ISIC2016, _ISIC2017, _ISIC2018, _HAM10000, _PH2)}
)
"""The sets that `dermaseg data fetch` knows, by name."""
