"""dermaseg_monai segments skin lesions in dermoscopy images and says how far the result can be trusted.

Importing the package imports no torch: each room loads what it needs when it is first used.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("dermaseg_monai")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0.0.0"

__all__ = ["__version__"]
