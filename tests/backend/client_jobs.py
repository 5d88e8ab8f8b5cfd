"""Layers of noise, and jobs that are sent and waited for through a client."""

from __future__ import annotations

import numpy as np

from raiha.backend.client.raiha_client import Client, Frame, Job


def frame(pixels: np.ndarray, order: str = "RGBA") -> Frame:
    height, width = pixels.shape[:2]
    return Frame(pixels.tobytes(), width, height, order, pixels.dtype.name)


def noise(height: int = 20, width: int = 30, channels: int = 4, dtype: str = "uint8") -> np.ndarray:
    random = np.random.default_rng(height * width + channels)
    if dtype.startswith("float"):
        return random.random((height, width, channels)).astype(dtype)
    return random.integers(0, np.iinfo(dtype).max, (height, width, channels), dtype, endpoint=True)


def pixels_of(result: Frame) -> np.ndarray:
    return np.frombuffer(result.data, result.dtype).reshape(result.height, result.width, -1)


def send(client: Client, layer: np.ndarray | None = None) -> Job:
    pixels = noise() if layer is None else layer
    return client.harmonize(frame(pixels), frame(noise(40, 50)))


def finish(job: Job) -> Job:
    while not job.finished:
        job.poll(0.1)
    return job
