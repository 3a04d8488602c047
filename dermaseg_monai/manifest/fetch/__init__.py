"""Getting the public data sets from where they are published."""

from dermaseg_monai.manifest.fetch.catalogue import RELEASES
from dermaseg_monai.manifest.fetch.fetching import Fetched, fetch_set
from dermaseg_monai.manifest.fetch.pace import Pace
from dermaseg_monai.manifest.fetch.release import Checksum, Download, Release, Terms

__all__ = ["RELEASES", "Checksum", "Download", "Fetched", "Pace", "Release", "Terms", "fetch_set"]
