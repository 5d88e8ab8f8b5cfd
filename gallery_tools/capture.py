"""When, with what and where photos were taken, and what follows from it: the same light, the same burst."""

from __future__ import annotations

import math
from dataclasses import dataclass

_HOUR = 3600
_SAME_PLACE_KM = 1.0
_BURST_SECONDS = 2
_EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True)
class Capture:
    """When, with what and where a photo was taken, as far as its EXIF tells.

    Attributes:
        taken: by the camera's clock, as seconds since 1970 of a clock without time zone.
        camera: maker, model and serial number.
        latitude: degrees north.
        longitude: degrees east.
    """

    taken: int | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None


UNKNOWN_CAPTURE = Capture()


def hour_around(capture: Capture) -> tuple[int, int] | None:
    """Return the first and the last second of the times that count as the same hour; None when the time is unknown."""
    return None if capture.taken is None else (capture.taken - _HOUR, capture.taken + _HOUR)


def same_hour_and_place(one: Capture, other: Capture) -> bool:
    """Whether two photos are of the same hour and place, so that the light was most likely the same.

    Where one of them has no position, the same camera stands for the same place: it cannot have gone far in an hour.
    """
    if one.taken is None or other.taken is None or abs(one.taken - other.taken) > _HOUR:
        return False
    distance = _distance_km(one, other)
    if distance is None:
        return one.camera is not None and one.camera == other.camera
    return distance <= _SAME_PLACE_KM


def same_burst(one: Capture, other: Capture) -> bool:
    """Whether a camera took both photos in one go."""
    if one.taken is None or other.taken is None or one.camera is None:
        return False
    return one.camera == other.camera and abs(one.taken - other.taken) <= _BURST_SECONDS


def _distance_km(one: Capture, other: Capture) -> float | None:
    """Return the distance along the ground by the haversine formula; None unless both positions are known."""
    degrees = one.latitude, one.longitude, other.latitude, other.longitude
    if None in degrees:
        return None
    north, east, other_north, other_east = (math.radians(degree) for degree in degrees if degree is not None)
    half_chord = (
        math.sin((other_north - north) / 2) ** 2
        + math.cos(north) * math.cos(other_north) * math.sin((other_east - east) / 2) ** 2
    )
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half_chord)))
