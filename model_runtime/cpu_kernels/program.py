"""A list of steps that all threads walk through together, from one call.

A step is a function and a number of tasks; the threads take its tasks one by one. A step begins when those it comes
after are done, and a thread that arrives late finds its tasks taken: on a busy machine nobody waits for a thread that
has nothing to do. The threads are those of PyTorch's OpenMP, so that there is one pool and not two.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from llvmlite import ir

from model_runtime.cpu_kernels.native_code import I8, I32, I64, POINTER, Function

_PROTOTYPE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_PRODUCTS_WORTH_THREADS = 10_000_000  # some 0.3 milliseconds of one core for one token, whose weights come from memory
_SPINS_BEFORE_YIELDING = 4096  # some 50 microseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`function`: the address of void f(arguments*, task). `stage`: steps of one stage may run beside each other and
    begin when the stage before is done."""

    function: int
    arguments: ctypes.Structure
    tasks: int
    stage: int


class _StepRecord(ctypes.Structure):
    _fields_ = (
        ("function", ctypes.c_void_p),
        ("arguments", ctypes.c_void_p),
        ("tasks", ctypes.c_int64),
        ("needs_from", ctypes.c_int64),  # steps needs_from .. needs_to must be done
        ("needs_to", ctypes.c_int64),
    )


class _ProgramRecord(ctypes.Structure):
    _fields_ = (
        ("steps", ctypes.c_void_p),
        ("counters", ctypes.c_void_p),  # int64 [steps, 2]: the next task, tasks done
        ("count", ctypes.c_int64),
    )


class Program:
    """Steps in order of their stages. Their arguments may be changed between runs, not while one is under way."""

    def __init__(self, run: int, steps: Sequence[Step]) -> None:
        self._run = run  # the address of `walk`
        self._steps = tuple(steps)  # keeps the arguments alive
        records = (_StepRecord * len(steps))()
        stages = [step.stage for step in steps]
        assert stages == sorted(stages)
        for record, step in zip(records, steps, strict=True):
            before = [index for index, stage in enumerate(stages) if stage == step.stage - 1]
            record.function, record.arguments = step.function, ctypes.addressof(step.arguments)
            record.tasks = step.tasks
            record.needs_from, record.needs_to = (before[0], before[-1] + 1) if before else (0, 0)
        self._records = records
        self._counters = (ctypes.c_int64 * (2 * len(steps)))()
        self._record = _ProgramRecord(ctypes.addressof(records), ctypes.addressof(self._counters), len(steps))

    def run(self, *, products: int) -> None:
        """Do all steps; returns when the last is done. `products`: multiplications in all, roughly.

        Little work is done on this thread alone: waiting for another, which may have to wait for its turn, costs more.
        """
        ctypes.memset(self._counters, 0, ctypes.sizeof(self._counters))
        team, threads = _team(), torch.get_num_threads() if products > _PRODUCTS_WORTH_THREADS else 1
        if team is None or threads == 1:
            _PROTOTYPE(self._run)(ctypes.addressof(self._record))
        else:
            team(self._run, ctypes.addressof(self._record), threads, 0)


@cache
def _team() -> Callable[[int, int, int, int], None] | None:
    """OpenMP's entry to the threads that PyTorch uses too; None where PyTorch brings another OpenMP than GNU's."""
    for path in sorted((Path(torch.__file__).parent / "lib").glob("libgomp*.so*")):
        start: Callable[[int, int, int, int], None] = ctypes.CDLL(str(path)).GOMP_parallel
        start.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]  # type: ignore[attr-defined]
        start.restype = None  # type: ignore[attr-defined]
        return start
    return None


def describe_walk(module: ir.Module) -> None:
    """walk(program*): what each thread does."""
    f = Function(module, "walk", [POINTER], is_inner=False)
    steps, counters, count = f.fields(_ProgramRecord, "steps", "counters", "count")
    with f.loop(count) as index:
        record = f.at(I8, steps, f.times(index, ctypes.sizeof(_StepRecord)))
        first, last = (_load(f, record, name, I64) for name in ("needs_from", "needs_to"))
        with f.loop(last, start=first) as needed:
            needed_record = f.at(I8, steps, f.times(needed, ctypes.sizeof(_StepRecord)))
            _wait(f, f.at(I64, counters, f.times(needed, 2), 1), _load(f, needed_record, "tasks", I64))
        _take_tasks(f, record, f.at(I64, counters, f.times(index, 2)))
    f.finish()


def _load(f: Function, record: ir.Value, name: str, kind: ir.Type) -> ir.Value:
    return f.load(kind, f.at(I8, record, getattr(_StepRecord, name).offset))


def _take_tasks(f: Function, record: ir.Value, counter: ir.Value) -> None:
    """Take tasks of a step until none is left."""
    builder = f.builder
    kernel = ir.FunctionType(ir.VoidType(), [POINTER, I64]).as_pointer()
    function, arguments = _load(f, record, "function", kernel), _load(f, record, "arguments", POINTER)
    tasks = _load(f, record, "tasks", I64)
    take, work, after = (f.function.append_basic_block(name) for name in ("take", "work", "taken"))
    builder.branch(take)
    builder.position_at_end(take)
    task = builder.atomic_rmw("add", counter, f.number(1), "monotonic")
    builder.cbranch(builder.icmp_signed("<", task, tasks), work, after)
    builder.position_at_end(work)
    builder.call(function, [arguments, task])
    builder.atomic_rmw("add", f.at(I64, counter, 1), f.number(1), "release")
    builder.branch(take)
    builder.position_at_end(after)


def _wait(f: Function, done: ir.Value, tasks: ir.Value) -> None:
    """Spin until that many tasks are done; give the core away when it takes long."""
    builder = f.builder
    spins = f.variable(I64, f.number(0))
    look, rest, give_way, after = (f.function.append_basic_block(name) for name in ("look", "rest", "yield", "go"))
    builder.branch(look)
    builder.position_at_end(look)
    found = builder.load_atomic(done, "acquire", 8, typ=I64)
    builder.cbranch(builder.icmp_signed("<", found, tasks), rest, after)
    builder.position_at_end(rest)
    if platform.machine() in ("x86_64", "AMD64"):
        f.intrinsic("llvm.x86.sse2.pause", ir.VoidType(), [])
    spun = builder.add(f.load(I64, spins), f.number(1))
    builder.store(spun, spins)
    builder.cbranch(builder.icmp_signed(">", spun, f.number(_SPINS_BEFORE_YIELDING)), give_way, look)
    builder.position_at_end(give_way)
    f.intrinsic("sched_yield", I32, [])
    builder.branch(look)
    builder.position_at_end(after)
