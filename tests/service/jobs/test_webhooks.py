"""Webhooks: signed, in order, sent until they are taken or dead letters, and never to where they must not
go.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask, Response, request
from werkzeug.serving import make_server

from graph.model.erasure import Renaming, surrogate
from graph.model.errors import SettingError
from investigations.casebook import Casebook
from investigations.casebook.erasure.erasing import ErasedPeople
from investigations.casebook.message_files import DeliveryState, owe_messages
from investigations.erased_names import ErasedNames
from investigations.watch.messages import Message, MessageType
from scripts.cli.main import main
from service.webhooks.addresses import AddressRefusedError, is_public, resolved
from service.webhooks.endpoints import Endpoint, endpoints, networks
from service.webhooks.sender import BACK_OFF, WebhookSender
from service.webhooks.signing import headers, new_secret
from tests.support.casebooks import url_of
from tests.support.small_service import Clock
from tests.support.small_worlds import day

LOOPBACK = networks("127.0.0.0/8")


@pytest.fixture(scope="module")
def example() -> ModuleType:
    """The receiver of examples/."""
    path = Path(__file__).parents[3] / "examples" / "webhook_receiver.py"
    spec = importlib.util.spec_from_file_location("webhook_receiver", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}/ringfence"
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture
def book(casebook_url: str) -> Iterator[Casebook]:
    with Casebook(casebook_url) as opened:
        yield opened


def ring_message(ring: str, week: int, kind: MessageType = MessageType.RING_MERGED) -> Message:
    return Message(type=kind, subject=f"ring:{ring}", cause=f"W{week}", at=day(week), data={"week": week})


def owe(book: Casebook, *messages: Message) -> None:
    with book._engines.writing() as connection:
        owe_messages(connection, messages)


def endpoint(url: str, secret: str, name: str = "engine", **more: Any) -> Endpoint:
    import orjson

    return endpoints(orjson.dumps([{"name": name, "url": url, "secret": secret} | more]).decode())[0]


class Receiver:
    """Takes what comes, or answers with `status`."""

    def __init__(self) -> None:
        self.status, self.bodies = 204, list[Any]()
        self.app = Flask("receiver")
        self.app.post("/ringfence")(self._take)

    def _take(self) -> Response:
        self.bodies.append(request.get_json())
        return Response(status=self.status, headers={"Location": "/elsewhere"} if self.status == 302 else {})


def sender(book: Casebook, clock: Clock, *to: Endpoint) -> WebhookSender:
    return WebhookSender(book, to, clock, allowed=LOOPBACK, seconds=5.0)


def test_the_receiver_of_the_examples_takes_what_is_signed_each_once(
    book: Casebook, example: ModuleType
) -> None:
    secret = new_secret()
    app = example.create_app(secret)
    clock = Clock(step=timedelta(0), now=datetime.now(day(0).tzinfo))
    owe(book, ring_message("R-1", 1), ring_message("R-1", 1), ring_message("R-2", 2))
    with listening(app) as url:
        assert not sender(book, clock, endpoint(url, secret)).step()
        assert book.messages.send_again([], clock(), "engine") == 0
    assert sorted(body["data"]["week"] for body in app.received.values()) == [1, 2]
    assert [one.state for one in book.messages.deliveries(None)] == [DeliveryState.SENT] * 2


@pytest.mark.parametrize("seconds", [-301, 301])
def test_the_receiver_refuses_what_is_old_or_altered_or_signed_by_another(
    example: ModuleType, seconds: int
) -> None:
    secret, body = new_secret(), b'{"a":1}'
    key = example.base64.b64decode(secret.removeprefix("whsec_"))
    signed = headers("MSG-1", 1_000_000, body, [key])
    assert example.verified(signed, body, secret, 1_000_010) == "MSG-1"
    for wrong in (
        lambda: example.verified(signed, body, secret, 1_000_000 + seconds),
        lambda: example.verified(signed, b'{"a":2}', secret, 1_000_000),
        lambda: example.verified(signed, body, new_secret(), 1_000_000),
        lambda: example.verified({**signed, "webhook-id": "MSG-2"}, body, secret, 1_000_000),
        lambda: example.verified({}, body, secret, 1_000_000),
    ):
        with pytest.raises(example.Refused):
            wrong()


def test_a_signature_is_that_of_the_standards_own_example() -> None:
    key = endpoint("https://x.example", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").secrets
    signed = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}', key)
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_messages_about_one_ring_are_sent_in_their_order_and_others_do_not_wait(book: Casebook) -> None:
    clock, receiver = Clock(step=timedelta(0)), Receiver()
    with listening(receiver.app) as url:
        one = sender(book, clock, endpoint(url, new_secret()))
        owe(book, ring_message("R-1", 1), ring_message("R-1", 2), ring_message("R-2", 3))
        receiver.status = 500
        one.step()
        receiver.status = 204
        while not one.step():
            pass
        weeks = [body["data"]["week"] for body in receiver.bodies]
        assert weeks == [1, 3]  # the second about R-1 waits for the first
        clock.now += BACK_OFF[0] * 2
        while not one.step():
            pass
        assert [body["data"]["week"] for body in receiver.bodies] == [1, 3, 1, 2]


def test_what_is_refused_is_tried_again_later_and_later_and_is_a_dead_letter_at_last(
    book: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock, receiver = Clock(step=timedelta(0)), Receiver()
    receiver.status = 503
    owe(book, ring_message("R-1", 1))
    with listening(receiver.app) as url:
        one = sender(book, clock, endpoint(url, new_secret()))
        pauses = []
        for _ in range(len(BACK_OFF) + 1):
            one.step()
            (delivery,) = book.messages.deliveries(None)
            pauses.append(delivery.due - clock.now)
            clock.now = max(delivery.due, clock.now)
        assert all(0.8 * want <= got <= 1.2 * want for got, want in zip(pauses, BACK_OFF, strict=False))
        assert (delivery.state, delivery.error) == (DeliveryState.DEAD, "the receiver answered 503")
        one.step()
        assert len(receiver.bodies) == len(BACK_OFF) + 1
        receiver.status = 204
        assert book.messages.send_again([delivery.message.message_id], clock.now) == 1
        while not one.step():
            pass
    assert [one.state for one in book.messages.deliveries(None)] == [DeliveryState.SENT]


def forget(book: Casebook, loan: str) -> None:
    names = ErasedNames(Renaming(applications={loan: surrogate("", "an")}))
    keys = (("k1", b"a secret of at least thirty-two bytes"),)
    book.erasing.erase(ErasedPeople(names=names, certificate="E-1", until=day(99), keys=keys), day(9))


def loan_message(loan: str, week: int) -> Message:
    about = {"application_id": loan, "week": week}
    return Message(
        type=MessageType.RISK_CHANGED,
        subject=f"application:{loan}",
        cause=f"W{week}",
        at=day(week),
        data=about,
    )


def test_what_waits_about_somebody_erased_is_not_sent_by_any_name(book: Casebook) -> None:
    clock, receiver = Clock(step=timedelta(0)), Receiver()
    receiver.status = 503
    owe(book, loan_message("LOAN-wang", 1), loan_message("LOAN-wang", 2), loan_message("LOAN-li", 3))
    with listening(receiver.app) as url:
        one = sender(book, clock, endpoint(url, new_secret()))
        one.step()
        forget(book, "LOAN-wang")
        receiver.status, _ = 204, receiver.bodies.clear()
        clock.now += BACK_OFF[0] * 2
        while not one.step():
            pass
    assert [body["data"] for body in receiver.bodies] == [{"application_id": "LOAN-li", "week": 3}]
    states = [one.state.value for one in book.messages.deliveries(None)]
    assert states == ["dropped", "dropped", "sent"]


def test_whoever_is_erased_while_webhooks_go_out_is_in_none_that_follows(
    book: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, receiver = Clock(step=timedelta(0)), Receiver()
    owe(book, loan_message("LOAN-li", 1), loan_message("LOAN-wang", 2))
    first = book.messages.attempted

    def meanwhile(*given: Any) -> None:
        first(*given)
        forget(book, "LOAN-wang")

    monkeypatch.setattr(book.messages, "attempted", meanwhile)
    with listening(receiver.app) as url:
        sender(book, clock, endpoint(url, new_secret())).step()
    assert [body["data"]["week"] for body in receiver.bodies] == [1]


def test_a_sender_that_dies_after_sending_sends_again_and_the_receiver_does_it_once(
    tmp_path: Path, example: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, clock = new_secret(), Clock(step=timedelta(0), now=datetime.now(day(0).tzinfo))
    app = example.create_app(secret)
    with Casebook(url_of(tmp_path)) as book, listening(app) as url:
        owe(book, ring_message("R-1", 1))
        with monkeypatch.context() as patched:

            def dies(*_: object) -> None:
                raise KeyboardInterrupt

            patched.setattr(book.messages, "attempted", dies)
            with pytest.raises(KeyboardInterrupt):
                sender(book, clock, endpoint(url, secret)).step()
        assert len(app.received) == 1
        assert [one.state for one in book.messages.deliveries(None)] == [DeliveryState.WAITING]
        other = sender(book, clock, endpoint(url, secret))
        assert other.step()  # the lease of the dead one lasts
        clock.now += timedelta(minutes=2)
        assert not other.step()
        assert [one.state for one in book.messages.deliveries(None)] == [DeliveryState.SENT]
    assert len(app.received) == 1


class Woken(Receiver):
    """Meanwhile `work` is done, as by another machine while the one that sends is frozen."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self._work = [work]

    def _take(self) -> Response:
        while self._work:
            self._work.pop()()
        return super()._take()


@pytest.mark.parametrize("woken", [500, 410, 204])
def test_who_was_frozen_while_sending_takes_back_nothing_that_another_sent(
    book: Casebook, woken: int
) -> None:
    clock = Clock(step=timedelta(0))
    other, receiver = Receiver(), Woken(lambda: None)
    with listening(other.app) as there, listening(receiver.app) as url:

        def other_machine() -> None:
            book.give_back_lease("webhooks")
            sender(book, clock, endpoint(there, new_secret())).step()
            receiver.status = woken

        receiver._work = [other_machine]
        owe(book, ring_message("R-1", 1))
        sender(book, clock, endpoint(url, new_secret())).step()
    (left,) = book.messages.deliveries(None)
    assert (left.state, left.error) == (DeliveryState.SENT, None)


def test_what_was_taken_is_sent_whoever_had_failed_with_it_meanwhile(book: Casebook) -> None:
    clock, failing = Clock(step=timedelta(0)), Receiver()
    failing.status = 410
    receiver = Woken(lambda: None)
    with listening(failing.app) as there, listening(receiver.app) as url:

        def other_machine() -> None:
            book.give_back_lease("webhooks")
            sender(book, clock, endpoint(there, new_secret())).step()

        receiver._work = [other_machine]
        owe(book, ring_message("R-1", 1))
        sender(book, clock, endpoint(url, new_secret())).step()
    assert [one.state for one in book.messages.deliveries(None)] == [DeliveryState.SENT]


@pytest.mark.parametrize(("status", "state"), [(302, DeliveryState.WAITING), (410, DeliveryState.DEAD)])
def test_a_redirect_is_not_followed_and_who_is_gone_is_not_asked_again(
    tmp_path: Path, status: int, state: DeliveryState
) -> None:
    clock, receiver = Clock(step=timedelta(0)), Receiver()
    receiver.status = status
    with Casebook(url_of(tmp_path)) as book, listening(receiver.app) as url:
        owe(book, ring_message("R-1", 1))
        sender(book, clock, endpoint(url, new_secret())).step()
        assert [one.state for one in book.messages.deliveries(None)] == [state]
    assert len(receiver.bodies) == 1


def test_a_receiver_that_never_ends_its_answer_does_not_hold_the_sender(tmp_path: Path) -> None:
    clock = Clock(step=timedelta(0))
    with socket.create_server(("127.0.0.1", 0)) as server, Casebook(url_of(tmp_path)) as book:

        def drip() -> None:
            taken, _ = server.accept()
            with taken:
                try:
                    while True:
                        taken.sendall(b"X")
                        threading.Event().wait(0.05)
                except OSError:
                    pass

        threading.Thread(target=drip, daemon=True).start()
        owe(book, ring_message("R-1", 1))
        to = endpoint(f"http://127.0.0.1:{server.getsockname()[1]}/", new_secret())
        WebhookSender(book, [to], clock, allowed=LOOPBACK, seconds=0.5).step()
        assert [one.state for one in book.messages.deliveries(None)] == [DeliveryState.WAITING]


def test_an_endpoint_gets_what_it_wants_and_nothing_from_before_it_was_there(tmp_path: Path) -> None:
    clock, receiver = Clock(step=timedelta(0)), Receiver()
    with Casebook(url_of(tmp_path)) as book, listening(receiver.app) as url:
        owe(book, ring_message("R-1", 1))
        nobody = sender(book, clock)
        nobody.step()
        nobody.close()
        to = endpoint(url, new_secret(), events=["ring.flagged"])
        owe(book, ring_message("R-1", 2), ring_message("R-1", 3, MessageType.RING_FLAGGED))
        while not sender(book, clock, to).step():
            pass
        assert [body["type"] for body in receiver.bodies] == ["ring.flagged"]


def test_a_lender_is_told_of_its_own_loans_without_the_hour_and_without_others_ends(tmp_path: Path) -> None:
    clock, receiver = Clock(step=timedelta(0)), Receiver()
    data = {
        "alert_id": "AL-1", "at": "2025-03-01T10:11:12.000000+00:00", "recorded_by": 7,
        "application_id": "@L01/a1",
        "evidence": {"path": ["application:@L01/a1", "device:***7f2a", "applicant:***2c"],
                     "shared_since": "2025-02-01T10:11:12.000000+00:00"},
    }  # fmt: skip
    mine = Message(
        type=MessageType.RISK_CHANGED, subject="application:@L01/a1", cause="1", at=day(1), data=data
    )
    others = Message(
        type=MessageType.RISK_CHANGED, subject="application:@L02/a1", cause="1", at=day(1), data=data
    )
    with Casebook(url_of(tmp_path)) as book, listening(receiver.app) as url:
        owe(book, mine, others, ring_message("R-1", 2))
        while not sender(book, clock, endpoint(url, new_secret(), lenders=["L01"])).step():
            pass
    (body,) = receiver.bodies
    assert body["data"]["application_id"] == "a1"
    assert (body["data"]["at"], body["data"]["recorded_by"]) == ("2025-03-01T00:00:00.000000+00:00", None)
    assert body["data"]["evidence"]["path"] == ["application:a1", "device:***", "applicant:***"]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.8", "169.254.169.254", "192.168.1.1", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1",
     "fe80::1",
     "fd00::1", "::ffff:10.0.0.8", "64:ff9b::a00:8", "2002:a00:8::1"],
)  # fmt: skip
def test_a_private_address_in_any_dress_is_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(AddressRefusedError):
        resolved(address, 443, (), secure=True)


def test_a_network_of_the_settings_is_allowed_and_plain_http_there_alone() -> None:
    assert is_public(ipaddress.ip_address("93.184.216.34"))
    assert resolved("127.0.0.1", 80, LOOPBACK, secure=False) == "127.0.0.1"
    with pytest.raises(AddressRefusedError, match="https"):
        resolved("93.184.216.34", 80, LOOPBACK, secure=False)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("{}", "list of endpoints"),
        ('[{"name":"a b"}]', "name"),
        ('[{"name":"a","url":"ftp://x","secret":"whsec_x"}]', "url"),
        ('[{"name":"a","url":"https://u:p@x/","secret":"whsec_x"}]', "url"),
        ('[{"name":"a","url":"https://x/","secret":"short"}]', "secret"),
        ('[{"name":"a","url":"https://x/","sekret":"short"}]', "unknown fields"),
        (f'[{{"name":"a","url":"https://x/","secret":"{new_secret()}","events":["ring.eaten"]}}]',
         "ring.flagged"),
        (f'[{{"name":"a","url":"https://x/","secret":"{new_secret()}","lenders":["L1"],"events":["ring.merged"]}}]',
         "risk.changed"),
    ],
)  # fmt: skip
def test_an_endpoint_that_cannot_be_meant_stops_the_start(text: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        endpoints(text)


def test_dead_letters_are_listed_and_sent_again_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock(step=timedelta(0))
    with Casebook(url_of(tmp_path)) as book:
        owe(book, ring_message("R-1", 1))
        receiver = Receiver()
        receiver.status = 410
        with listening(receiver.app) as url:
            sender(book, clock, endpoint(url, new_secret())).step()
        assert main(["webhooks", "list", "--casebook", url_of(tmp_path), "--state", "dead", "--json"]) == 0
        assert '"error":"the receiver answered 410"' in capsys.readouterr().out
        assert main(["webhooks", "resend", "--casebook", url_of(tmp_path)]) == 2
        assert main(["webhooks", "resend", "--all", "--casebook", url_of(tmp_path), "--json"]) == 0
        assert '"sent_again":1' in capsys.readouterr().out
        assert [one.state for one in book.messages.deliveries(None)] == [DeliveryState.WAITING]
