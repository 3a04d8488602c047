"""`python -m dermaseg_monai` is the command `dermaseg`."""

from dermaseg_monai.cli import main

main()
