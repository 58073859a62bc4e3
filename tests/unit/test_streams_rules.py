"""Rules: read, set off, done."""

import json
from pathlib import Path

import pytest
from slipway_serving.streams.actions import Actions
from slipway_serving.streams.counts import Counts
from slipway_serving.streams.fields import SettingsError
from slipway_serving.streams.firing import Firing
from slipway_serving.streams.prediction import Origin, Prediction
from slipway_serving.streams.rules import Rule, read_rules
from slipway_serving.streams.settings import read_settings

_ORIGIN = Origin("press-7", "fake", "fake_1_1501089026")


def rules(tmp_path: Path, text: str, *, broker: bool = True) -> tuple[Rule, ...]:
    (tmp_path / "rules.toml").write_text(text)
    return read_rules(tmp_path / "rules.toml", broker=broker)


def rule(more: str = "", publish: str = '{topic = "t"}') -> str:
    return f'[[rule]]\nname = "r"\nclass = "up"\n{more}\npublish = {publish}\n'


def prediction(label: str, at: float = 0.0, value: float = 0.9, sensor: str = "s") -> Prediction:
    return Prediction(_ORIGIN, sensor, label, value, at)


def acts(firing: Firing, *predictions: Prediction) -> list[bool]:
    return [bool(firing.take(one)) for one in predictions]


def test_a_run_acts_once(tmp_path: Path) -> None:
    firing = Firing()
    firing.use(rules(tmp_path, rule("windows = 2\nabove = 0.5")))
    labels = ["up", "up", "up", "down", "up", "up"]
    found = acts(firing, *(prediction(label) for label in labels))
    assert found == [False, True, False, False, False, True]
    assert (
        acts(firing, prediction("down"), prediction("up"), prediction("up", value=0.5))
        == [False] * 3
    )


def test_sensors_have_runs_of_their_own(tmp_path: Path) -> None:
    firing = Firing()
    firing.use(rules(tmp_path, rule('windows = 2\nsensors = ["a", "b"]')))
    found = acts(firing, *(prediction("up", sensor=sensor) for sensor in "abcabc"))
    assert found == [False, False, False, True, True, False]


def test_nothing_is_done_again_before_the_cooldown_is_over(tmp_path: Path) -> None:
    firing = Firing()
    firing.use(rules(tmp_path, rule("cooldown = 10")))
    series = [("up", 100), ("down", 101), ("up", 102), ("up", 109), ("up", 110), ("up", 130)]
    found = acts(firing, *(prediction(label, at) for label, at in series))
    # What began while it rested, and goes on, is told when it has rested.
    assert found == [True, False, False, False, True, False]


def test_the_next_version_goes_on_where_this_one_stood(tmp_path: Path) -> None:
    one, two = Firing(), Firing()
    for firing in (one, two):
        firing.use(rules(tmp_path, rule("windows = 3")))
    assert acts(one, *[prediction("up")] * 2) == [False, False]
    two.restore(json.dumps(one.document()).encode())
    assert acts(two, *[prediction("up")] * 2) == [True, False]
    with pytest.raises(ValueError, match="rule"):
        two.restore(b"[{}]")


def test_changed_rules_keep_what_is_still_there(tmp_path: Path) -> None:
    firing = Firing()
    firing.use(rules(tmp_path, rule("windows = 2")))
    firing.take(prediction("up"))
    firing.use(rules(tmp_path, rule("windows = 2") + rule().replace('"r"', '"q"')))
    (first, second) = firing.take(prediction("up"))
    assert (first.name, second.name) == ("r", "q")


def test_placeholders(tmp_path: Path) -> None:
    payload = '{what = "$class", p = "$probability", text = "${sensor}: $class", n = [1, "$rule"]}'
    text = rule(publish=f'{{topic = "a/$class/$sensor", payload = {payload}}}')
    (made,) = rules(tmp_path, text)
    sent: list[tuple[str, bytes]] = []
    actions = Actions((made,), lambda topic, body: sent.append((topic, body)), Counts())
    actions.do(made, prediction("on/off", value=0.75))
    ((topic, body),) = sent
    assert topic == "a/on_off/s"
    assert json.loads(body) == {
        "what": "on/off", "p": 0.75, "text": "s: on/off", "n": [1, "r"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "body"), [('payload = "$class"', b"up"), ('payload = "p=$probability"', b"p=0.9")]
)
def test_a_payload_may_be_text(tmp_path: Path, payload: str, body: bytes) -> None:
    (made,) = rules(tmp_path, rule(publish=f'{{topic = "t", {payload}}}'))
    sent: list[bytes] = []
    Actions((made,), lambda _, body: sent.append(body), Counts()).do(made, prediction("up"))
    assert sent == [body]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rule = 1", "rule is 1, not a list of tables"),
        ("[[rule]]", "has no name"),
        (rule("above = '0'"), "above is '0', not a number from 0"),
        (rule("windows = 0"), "windows is 0, not a whole number from 1"),
        (rule("window = 2"), "unknown key 'window'"),
        (rule(publish='{topic = "a/#"}'), "a topic without"),
        (rule(publish='{topic = "a/$klass"}'), "\\$klass is none of them"),
        (rule(publish='{topic = "a", payload = {b = ["$c"]}}'), "\\$c is none of them"),
        (rule(publish='{topic = "a", payload = {b = 1979-05-27}}'), "made of what JSON has"),
        (rule('webhook = {url = "http://a"}'), "either publish or webhook"),
        (rule() + rule(), "two rules are named 'r'"),
        ('[[rule]]\nname = "r"\nclass = "c"\nwebhook = {url = "file:///etc"}', "an address http"),
        ('[[rule]]\nname = "r"\nclass = "c"\nwebhook = {url = "http://u:p@h/"}', "without a pass"),
        ('[[rule]]\nname = "r"\nclass = "c"\nwebhook = {url = "http://h:x/"}', "an address http"),
        ("[[rule]", "is not TOML"),
    ],
)
def test_rules_that_are_none(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        rules(tmp_path, text)


def test_publishing_needs_a_broker(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="has no \\[broker\\]"):
        rules(tmp_path, rule(), broker=False)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('device = "a b"', "device is 'a b', not a name"),
        ("[broker]\nport = 70000", "port is 70000, not a whole number"),
        ('[broker]\npassword_file = "p"', "has no username"),
        ('[broker]\nusername = "u"\npassword_file = "p"', "password_file .*p: No such file"),
        ('[broker]\nca_file = "ca.pem"', "has no tls"),
        ("[broker]\nhosts = 1", "unknown key 'hosts'"),
        ('[topics]\nreadings = "a/#"', "a topic with one level"),
        ('[topics]\nreadings = "a/x+"', "a topic with one level"),
        ('[topics]\nreadings = "$share/g/+"', "a topic with one level"),
        ('[topics]\nreadings = "a/+"\npredictions = "a/+"', "would come back as readings"),
        ("[windows]\nvotes = true", "votes is True, not a whole number"),
        ("[bounds]\nincoming_bytes = 65536", "5 times message_bytes"),
        ("device = 1\n[borker]\n", "device is 1"),
        ("[borker]\n", "unknown key 'borker'"),
    ],
)
def test_settings_that_are_none(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "streams.toml").write_text(text)
    with pytest.raises(SettingsError, match=problem):
        read_settings(tmp_path / "streams.toml", "press-7")


def test_the_password_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("open sesame\n")
    (tmp_path / "streams.toml").write_text(
        '[broker]\nusername = "u"\npassword_file = "secret"\ntls = true\n'
    )
    settings = read_settings(tmp_path / "streams.toml", "press-7")
    assert settings.broker
    assert (settings.broker.password(), settings.broker.port) == ("open sesame", 8883)
    assert "sesame" not in repr(settings)
