"""A vote that stands at half against half, where nobody said what it then is."""

from dermaseg_monai.errors import DataError


class TiedVoteError(DataError):
    """Readers are split in halves over some pixels, and the tie rule is `refuse`."""

    def __init__(self, n_pixels: int) -> None:
        super().__init__(
            f"the readers are split in halves over {n_pixels} pixels and --tie is refuse. "
            "Have a senior reader decide, or choose --tie lesion or --tie skin."
        )
