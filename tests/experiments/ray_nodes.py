"""Keeps a Ray cluster of this machine: a head, and nodes that come (`add`) and are killed (`kill`) by a word on stdin.

Each answer is one line: first the address of the head, then the process id of a node that came, `killed`.
"""

import sys
from typing import Any

from ray.cluster_utils import Cluster

SMALL: dict[str, Any] = {"num_cpus": 1, "num_gpus": 0, "memory": 2**30, "object_store_memory": 80 * 2**20}


def say(answer: str) -> None:
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


def main() -> None:
    cluster = Cluster(initialize_head=True, head_node_args={**SMALL, "include_dashboard": False})
    nodes = []
    try:
        say(cluster.address or "none")
        for word in sys.stdin:
            if word.strip() == "add":
                nodes.append(cluster.add_node(**SMALL))
                say(str(nodes[-1].all_processes["raylet"][0].process.pid))
            else:
                cluster.remove_node(nodes.pop(), allow_graceful=False)
                say("killed")
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
