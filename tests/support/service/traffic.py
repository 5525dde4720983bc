"""Decision engines that ask a running service without a pause."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.support.service.running_service import Running
from tests.support.small_service import body


def somebody(number: int, n: int) -> dict[str, Any]:
    """A request of the engine with that number, its nth."""
    return body(f"live-{number}-{n}", applicant_id=f"p{(number * 7 + n) % 90:03d}")


class Traffic:
    """Four engines that ask until the block ends; every answer is kept, and whatever is none."""

    def __init__(self, service: Running, request: Callable[[int, int], dict[str, Any]] = somebody) -> None:
        self._service, self._request, self._over = service, request, threading.Event()
        self.answers, self.wrong = list[dict[str, Any]](), list[object]()
        self._engines = [threading.Thread(target=self._ask, args=(number,)) for number in range(4)]

    def __enter__(self) -> Traffic:
        for engine in self._engines:
            engine.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for engine in self._engines:
            engine.join()

    def _ask(self, number: int) -> None:
        n = 0
        while not self._over.is_set():
            n += 1
            reported = self._request(number, n)
            try:
                status, data = self._service.ask("POST", "/risk", reported, **{"X-Timeout-Ms": "30000"})
            except OSError as error:
                self.wrong.append(error)
                continue
            if status == 200:
                self.answers.append(json.loads(data))
            else:
                self.wrong.append((status, data))

    def until(self, version: str) -> None:
        """Until twenty answers in a row are of that version: both workers have it."""
        wait_for(lambda: self._last_are(version))

    def more(self, answers: int) -> None:
        """Until there are so many more."""
        enough = len(self.answers) + answers
        wait_for(lambda: len(self.answers) >= enough)

    def of(self, version: str) -> list[dict[str, Any]]:
        """The answers of a version."""
        return [one for one in self.answers if one["models"][0]["version"] == version]

    def _last_are(self, version: str) -> bool:
        last = self.answers[-20:]
        return len(last) == 20 and {answer["models"][0]["version"] for answer in last} == {version}


def wait_for(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + 300  # a killed shadow of the lowest priority takes minutes on a busy machine
    while not happens():
        assert time.monotonic() < until
        time.sleep(0.05)
