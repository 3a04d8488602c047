"""Send what a run could not: `python -m dermaseg_monai.tracking.send RUN_FOLDER/tracking_unsent_*.jsonl`."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from dermaseg_monai.errors import DataError, DermasegError
from dermaseg_monai.tracking.delivery import MLflowDelivery
from dermaseg_monai.tracking.entries import Start
from dermaseg_monai.tracking.parameters import lost_login, redact
from dermaseg_monai.tracking.spool import Spool, send_command

logger = logging.getLogger(__name__)


def send(path: str | Path, *, tracking_uri: str | None = None) -> str:
    """Send a file of unsent entries, remove it and return the run id.

    What MLflow refuses for good is left out with a warning; when the server does not answer, the file stays as it is
    and may be sent again: sending an entry twice changes nothing.

    Args:
        path: the file a run has left.
        tracking_uri: where to; None is where the run was to go, unless that address has a login: the file keeps none.

    Raises:
        DataError: the file is no such file, its address lacks the login, or the server does not answer.
    """
    spool = Spool(path)
    entries = spool.read()
    if not entries or not isinstance(entries[0], Start):
        raise DataError(f"{path} does not begin with the start of a run. Give the tracking_unsent_*.jsonl of a run.")
    start = entries[0]
    address = tracking_uri or start.tracking_uri
    if lost_login(address):
        raise DataError(
            f"{path} goes to {address}, which has a login that the file does not keep. Give the address again: "
            f"{send_command(path, address)}."
        )
    delivery = MLflowDelivery(address, start)
    for entry in entries:
        try:
            delivery(entry)
        except Exception as error:
            if delivery.is_temporary(error):
                where, found = redact(address), redact(str(error))
                raise DataError(f"{where} does not take {path}: {found}. Start the server, try again.") from error
            logger.warning("Left out (%s): %s", type(entry).__name__, redact(str(error)))
    spool.remove()
    return str(delivery.run_id)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; 0 when everything was sent."""
    parser = argparse.ArgumentParser(prog="python -m dermaseg_monai.tracking.send", description=main.__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="tracking_unsent_*.jsonl of a run folder")
    parser.add_argument("--tracking_uri", help="the store, where it is another one or has a login: that is not kept")
    given = parser.parse_args(words)
    try:
        for path in given.files:
            run_id = send(path, tracking_uri=given.tracking_uri)
            sys.stdout.write(f"{path}: sent, run {run_id}\n")
    except DermasegError as error:
        sys.stderr.write(f"dermaseg: error: {' '.join(str(error).split())}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
