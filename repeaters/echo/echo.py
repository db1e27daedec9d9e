#!/usr/bin/env python3
"""The echo repeater in Python: actions that do nothing but use every part of a call."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sdk" / "python"))
import turret  # noqa: E402

HARMLESS = {"read_only": True, "destructive": False, "idempotent": True, "open_world": False}
TEXT = {"text": {"type": "string", "maxLength": 65536}}
BLOCK = b"x" * 65536


@turret.action("say", title="Say a text", params=TEXT, **HARMLESS)
def say(call):
    call.stdout.write(call.params["text"] + "\n")


@turret.action("stderr", title="Say a text on stderr", params=TEXT, **HARMLESS)
def stderr(call):
    call.stderr.write(call.params["text"] + "\n")


@turret.action("cat", title="Say what comes in on stdin", stdin=True, **HARMLESS)
def cat(call):
    for data in call.stdin:
        call.stdout.write(data)


@turret.action("fail", title="End with an exit code", params={"exit": {"type": "integer", "minimum": 0, "maximum": 255}}, **HARMLESS)
def fail(call):
    return call.params["exit"]


@turret.action("slow", title="Wait, then say so", params={"ms": {"type": "integer", "minimum": 0, "maximum": 3600000}}, **HARMLESS)
def slow(call):
    call.wait(call.params["ms"] / 1000)
    call.stdout.write("done\n")


@turret.action("flood", title="Say so many bytes", params={"bytes": {"type": "integer", "minimum": 0, "maximum": 1099511627776}}, **HARMLESS)
def flood(call):
    left = call.params["bytes"]
    while left > 0:
        call.stdout.write(BLOCK[:left])
        left -= len(BLOCK)


turret.serve(version="1.0.0")
