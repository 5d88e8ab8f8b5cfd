"""Asks the daemon for the layer's own pixels in what is seen of a zoomed preview."""

from __future__ import annotations

import math
import time

from client.raiha_client import Client, Job
from client.raiha_plugin import Area, Composite, send_view
from pictures import Picture
from view import View

_STILL_SECONDS = 0.08
"""How long the view has to stand still before pixels are asked for."""
_LEAST_SIDE, _MOST_SIDE = 16, 4096


class DetailRequests:
    """One request at a time, for what was seen last.

    Args:
        composite: the layer in its picture.
    """

    def __init__(self, composite: Composite) -> None:
        self._composite = composite
        self._wanted: tuple[float, Area, int] | None = None
        self._job: Job | None = None
        self._area: Area = (0, 0, 1, 1)

    def look_at(self, view: View, whole: Picture) -> None:
        """Take what is seen now; nothing is asked for where the preview has pixels enough."""
        self.stop()
        if view.needs_detail:
            area = _area(view, whole, self._composite)
            # From 1:1 on all of the area's pixels are wanted, which may be cut at the edges of what is shown.
            side = max(area[2:]) if view.zoom >= view.detail else max(view.shown())
            self._wanted = time.monotonic(), area, side

    def stop(self) -> None:
        """Ask for nothing."""
        self._wanted = None
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def poll(self, client: Client, whole: Picture) -> Picture | None:
        """Return the pixels once they are there; send what is to be asked for. Never waits.

        Raises:
            ClientError: the daemon refused, or has gone.
        """
        if self._wanted is not None and time.monotonic() - self._wanted[0] >= _STILL_SECONDS:
            _, self._area, side = self._wanted
            self._wanted = None
            side = min(max(side, _LEAST_SIDE), _MOST_SIDE)
            finish = whole.found.adjustments.get("finish")
            self._job = send_view(client, self._composite, self._area, side, finish)
        if self._job is None:
            return None
        self._job.poll()
        if self._job.error is not None:
            error, self._job = self._job.error, None
            raise error
        if self._job.result is None:
            return None
        result, self._job = self._job.result, None
        return Picture(result._replace(window=self._area), whole.found)


def _area(view: View, whole: Picture, composite: Composite) -> Area:
    """Return what is seen, in pixels of the background."""
    part, (x, y, *_) = view.seen(), whole.window
    left, top = x + math.floor(part.left * whole.detail), y + math.floor(part.top * whole.detail)
    right, bottom = x + math.ceil(part.right * whole.detail), y + math.ceil(part.bottom * whole.detail)
    right, bottom = min(right, composite.background.width), min(bottom, composite.background.height)
    left, top = min(max(left, 0), right - 1), min(max(top, 0), bottom - 1)
    return left, top, right - left, bottom - top
