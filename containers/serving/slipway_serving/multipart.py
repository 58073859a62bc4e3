"""The first file of a `multipart/form-data` body (RFC 7578), without copying all of it around."""

from email.message import Message

from slipway_serving.errors import RequestError

_HEADERS = 16 * 1024  # bytes of one part's header


def first_file(body: bytes, content_type: str) -> bytes:
    """The content of the first part that has a file name; RequestError when there is none."""
    boundary = _header(content_type).get_param("boundary")
    if not isinstance(boundary, str) or not 0 < len(boundary) <= 70 or not boundary.isascii():
        raise _malformed("the Content-Type has no boundary")
    delimiter = b"--" + boundary.encode()
    start = 0 if body.startswith(delimiter) else body.find(b"\r\n" + delimiter) + 2
    if start == 1:
        raise _malformed("the boundary of the Content-Type is not in the body")
    while True:
        start += len(delimiter)
        if body.startswith(b"--", start):
            raise RequestError(400, "no-image", "the form has no part with a file name")
        line_end = body.find(b"\r\n", start)
        if line_end < 0 or body[start:line_end].strip(b" \t"):
            raise _malformed("a boundary is not followed by the end of the line")
        head = line_end + 2
        if body.startswith(b"\r\n", head):  # a part without any header
            head_end, content = head, head + 2
        else:
            head_end = body.find(b"\r\n\r\n", head, head + _HEADERS)
            content = head_end + 4
        end = body.find(b"\r\n" + delimiter, content - 2) if head_end >= 0 else -1
        if end < 0:
            raise _malformed("a part has no end")
        if _has_file(body[head:head_end]):
            return body[content:end]
        start = end + 2


def _has_file(header: bytes) -> bool:
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-disposition":
            disposition = _header(value.decode("utf-8", "replace").strip())
            return disposition.get_param("filename") is not None
    return False


def _header(value: str) -> Message:
    """A header with parameters, in the one place where the standard library parses them."""
    message = Message()
    message["Content-Type"] = value.replace("\r", " ").replace("\n", " ")
    return message


def _malformed(why: str) -> RequestError:
    return RequestError(400, "bad-form", f"malformed multipart/form-data: {why}")
