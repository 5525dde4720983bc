"""Fills the frames of a store anew after an erasure: what they were filled with before names the erased."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from graph.frame.location import folder_of
from graph.store.port import GraphStore
from service.opening import filled_frame
from service.settings import NO_FRAME, Settings

_USUAL = ""  # the place of a frame that the settings do not name


def fill_frames_anew(store: GraphStore, settings: Settings) -> tuple[Path, ...]:
    """The frame of the settings, and one in the usual place that other settings, or none, have left there;
    the folders of those that could not be, and still hold something.
    """
    return tuple(_not_filled(store, settings))


def _not_filled(store: GraphStore, settings: Settings) -> Iterator[Path]:
    places = {settings.frame}
    if folder_of(store, _USUAL).exists():
        places.add(_USUAL)
    for place in sorted(places - {NO_FRAME}):
        folder = folder_of(store, place)
        frame = filled_frame(store, replace(settings, frame=place), store.revision())
        if frame is not None:
            frame.close()
        elif any(one.is_file() for one in folder.rglob("*")):
            yield folder
