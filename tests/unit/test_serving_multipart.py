"""The first file of a form, as browsers, curl and Python's requests write it."""

import random

import pytest
import requests
from slipway_serving.errors import RequestError
from slipway_serving.multipart import first_file

DATA = bytes(range(256)) + b"\r\n--almost\r\n\r\n--\r\n"


def _form(*parts: bytes, boundary: bytes = b"xYz", end: bytes = b"--xYz--\r\n") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + end


def _file(data: bytes, disposition: bytes = b'form-data; name="a"; filename="a.png"') -> bytes:
    return b"Content-Disposition: " + disposition + b"\r\nContent-Type: image/png\r\n\r\n" + data


FIELD = b'Content-Disposition: form-data; name="note"\r\n\r\nhello'
TYPE = "multipart/form-data; boundary=xYz"


@pytest.mark.parametrize(
    "body",
    [
        _form(_file(DATA)),
        _form(FIELD, _file(DATA), _file(b"second")),
        b"preamble\r\n" + _form(_file(DATA)) + b"epilogue",
        _form(_file(DATA), end=b"--xYz--"),
        _form(_file(DATA, b"form-data; filename=a.png")),
        _form(_file(DATA, b"form-data; name=a; filename*=UTF-8''%C3%BC.png")),
        _form(_file(DATA, 'form-data; filename="ü;\\"--xYz.png"'.encode())),
        _form(b"\r\nno header at all", _file(DATA)),
        _form(_file(DATA)).replace(b"--xYz\r\n", b"--xYz  \t\r\n"),
        _form(_file(DATA)).replace(b"Content-Disposition", b"content-DISPOSITION "),
    ],
)
def test_the_first_file_is_found(body: bytes) -> None:
    assert first_file(body, TYPE) == DATA


def test_a_form_of_the_requests_library_is_read() -> None:
    request = requests.Request(
        "POST", "http://x", files={"image": ("ä b.png", DATA)}, data={"note": "x"}
    ).prepare()
    assert isinstance(request.body, bytes)
    assert first_file(request.body, request.headers["Content-Type"]) == DATA


def test_a_quoted_boundary_is_understood() -> None:
    body = _form(_file(DATA), boundary=b"a b:c", end=b"--a b:c--")
    assert first_file(body, 'multipart/form-data; charset=x; boundary="a b:c"') == DATA


def test_an_empty_file_is_a_file() -> None:
    assert first_file(_form(_file(b"")), TYPE) == b""


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"", TYPE, "bad-form"),
        (b"rubbish", TYPE, "bad-form"),
        (_form(_file(DATA)), "multipart/form-data", "bad-form"),
        (_form(_file(DATA)), "multipart/form-data; boundary=", "bad-form"),
        (_form(_file(DATA)), "multipart/form-data; boundary=" + "x" * 71, "bad-form"),
        (_form(_file(DATA)), "multipart/form-data; boundary=other", "bad-form"),
        (_form(_file(DATA), end=b""), TYPE, "bad-form"),
        (_form(_file(DATA))[:60], TYPE, "bad-form"),
        (b"--xYz", TYPE, "bad-form"),
        (b"--xYzz\r\n", TYPE, "bad-form"),
        (_form(b"X: " + b"y" * 20_000 + b"\r\n\r\n"), TYPE, "bad-form"),
        (_form(FIELD), TYPE, "no-image"),
        (b"--xYz--", TYPE, "no-image"),
    ],
)
def test_what_is_no_form_with_a_file_is_refused(body: bytes, kind: str, code: str) -> None:
    with pytest.raises(RequestError) as caught:
        first_file(body, kind)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_mangled_forms_are_refused_or_read_but_never_crash() -> None:
    dice = random.Random(1)
    whole = _form(FIELD, _file(DATA), FIELD)
    for _ in range(3000):
        body = bytearray(whole)
        for _ in range(dice.randrange(1, 6)):
            place = dice.randrange(len(body))
            choice = dice.randrange(3)
            if choice == 0:
                body[place] = dice.randrange(256)
            elif choice == 1:
                del body[place : place + dice.randrange(20)]
            else:
                body[place:place] = dice.choice([b"\r\n", b"--xYz", b"\0", b"--", b":", b"\xff"])
        try:
            assert isinstance(first_file(bytes(body), TYPE), bytes)
        except RequestError as error:
            assert error.status == 400
