"""Pages that follow what happens, by server-sent events.

However many browsers look at the same thing, it is looked up once a tick:

    async def events(request: Request) -> Response:
        run_id = request.path_params["id"]
        topic = site_of(request).topics.topic(f"run {run_id}", lambda: state_html(run_id), 1.0)
        return topic.response(request)

and in the template

    <div hx-ext="sse" sse-connect="/runs/ID/events" sse-close="over">
      <div sse-swap="state">…</div>
    </div>

What `make` returns is sent to every listener: it must hold nothing that is for one user alone, such
as a form with its token.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from slipway.domain.errors import SlipwayError

OVER = "over"  # the event after which nothing comes
_HEARTBEAT = 10.0  # seconds between two signs of life
_RETRY = 2000  # milliseconds after which a browser connects again
_log = logging.getLogger(__name__)


class Final(str):
    """What `make` returns when nothing will change any more; the browser then closes the stream
    (`sse-close="over"`)."""

    __slots__ = ()


class Broadcast:
    """One thing that changes, and who is told; of one event loop."""

    def __init__(
        self, make: Callable[[], str], seconds: float = 1.0, *, event: str = "state"
    ) -> None:
        self._make = make
        self._seconds = seconds
        self._event = event
        self._last: str | None = None
        self._listeners: set[asyncio.Queue[str | None]] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> int:
        """How many browsers are told."""
        return len(self._listeners)

    def response(self, request: Request) -> Response:
        """The stream for one browser, to be called in an async handler: the present state at once,
        then each that differs from the one before."""
        allowed: Callable[[], bool] = request.state.still_allowed
        headers = {"X-Accel-Buffering": "no"}  # a proxy must not wait for more
        return StreamingResponse(
            self._stream(allowed), media_type="text/event-stream", headers=headers
        )

    def close(self) -> None:
        """Let all browsers go; they connect again by themselves."""
        for queue in self._listeners:
            _put(queue, None)

    async def _stream(self, allowed: Callable[[], bool]) -> AsyncIterator[str]:
        queue: asyncio.Queue[str | None] = asyncio.Queue(1)
        self._listeners.add(queue)
        try:
            if self._task is None or self._task.done():
                self._last = None
                self._task = asyncio.create_task(self._look())
            elif self._last is not None:
                _put(queue, self._last)
            yield f"retry: {_RETRY}\n\n"
            while True:
                try:
                    text = await asyncio.wait_for(queue.get(), _HEARTBEAT)
                except TimeoutError:
                    if not allowed():
                        return
                    yield ":\n\n"
                    continue
                if text is None or not allowed():
                    return
                yield _message(self._event, text)
                if isinstance(text, Final):
                    yield _message(OVER, "")
                    return
        finally:
            self._listeners.discard(queue)

    async def _look(self) -> None:
        """Look as long as somebody listens."""
        while self._listeners:
            try:
                text: str | None = await run_in_threadpool(self._make)
            except SlipwayError as error:
                _log.warning("%s: %s", self._event, error.message)
                text = None  # what is shown stays, and the next look may succeed
            if text is not None and text != self._last:
                self._last = text
                for queue in self._listeners:
                    _put(queue, text)
            await asyncio.sleep(self._seconds)


class Topics:
    """The broadcasts that somebody listens to, by name."""

    def __init__(self) -> None:
        self._topics: dict[str, Broadcast] = {}

    def topic(
        self, name: str, make: Callable[[], str], seconds: float = 1.0, *, event: str = "state"
    ) -> Broadcast:
        """The broadcast of that name, made when nobody listens to it yet."""
        known = {name: topic for name, topic in self._topics.items() if topic.listeners}
        known.setdefault(name, Broadcast(make, seconds, event=event))
        self._topics = known
        return known[name]

    def close(self) -> None:
        """Let all browsers go."""
        for topic in self._topics.values():
            topic.close()


def _put(queue: "asyncio.Queue[str | None]", text: str | None) -> None:
    """Only the newest state waits for a browser that is slow."""
    while not queue.empty():
        queue.get_nowait()
    queue.put_nowait(text)


def _message(event: str, text: str) -> str:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {event}\n{lines}\n"
