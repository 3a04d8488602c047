"""Cases that belong together: one lesion, one patient, one `group`, or the same picture."""

from collections import defaultdict
from collections.abc import Sequence

from dermaseg_monai.manifest.case import Case
from dermaseg_monai.manifest.leaks import shared_keys


def case_groups(cases: Sequence[Case]) -> list[list[Case]]:
    """Return the cases joined by what they share, directly or through others; each group in the order of ids."""
    parent = {case.id: case.id for case in cases}

    def head(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    first: dict[tuple[str, str], str] = {}
    for case in cases:
        for tie in shared_keys(case):
            parent[head(case.id)] = head(first.setdefault(tie, case.id))
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[head(case.id)].append(case)
    return list(groups.values())


def groups_within(cases: Sequence[Case], among: Sequence[Case]) -> list[list[Case]]:
    """Return the groups of some cases, tied also through the others of `among`; each in the order of `cases`.

    A case that is excluded, or stands on a side that is not asked for, still says that two others show one person.
    """
    names = group_of_case(among)
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[names[case.id]].append(case)
    return list(groups.values())


def group_of_case(cases: Sequence[Case]) -> dict[str, str]:
    """Return the name of each case's group by the id of the case: the id of the first case of the group."""
    return {case.id: group[0].id for group in case_groups(cases) for case in group}


def ties_left_behind(cases: Sequence[Case], among: Sequence[Case]) -> dict[str, str]:
    """Return by id the name of the group of those `cases` that only others of `among` tie together.

    Who writes a set without those others writes this as the attribute `group`; otherwise nothing would say any more
    that the cases belong together. It is no group that the set itself could name.
    """
    apart = group_of_case(cases)
    names = group_of_case(among)
    return {
        case.id: f"with case {names[case.id]}"
        for group in groups_within(cases, among)
        if len({apart[case.id] for case in group}) > 1
        for case in group
    }
