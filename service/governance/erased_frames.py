"""Fills the frames of a store anew after an erasure: what they were filled with before names the erased."""

from __future__ import annotations

from dataclasses import replace

from graph.frame.location import folder_of
from graph.store.port import GraphStore
from service.opening import filled_frame
from service.settings import NO_FRAME, Settings

_USUAL = ""  # the place of a frame that the settings do not name


def fill_frames_anew(store: GraphStore, settings: Settings) -> None:
    """The frame of the settings, and one in the usual place that other settings, or none, have left there."""
    places = {settings.frame}
    if folder_of(store, _USUAL).exists():
        places.add(_USUAL)
    for place in places - {NO_FRAME}:
        frame = filled_frame(store, replace(settings, frame=place), store.revision())
        if frame is not None:
            frame.close()
