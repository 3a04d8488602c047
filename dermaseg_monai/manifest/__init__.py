"""What the data is: cases, files, outlines, splits, licences; no torch, no MONAI."""

from dermaseg_monai.manifest.asked_shares import MissedShare, missed_shares
from dermaseg_monai.manifest.case import SPLITS, Annotation, Attribute, Case, FileRecord, Role, Split
from dermaseg_monai.manifest.class_frequency import ClassFrequency, class_frequencies
from dermaseg_monai.manifest.closed_leaks import Exclusion, GivesWay, leak_free, write_exclusions
from dermaseg_monai.manifest.decathlon import decathlon_datalist, write_decathlon_datalist
from dermaseg_monai.manifest.decathlon_reader import index_decathlon
from dermaseg_monai.manifest.divided_keys import Divided, divided
from dermaseg_monai.manifest.fetch import RELEASES, Fetched, Release, fetch_set
from dermaseg_monai.manifest.folder import index_folder
from dermaseg_monai.manifest.folds import folds as fold_manifests
from dermaseg_monai.manifest.groups import case_groups, group_of_case, groups_within
from dermaseg_monai.manifest.indirect_leaks import find_indirect_leaks, require_no_leaks
from dermaseg_monai.manifest.inspection import FINDING_KINDS, PROBLEM_KINDS, Finding, Inspection, inspect
from dermaseg_monai.manifest.leak_counts import Shared, count_shared, shown_value, write_leak_table
from dermaseg_monai.manifest.leak_sources import has_files, read_leak_source, write_leak_source
from dermaseg_monai.manifest.leaks import Leak, find_leaks, find_overlaps
from dermaseg_monai.manifest.licences import licence_counts, select_licences
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.merged_set import common_folder, merge
from dermaseg_monai.manifest.name_spellings import LikeNames, like_names
from dermaseg_monai.manifest.named_splits import NAMED_SPLITS, NamedSplit, named_split, split_by_name
from dermaseg_monai.manifest.near_leaks import (
    between_sides,
    find_near_leaks,
    find_near_ties,
    pictures_taking_part,
    require_no_near_leaks,
)
from dermaseg_monai.manifest.preparation import Prepared, prepare
from dermaseg_monai.manifest.problem import Problem
from dermaseg_monai.manifest.problem_table import counts_of, rows_of, write_problem_table
from dermaseg_monai.manifest.readers import READERS, index
from dermaseg_monai.manifest.scope import Scope, find_scope, read_scope
from dermaseg_monai.manifest.split import split_by_group, split_by_image, split_by_size
from dermaseg_monai.manifest.strata import StratumFit, stratum_fits
from dermaseg_monai.manifest.verification import require_verified, verify

__all__ = [
    "FINDING_KINDS",
    "NAMED_SPLITS",
    "PROBLEM_KINDS",
    "READERS",
    "RELEASES",
    "SPLITS",
    "Annotation",
    "Attribute",
    "Case",
    "ClassFrequency",
    "Divided",
    "Exclusion",
    "Fetched",
    "FileRecord",
    "Finding",
    "GivesWay",
    "Inspection",
    "Leak",
    "LikeNames",
    "Manifest",
    "MissedShare",
    "NamedSplit",
    "Prepared",
    "Problem",
    "Release",
    "Role",
    "Scope",
    "Shared",
    "Split",
    "StratumFit",
    "between_sides",
    "case_groups",
    "class_frequencies",
    "common_folder",
    "count_shared",
    "counts_of",
    "decathlon_datalist",
    "divided",
    "fetch_set",
    "find_indirect_leaks",
    "find_leaks",
    "find_near_leaks",
    "find_near_ties",
    "find_overlaps",
    "find_scope",
    "fold_manifests",
    "group_of_case",
    "groups_within",
    "has_files",
    "index",
    "index_decathlon",
    "index_folder",
    "inspect",
    "leak_free",
    "licence_counts",
    "like_names",
    "merge",
    "missed_shares",
    "named_split",
    "pictures_taking_part",
    "prepare",
    "read_leak_source",
    "read_scope",
    "require_no_leaks",
    "require_no_near_leaks",
    "require_verified",
    "rows_of",
    "select_licences",
    "shown_value",
    "split_by_group",
    "split_by_image",
    "split_by_name",
    "split_by_size",
    "stratum_fits",
    "verify",
    "write_decathlon_datalist",
    "write_exclusions",
    "write_leak_source",
    "write_leak_table",
    "write_problem_table",
]
