"""Many runs at once: specs are expanded, run and summarised."""

from dermaseg_monai.experiments.executor import Executor, LocalExecutor
from dermaseg_monai.experiments.job import Job, Outcome, Stage, run_job

__all__ = ["Executor", "Job", "LocalExecutor", "Outcome", "Stage", "run_job"]
