"""Running steps in the order of what they need, independent ones at the same time."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter

from ._progress import Progress
from ._step import Step
from ._workspace import Children, SetupError, Shell, Workspace

_AT_ONCE = 2  # downloads overlap builds; a Go build uses every core by itself
_TAIL = 15  # lines of a failed step's log to show


def bring_up(steps: Sequence[Step], workspace: Workspace, progress: Progress) -> None:
    """Build every step that isn't current; SetupError at the first that fails, after ending the others."""
    by_name = {step.name: step for step in steps}
    order = TopologicalSorter({step.name: step.needs for step in steps})
    keys: dict[str, str] = {}
    children = Children()
    running: dict[Future[None], str] = {}

    def build(step: Step) -> None:
        if children.ended:
            return
        progress.start(step.name, step.does)
        shell = Shell(workspace, workspace.logs / f"{step.name}.log", children)
        try:
            step.produce(workspace, keys[step.name], shell)
        except Exception as error:
            if children.ended:
                progress.end(step.name, "stopped")
                return
            children.end()
            progress.end(step.name, "failed")
            raise _explained(step, shell, error) from error
        progress.end(step.name, "done")

    order.prepare()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            while order.is_active():
                for name in order.get_ready():
                    step = by_name[name]
                    keys[name] = step.key(workspace.root, [keys[need] for need in step.needs])
                    if step.current(workspace, keys[name]):
                        progress.cached(name, step.does)
                        order.done(name)
                    else:
                        running[pool.submit(build, step)] = name
                if running:
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        future.result()
                        order.done(running.pop(future))
        except BaseException:
            children.end()
            raise


def _explained(step: Step, shell: Shell, error: Exception) -> SetupError:
    """What a user reads: the end of the log, where all of it is, and what to do."""
    if isinstance(error, SetupError):
        return error
    tail = "\n".join(f"  | {line}" for line in shell.log.read_text(errors="replace").splitlines()[-_TAIL:])
    why = f"exit code {error.returncode}" if isinstance(error, subprocess.CalledProcessError) else str(error)
    return SetupError(
        f"\n{step.does}: failed ({why}). The end of its log:\n{tail}\n\nAll of it: {shell.log}\n"
        "If a download failed, check the network, and which registries pip, npm and Go are told to use.\n"
        "Then run the same command again: the steps that were finished are kept."
    )
