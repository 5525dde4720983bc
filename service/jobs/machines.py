"""How many machines serve on one casebook, so that a caller's limit holds for all of them together."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from investigations.casebook import Casebook
from service.clock import system_clock
from service.jobs.machine_terms import MachineTerms
from service.leases import LASTS, Lease

log = logging.getLogger("ringfence.machines")
EVERY_S = LASTS.total_seconds() / 4
APART = timedelta(seconds=2)  # clocks, before somebody should know
_NAME = "machine:"  # of a lease in the casebook, before the machine's own random number


class Machines:
    """One look a step: this machine's lease is renewed, and those of all machines are counted.

    `folder` is shared by the workers of this machine, who are one machine together; without one this process
    is one by itself. A machine that died is counted until its lease ends, one that left no more. `terms`: by
    which settings this one answers, which the others read.
    """

    def __init__(
        self,
        casebook: Casebook,
        folder: Path | None,
        clock: Callable[[], datetime],
        terms: MachineTerms | None = None,
    ) -> None:
        self._casebook, self._clock, self._terms = casebook, clock, terms
        self._number = number_of(folder)
        owner = f"{self._number} {terms}" if terms else self._number
        self._lease = Lease(casebook, _NAME + self._number, clock, owner)
        self.count = 1
        self._is_apart = False
        self._otherwise: tuple[str, ...] = ()

    def leave(self) -> None:
        """This machine serves no more, whichever of its processes says so. Raises StoreUnavailableError."""
        self._casebook.give_back_lease(_NAME + self._number)

    def step(self) -> bool:
        """Count anew; nothing is left to do afterwards. Raises StoreUnavailableError: the last count goes
        on.
        """
        self._lease.take()
        owners = self._casebook.lease_owners(_NAME, self._clock(), LASTS)
        count = max(1, len(owners))
        if count != self.count:
            log.info("machines that serve on this casebook: %d; each lets through its part of a limit", count)
        self.count = count
        if self._terms is not None:
            self._compare(self._terms.otherwise(_terms_of(owners)))
        self._look_at_the_clock()
        return True

    def _compare(self, otherwise: tuple[str, ...]) -> None:
        """Say it once where another machine answers by other settings."""
        if otherwise and otherwise != self._otherwise:
            log.warning(
                "a machine that serves on this casebook has other settings than this one, so that the same "
                "request may be answered otherwise there: %s",
                ", ".join(otherwise),
            )
        elif self._otherwise and not otherwise:
            log.info("all machines that serve on this casebook have the same settings again")
        self._otherwise = otherwise

    def _look_at_the_clock(self) -> None:
        """Say it once where this machine's clock is not the casebook's."""
        there = self._casebook.moment()
        ahead = timedelta() if there is None else there - system_clock()
        is_apart = abs(ahead) > APART
        if is_apart and not self._is_apart:
            log.warning(
                "this machine's clock is %.0f s %s the casebook's, by which moments are told here: keep all "
                "machines' clocks together (NTP), those of loads and reviews too",
                abs(ahead).total_seconds(),
                "behind" if ahead > timedelta() else "ahead of",
            )
        elif self._is_apart and not is_apart:
            log.info("this machine's clock is the casebook's again")
        self._is_apart = is_apart


def others_now(casebook: Casebook, now: datetime) -> list[MachineTerms]:
    """By which settings the machines answer that serve on a casebook now. Raises StoreUnavailableError."""
    return _terms_of(casebook.lease_owners(_NAME, now, LASTS))


def _terms_of(owners: Sequence[str]) -> list[MachineTerms]:
    read = (MachineTerms.read(owner.partition(" ")[2]) for owner in owners)
    return [one for one in read if one is not None]


def number_of(folder: Path | None) -> str:
    """A machine's random number, the same for all who share the folder."""
    number = secrets.token_hex(12)
    if folder is None:
        return number
    path, beside = folder / "machine", folder / f".machine.{number}"
    if path.exists():
        return path.read_text(encoding="ascii")
    try:  # whole or not at all: a worker that is killed leaves no empty file to the others
        beside.write_text(number, encoding="ascii")
        path.hardlink_to(beside)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    except OSError as error:
        log.warning("%s takes no links (%s): each worker counts as a machine", folder, error.strerror)
    finally:
        beside.unlink(missing_ok=True)
    return number
