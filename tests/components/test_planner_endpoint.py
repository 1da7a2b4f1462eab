"""A planner behind an endpoint, against a server of ours that speaks the protocol; and its transcripts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bizra_lab.components._planner_cases import AcceptedCall, Answer, Call, Case, Tool
from bizra_lab.components._planner_checker import judge_answer
from bizra_lab.components._planner_endpoint import (
    Endpoint,
    EndpointFailed,
    EndpointGarbled,
    EndpointSettings,
    EndpointTimedOut,
    EndpointUnreachable,
    request_body,
    wire_names,
)
from bizra_lab.components._planner_node0 import node0_cases
from bizra_lab.components._planner_offline import OfflinePlanner
from bizra_lab.components._planner_transcripts import Recorded, Replayed, read_transcripts
from bizra_lab.components.planner import Settings, cases_of, evaluate, planner_eval, planner_of
from bizra_lab.errors import SettingsError, Unreadable, Unwritable
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.settings import digest

KEY = "sk-a-secret-of-mine"
NOW_NS = MonotonicClock().now_ns

TOOL = Tool("math.hypot", "The hypotenuse.", {"type": "object", "properties": {"x": {"type": "number"}}})
CASE = Case("1", "simple", "How long is it?", (TOOL,), (AcceptedCall("math.hypot", {"x": (3,)}),))

Reply = tuple[int, dict[str, str], bytes]


class _Server(ThreadingHTTPServer):
    """What was asked is kept; what is replied is a function of the request and of how many there were before."""

    daemon_threads = False

    def __init__(self, reply: Callable[[dict[str, Any], int], Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = reply
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.lock = threading.Lock()
        self.under_way = 0
        self.most_under_way = 0

    def handle_error(self, *_: Any) -> None:
        """A client that has gone is what some tests are about."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            number = len(self.server.asked)
            self.server.asked.append((self.path, dict(self.headers), body))
            self.server.under_way += 1
            self.server.most_under_way = max(self.server.most_under_way, self.server.under_way)
        status, headers, said = self.server.reply(body, number)
        with self.server.lock:
            self.server.under_way -= 1
        self.send_response(status)
        for name, value in {"Content-Length": str(len(said)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        pass


Serve = Callable[[Callable[[dict[str, Any], int], Reply]], _Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers, each with its own replies; they end with the test."""
    started: list[tuple[_Server, threading.Thread]] = []

    def start(reply: Callable[[dict[str, Any], int], Reply]) -> _Server:
        server = _Server(reply)
        thread = threading.Thread(target=partial(server.serve_forever, 0.01))
        thread.start()
        started.append((server, thread))
        return server

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


def _completion(*calls: tuple[str, Any], text: str | None = None, **more: Any) -> bytes:
    called = [{"id": "c", "type": "function", "function": {"name": name, "arguments": said}} for name, said in calls]
    message = {"role": "assistant", "content": text} | ({"tool_calls": called} if called else {})
    return json.dumps({"choices": [{"index": 0, "message": message}], **more}).encode()


def _always(body: bytes, status: int = 200, **headers: str) -> Callable[[dict[str, Any], int], Reply]:
    return lambda _, __: (status, headers, body)


RIGHT = _completion(("math_hypot", '{"x": 3}'), usage={"prompt_tokens": 40, "completion_tokens": 10})


def _endpoint(server: _Server, waits: list[float] | None = None, **settings: Any) -> Endpoint:
    environment = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY}
    wait = (lambda _: None) if waits is None else waits.append
    return Endpoint(EndpointSettings(model="small", **settings), environment, NOW_NS, wait)


class TestARequest:
    def test_goes_to_chat_completions_with_the_key_the_messages_and_the_tools(self, serve: Serve) -> None:
        server = serve(_always(RIGHT))
        _endpoint(server, temperature=0.5)(CASE)
        ((path, headers, body),) = server.asked
        assert ("/v1/chat/completions", f"Bearer {KEY}") == (path, headers["Authorization"])
        assert [{"role": "user", "content": "How long is it?"}] == body["messages"]
        assert ("small", 0.5) == (body["model"], body["temperature"])
        assert "math_hypot" == body["tools"][0]["function"]["name"]

    def test_without_a_key_has_no_authorization(self, serve: Serve) -> None:
        server = serve(_always(RIGHT))
        Endpoint(EndpointSettings(model="small"), {"OPENAI_BASE_URL": server.url}, NOW_NS)(CASE)
        assert "Authorization" not in server.asked[0][1]

    @pytest.mark.parametrize("url", ["", "ftp://host/v1", "https://me:word@host/v1", "host"])
    def test_needs_a_url_which_is_not_repeated_in_the_error(self, url: str) -> None:
        with pytest.raises(SettingsError, match="OPENAI_BASE_URL: expected a base URL") as refused:
            Endpoint(EndpointSettings(model="small"), {"OPENAI_BASE_URL": url}, NOW_NS)
        assert "word" not in str(refused.value)

    def test_names_tools_as_the_protocol_takes_them_each_once(self) -> None:
        tools = tuple(replace(TOOL, name=name) for name in ("a.b", "a_b", "a b", "x" * 70, "x" * 80))
        names = wire_names(tools)
        assert ("a_b", "a_b_2", "a_b_3") == names[:3]
        assert 5 == len(set(names))
        assert all(len(each) <= 64 for each in names)

    def test_waits_while_as_many_as_allowed_are_under_way(self, serve: Serve) -> None:
        both_there = threading.Barrier(2)

        def reply(_: dict[str, Any], __: int) -> Reply:
            both_there.wait(5)
            threading.Event().wait(0.01)  # for a third to come, if one may
            return 200, {}, RIGHT

        server = serve(reply)
        evaluate([replace(CASE, id=str(number)) for number in range(8)], _endpoint(server, concurrency=2), "mine", 8)
        assert 2 == server.most_under_way


class TestAnAnswer:
    def test_has_the_tools_own_name_tokens_cost_latency_and_tries(self, serve: Serve) -> None:
        answer = _endpoint(serve(_always(RIGHT)), usd_input=1.0, usd_output=4.0)(CASE)
        assert (Call("math.hypot", '{"x": 3}'),) == answer.calls
        assert (40, 10, 1) == (answer.input_tokens, answer.output_tokens, answer.attempts)
        assert 0.00008 == pytest.approx(answer.cost_usd)
        assert answer.latency_ns is not None and answer.latency_ns > 0
        assert None is judge_answer(CASE, answer).failure

    def test_without_usage_or_prices_has_no_tokens_and_no_cost(self, serve: Serve) -> None:
        answer = _endpoint(serve(_always(_completion(text="No."))), usd_input=1.0, usd_output=1.0)(CASE)
        assert ((), "No.", None, None) == (answer.calls, answer.text, answer.input_tokens, answer.cost_usd)
        assert None is _endpoint(serve(_always(RIGHT)))(CASE).cost_usd

    def test_keeps_arguments_that_are_no_json_for_the_judge(self, serve: Serve) -> None:
        answer = _endpoint(serve(_always(_completion(("math_hypot", '{"x": 3')))))(CASE)
        assert False is judge_answer(CASE, answer).json_valid

    def test_may_have_arguments_as_an_object(self, serve: Serve) -> None:
        assert (
            None is judge_answer(CASE, _endpoint(serve(_always(_completion(("math_hypot", {"x": 3})))))(CASE)).failure
        )

    @pytest.mark.parametrize(
        "body",
        [
            b"<html>",
            b"[]",
            b'{"choices": []}',
            b'{"choices": [{"message": {"content": 5}}]}',
            b'{"choices": [{"message": {"tool_calls": [{"function": {"name": null, "arguments": "{}"}}]}}]}',
            b'{"choices": [{"message": {"tool_calls": [{}]}}]}',
            b"\xff",
        ],
    )
    def test_of_another_protocol_is_garbled_in_one_line(self, serve: Serve, body: bytes) -> None:
        with pytest.raises(EndpointGarbled, match="not an answer of the protocol") as garbled:
            _endpoint(serve(_always(body)))(CASE)
        assert "\n" not in str(garbled.value)


class TestTrouble:
    def test_that_may_pass_is_tried_again_after_waits_that_double(self, serve: Serve) -> None:
        waits: list[float] = []
        server = serve(lambda _, number: (200, {}, RIGHT) if number == 2 else (503, {}, b"busy"))
        assert 3 == _endpoint(server, waits, retry_wait_s=0.5)(CASE).attempts
        assert [0.5, 1.0] == waits

    def test_is_waited_out_for_as_long_as_the_server_asks_within_reason(self, serve: Serve) -> None:
        waits: list[float] = []
        asked = ("7", "86400", "Wed, 21 Oct 2026 07:28:00 GMT")
        server = serve(
            lambda _, number: (200, {}, RIGHT) if number == 3 else (429, {"Retry-After": asked[number]}, b"")
        )
        assert 4 == _endpoint(server, waits, retries=3)(CASE).attempts
        assert [7.0, 60.0, 4.0] == waits

    def test_that_stays_is_told_with_the_status(self, serve: Serve) -> None:
        server = serve(_always(b"still busy", 500))
        with pytest.raises(EndpointFailed, match="the server answered 500: still busy") as failed:
            _endpoint(server, retries=1)(CASE)
        assert ("EndpointStatus500", 2) == (type(failed.value).__name__, len(server.asked))

    def test_that_does_not_pass_is_not_tried_again(self, serve: Serve) -> None:
        server = serve(_always(b"no such model", 404))
        with pytest.raises(EndpointFailed, match="404"):
            _endpoint(server)(CASE)
        assert 1 == len(server.asked)

    def test_never_repeats_the_key_that_the_server_repeats(self, serve: Serve) -> None:
        with pytest.raises(EndpointFailed) as failed:
            _endpoint(serve(_always(f"bad key {KEY}\nsecond line".encode(), 401)))(CASE)
        assert "the server answered 401: bad key … second line" == str(failed.value)

    def test_is_not_led_elsewhere(self, serve: Serve) -> None:
        elsewhere = serve(_always(RIGHT))
        server = serve(_always(b"", 307, Location=elsewhere.url))
        with pytest.raises(EndpointFailed, match="307"):
            _endpoint(server)(CASE)
        assert [] == elsewhere.asked

    def test_of_nobody_listening_is_unreachable(self, serve: Serve) -> None:
        server = serve(_always(RIGHT))
        environment = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
        with pytest.raises(EndpointUnreachable):
            Endpoint(EndpointSettings(model="small", retries=1), environment, NOW_NS, lambda _: None)(CASE)
        assert [] == server.asked

    def test_of_silence_is_timed_out(self, serve: Serve) -> None:
        over = threading.Event()
        server = serve(lambda _, __: (over.wait(5) and None) or (200, {}, RIGHT))
        with pytest.raises(EndpointTimedOut, match=r"no answer within 0\.05 s"):
            _endpoint(server, timeout_s=0.05, retries=0)(CASE)
        over.set()

    def test_of_an_answer_that_is_cut_is_unreachable(self, serve: Serve) -> None:
        server = serve(lambda _, __: (200, {"Content-Length": str(len(RIGHT) + 10), "Connection": "close"}, RIGHT))
        with pytest.raises(EndpointUnreachable, match="ended before the answer did"):
            _endpoint(server, retries=0)(CASE)


def _planning_server(serve: Serve) -> _Server:
    """A server whose model is the offline planner, on the requests for Node0."""
    cases = {each.words: each for each in node0_cases("held_out")}
    planner = OfflinePlanner()

    def reply(body: dict[str, Any], _: int) -> Reply:
        answer = planner(cases[body["messages"][-1]["content"]])
        return (
            200,
            {},
            _completion(*((each.name, each.arguments) for each in answer.calls), text="" if answer.calls else "No."),
        )

    return serve(reply)


class TestTranscripts:
    SETTINGS = Settings(planner="endpoint", endpoint=EndpointSettings(model="small", concurrency=2))

    @pytest.fixture
    def recorded(self, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Settings, _Server]:
        """Thirty cases recorded from a server, which is still there."""
        server = _planning_server(serve)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        settings = replace(self.SETTINGS, transcripts=str(tmp_path / "kept" / "small.jsonl"))
        cases = cases_of(settings)[:30]
        evaluate(cases, planner_of(settings, cases, NOW_NS), settings.name, concurrency=8)
        return settings, server

    def test_replay_exactly_without_the_server(self, recorded: tuple[Settings, _Server]) -> None:
        settings, server = recorded
        cases = cases_of(settings)[:30]
        asked = len(server.asked)
        replay = replace(settings, planner="transcripts")
        one, other = (evaluate(cases, planner_of(replay, cases, NOW_NS), replay.name) for _ in range(2))
        assert planner_eval(one) == planner_eval(other)
        assert [OfflinePlanner()(each).calls for each in cases] == [
            each.answer.calls if each.answer else None for each in one.evaluated
        ]
        assert asked == len(server.asked)

    def test_hold_no_key(self, recorded: tuple[Settings, _Server]) -> None:
        text = Path(recorded[0].transcripts or "").read_text(encoding="utf-8")
        assert 30 == text.count('"request"')
        assert KEY not in text

    def test_keep_the_first_answer_to_each_request(self, recorded: tuple[Settings, _Server]) -> None:
        settings, _ = recorded
        path = Path(settings.transcripts or "")
        before = path.read_bytes()
        cases = cases_of(settings)[:30]
        evaluate(cases, planner_of(settings, cases, NOW_NS), settings.name)
        assert before == path.read_bytes()

    def test_that_are_missing_are_told_before_anything_is_planned(self, recorded: tuple[Settings, _Server]) -> None:
        replay = replace(recorded[0], planner="transcripts")
        with pytest.raises(Unreadable, match=r"no transcript of 1 of 31 cases, the first 'node0-held_out-0030'"):
            planner_of(replay, cases_of(replay)[:31], NOW_NS)

    def test_of_other_settings_are_missing(self, recorded: tuple[Settings, _Server]) -> None:
        hotter = replace(recorded[0].endpoint, temperature=1.0)
        replay = replace(recorded[0], planner="transcripts", endpoint=hotter)
        with pytest.raises(Unreadable, match="no transcript of 30 of 30 cases"):
            planner_of(replay, cases_of(replay)[:30], NOW_NS)

    def test_that_contradict_each_other_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "two.jsonl"
        path.write_text(
            '{"request": "ab", "case": "1", "answer": {"text": "Yes."}}\n'
            '{"request": "ab", "case": "1", "answer": {"text": "No."}}\n'
        )
        with pytest.raises(Unreadable, match="line 2: another answer to request ab"):
            read_transcripts(path)

    def test_that_are_none_are_refused_with_their_line(self, tmp_path: Path) -> None:
        path = tmp_path / "none.jsonl"
        path.write_text('{"request": "ab", "case": "1"}\n')
        with pytest.raises(Unreadable, match=r"line 1\.answer: missing"):
            read_transcripts(path)

    def test_need_a_place_that_takes_them(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(Unwritable, match="expected a place that takes transcripts"):
            Recorded(lambda _: Answer(), lambda _: "ab", tmp_path / "file" / "kept.jsonl")

    def test_answer_each_case_as_it_was(self) -> None:
        settings = EndpointSettings(model="small")
        key = digest(request_body(CASE, settings))
        assert key == digest(request_body(CASE, EndpointSettings(model="small", timeout_s=1, retries=0)))
        assert key != digest(request_body(CASE, EndpointSettings(model="large")))
        with pytest.raises(Unreadable, match="no transcript of 1 of 1"):
            Replayed({}, lambda _: key, [CASE], "none.jsonl")


@pytest.mark.parametrize(
    ("setting", "value"),
    [("timeout_s", 0), ("retry_wait_s", -1), ("retries", -1), ("concurrency", 0), ("max_tokens", 0)],
)
def test_settings_that_make_no_sense_are_refused(setting: str, value: float) -> None:
    with pytest.raises(ValueError, match=setting):
        EndpointSettings(model="small", **{setting: value})  # type: ignore[arg-type]
