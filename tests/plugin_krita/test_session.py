"""A session from the layers to the result, with a real daemon that inverts, and what cancelling leaves behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from krita_mock import Document, layer_names
from stepping import run

from raiha.backend.client.raiha_client import ClientError

RESULT = "object (harmonized: Exposure +0.25 EV, Saturation -10 %)"


def session_on(document: Document) -> Any:
    from krita_raiha.session import Session

    return Session(document, [document.topLevelNodes()[1]], "krita under test")


def options(**values: Any) -> Any:
    from krita_raiha.client.raiha_plugin import Options

    return Options(**values)


def test_harmonized_layer_is_the_daemons_answer(document: Document, daemon: Any) -> None:
    session = session_on(document)
    done = run(session.harmonize(options(strength=0.5, only="colour", references=("a.jpg",))))
    session.close()
    assert (done.layers, done.undo_steps, done.notes) == (["object"], 2, [])
    assert document.topLevelNodes()[2].pixels == b"\xfe\xfd\xfc\xff" * 3 + b"\xfe\xfd\xfc\x00"
    asked = daemon.pipeline.requests[0]
    assert (asked.strength, asked.only, asked.offset, [str(path) for path in asked.references]) == (
        0.5,
        "colour",
        (-1, 1),
        ["a.jpg"],
    )


def test_preview_is_asked_at_full_strength_and_changes_nothing(document: Document, daemon: Any) -> None:
    session, before = session_on(document), layer_names(document)
    result = run(session.preview(options(strength=0.25, only="luminance"), 768))
    session.close()
    assert set(result.preview) == {"before", "both", "colour", "luminance", "mask"}
    asked = daemon.pipeline.requests[0]
    assert (asked.strength, asked.only) == (1.0, None)
    assert (layer_names(document), document.undo_steps) == (before, 0)


def test_layers_are_copied_once_for_preview_and_result(document: Document, daemon: Any) -> None:
    session = session_on(document)
    run(session.preview(options(), 768))
    copies = list(session.copies)
    run(session.harmonize(options()))
    session.close()
    assert session.copies == copies


def test_cancel_reaches_the_daemon_and_leaves_the_document(document: Document, daemon: Any) -> None:
    from krita_raiha.session import Cancelled

    daemon.pipeline.may_finish.clear()
    session, before = session_on(document), layer_names(document)
    steps = session.harmonize(options())
    while not daemon.pipeline.started.is_set():
        next(steps)
    steps.throw(Cancelled())
    with pytest.raises(Cancelled):
        run(steps)
    session.close()
    # The daemon answers a cancel at once; its pipeline notices at its next step.
    while not daemon.pipeline.cancelled_jobs:
        time.sleep(0.005)
    assert (layer_names(document), document.undo_steps) == (before, 0)


def test_cancel_while_the_result_is_written_comes_too_late(document: Document, daemon: Any) -> None:
    from krita_raiha.session import Cancelled

    session = session_on(document)
    steps = session.harmonize(options())
    while next(steps) != ("writing", 1.0) or document.undo_steps == 0:
        pass
    steps.throw(Cancelled())
    done = run(steps)
    session.close()
    assert (done.undo_steps, document.undo_steps) == (2, 2)
    assert layer_names(document) == [("picture", True), ("object", False), (RESULT, True)]


def test_daemon_that_ends_in_the_middle_is_an_error_with_its_log(
    document: Document, start_daemon: Callable[..., Any]
) -> None:
    from krita_raiha.session import Session

    daemon = start_daemon()
    daemon.pipeline.may_finish.clear()
    session, before = session_on(document), layer_names(document)
    assert isinstance(session, Session)
    steps = session.harmonize(options())
    while not daemon.pipeline.started.is_set():
        next(steps)
    daemon.stop()
    with pytest.raises(Exception) as caught:
        run(steps)
    session.close()
    assert caught.value.sentence
    assert (layer_names(document), document.undo_steps) == (before, 0)


def test_without_daemon_and_command_the_error_says_so(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    from krita_raiha.client import raiha_client, raiha_plugin

    monkeypatch.setattr(raiha_plugin, "daemon_record", dict)
    with pytest.raises(raiha_client.ClientError) as caught:
        run(session_on(document).harmonize(options()))
    assert caught.value.code == "no-daemon"
    assert not isinstance(caught.value, ClientError), "the plug-in carries a client of its own"
