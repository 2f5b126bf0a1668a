"""A fast SQS in memory: the semantics that consumers rely on, and the nasty ones that moto lacks.

Standard queues only. Differs from moto on purpose: receive costs the same at any depth, a stale receipt handle changes nothing (as on
AWS, whose delete then answers 200 all the same), and time comes from the clock that it is given.
`call` takes and gives what SQS's JSON protocol carries, so that the HTTP front (sqs_http.py) and the client below add nothing.
"""

import asyncio
import hashlib
import heapq
import itertools
import json
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

MAX_BATCH = 10
MAX_BYTES = 1024 * 1024
MAX_VISIBILITY = 43200
Request = dict[str, Any]
Fault = Callable[[str, dict[str, Any]], "SqsError | None"]


class SqsError(Exception):
    """`code` as in the error tables of the API reference."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(eq=False, slots=True)
class Stored:
    message_id: str
    body: str
    md5: str
    attributes: dict[str, Any]
    sent_ms: int
    received: int = 0
    first_ms: int = 0
    visible_at: float = 0.0
    handle: str = ""
    deleted: bool = False


@dataclass(eq=False)
class QueueState:
    name: str
    attributes: dict[str, str]
    ready: deque[Stored] = field(default_factory=deque)
    hidden: list[tuple[float, int, Stored]] = field(default_factory=list)  # heap; entries whose time has changed are stale
    stored: dict[str, Stored] = field(default_factory=dict)
    waiters: deque[asyncio.Future[None]] = field(default_factory=deque)

    def wake(self) -> None:
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return


class SqsDouble:
    """`now` gives seconds since the epoch and must agree with the running loop's timers. `shuffle`: deliver out of order."""

    def __init__(self, now: Callable[[], float], base_url: str = "http://127.0.0.1/", shuffle: random.Random | None = None) -> None:
        self._now = now
        self._shuffle = shuffle
        self._number = itertools.count(1)
        self.base_url = base_url
        self.account = "123456789012"
        self.queues: dict[str, QueueState] = {}
        self.calls: Counter[str] = Counter()
        self.fault: Fault = lambda _operation, _request: None  # refuses a call
        self.lost_reply: Fault = lambda _operation, _request: None  # ... after it was applied
        self._operations: dict[str, Callable[[Request], Awaitable[Request] | Request]] = {
            "CreateQueue": self._create,
            "DeleteQueue": self._delete_queue,
            "GetQueueUrl": self._get_url,
            "ListQueues": lambda _: {"QueueUrls": [self.url(name) for name in self.queues]},
            "GetQueueAttributes": self._get_attributes,
            "SetQueueAttributes": self._set_attributes,
            "PurgeQueue": self._purge,
            "SendMessage": lambda request: self._send(self._queue(request), request),
            "SendMessageBatch": lambda request: self._batch(request, self._send),
            "ReceiveMessage": self._receive,
            "DeleteMessage": lambda request: self._delete(self._queue(request), request),
            "DeleteMessageBatch": lambda request: self._batch(request, self._delete),
            "ChangeMessageVisibility": lambda request: self._change(self._queue(request), request),
            "ChangeMessageVisibilityBatch": lambda request: self._batch(request, self._change),
        }

    async def call(self, operation: str, request: Request) -> Request:
        """One API call; raises SqsError."""
        self.calls[operation] += 1
        if error := self.fault(operation, request):
            raise error
        if operation not in self._operations:
            raise SqsError("InvalidAction", f"{operation} is not part of this double")
        pending = self._operations[operation](request)
        answer = pending if isinstance(pending, dict) else await pending
        if error := self.lost_reply(operation, request):
            raise error
        return answer

    def url(self, name: str) -> str:
        return f"{self.base_url}{self.account}/{name}"

    def depth(self, name: str) -> int:
        """Messages stored, visible or not."""
        return len(self.queues[name].stored)

    def bodies(self, name: str) -> list[str]:
        return [message.body for message in self.queues[name].stored.values()]

    # queues

    def _queue(self, request: Request) -> QueueState:
        found = self.queues.get(str(request.get("QueueUrl", "")).rpartition("/")[2])
        if found is None:
            raise SqsError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        return found

    def _create(self, request: Request) -> Request:
        name = request["QueueName"]
        wanted = {"VisibilityTimeout": "30"} | {key: str(value) for key, value in request.get("Attributes", {}).items()}
        known = self.queues.setdefault(name, QueueState(name, wanted))
        if known.attributes != wanted:
            raise SqsError("QueueAlreadyExists", "A queue already exists with the same name and a different value for an attribute")
        return {"QueueUrl": self.url(name)}

    def _delete_queue(self, request: Request) -> Request:
        del self.queues[self._queue(request).name]
        return {}

    def _get_url(self, request: Request) -> Request:
        return {"QueueUrl": self.url(self._queue({"QueueUrl": request["QueueName"]}).name)}

    def _set_attributes(self, request: Request) -> Request:
        self._queue(request).attributes.update(request["Attributes"])
        return {}

    def _get_attributes(self, request: Request) -> Request:
        queue = self._queue(request)
        self._surface(queue)
        visible = sum(not message.deleted for message in queue.ready)
        known = queue.attributes | {
            "QueueArn": f"arn:aws:sqs:us-east-1:{self.account}:{queue.name}",
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(len(queue.stored) - visible),
        }
        names = request.get("AttributeNames", [])
        return {"Attributes": {name: value for name, value in known.items() if "All" in names or name in names}}

    def _purge(self, request: Request) -> Request:
        queue = self._queue(request)
        self.queues[queue.name] = QueueState(queue.name, queue.attributes, waiters=queue.waiters)
        return {}

    # messages

    def _send(self, queue: QueueState, request: Request) -> Request:
        body = request["MessageBody"]
        attributes = request.get("MessageAttributes", {})
        weight = sum(len(name) + len(value["DataType"]) + len(value["StringValue"].encode()) for name, value in attributes.items())
        if not body or len(body.encode()) + weight > MAX_BYTES:
            raise SqsError("InvalidParameterValue", f"One or more parameters are invalid. Reason: 1 to {MAX_BYTES} bytes")
        message = Stored(
            message_id=f"{next(self._number):08x}-0000-4000-8000-000000000000",
            body=body,
            md5=hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            attributes=attributes,
            sent_ms=int(self._now() * 1000),
        )
        self._store(queue, message, float(request.get("DelaySeconds", 0)))
        return {"MessageId": message.message_id, "MD5OfMessageBody": message.md5}

    def _store(self, queue: QueueState, message: Stored, delay: float) -> None:
        queue.stored[message.message_id] = message
        if delay:
            self._hide(queue, message, delay)
        else:
            queue.ready.append(message)
        queue.wake()

    def _hide(self, queue: QueueState, message: Stored, seconds: float) -> None:
        message.visible_at = self._now() + seconds
        heapq.heappush(queue.hidden, (message.visible_at, next(self._number), message))

    def _surface(self, queue: QueueState) -> None:
        """Make visible what is due."""
        now = self._now()
        while queue.hidden and queue.hidden[0][0] <= now:
            at, _, message = heapq.heappop(queue.hidden)
            if at == message.visible_at and not message.deleted:
                message.visible_at = 0.0
                queue.ready.append(message)

    async def _receive(self, request: Request) -> Request:
        queue = self._queue(request)
        most = int(request.get("MaxNumberOfMessages", 1))
        if not 1 <= most <= MAX_BATCH:
            raise SqsError("InvalidParameterValue", f"Value {most} for parameter MaxNumberOfMessages is invalid.")
        visibility = int(request.get("VisibilityTimeout", queue.attributes["VisibilityTimeout"]))
        deadline = self._now() + int(request.get("WaitTimeSeconds", 0))
        while True:
            queue = self._queue(request)  # it may be gone by now
            if messages := self._take(queue, most, visibility, request):
                return {"Messages": messages}
            left = deadline - self._now()
            if left <= 0.0005:
                return {}
            await self._wait(queue, left)

    async def _wait(self, queue: QueueState, left: float) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.waiters.append(waiter)
        if queue.hidden:
            left = min(left, max(0.001, queue.hidden[0][0] - self._now()))
        try:
            async with asyncio.timeout(left):
                await waiter
        except TimeoutError:
            pass
        finally:
            if waiter in queue.waiters:
                queue.waiters.remove(waiter)

    def _take(self, queue: QueueState, most: int, visibility: int, request: Request) -> list[Request]:
        self._surface(queue)
        redrive = json.loads(queue.attributes.get("RedrivePolicy") or "{}")
        limit = int(redrive.get("maxReceiveCount", 0))
        taken: list[Request] = []
        if self._shuffle:
            queue.ready.rotate(self._shuffle.randrange(1 + len(queue.ready)))
        while queue.ready and len(taken) < most:
            message = queue.ready.popleft()
            if message.deleted:
                continue
            if limit and message.received >= limit:
                self._redrive(queue, message, str(redrive["deadLetterTargetArn"]).rpartition(":")[2])
                continue
            taken.append(self._deliver(queue, message, visibility, request))
        return taken

    def _redrive(self, queue: QueueState, message: Stored, target: str) -> None:
        self._forget(queue, message)
        if target in self.queues:
            message.deleted, message.handle = False, ""
            self._store(self.queues[target], message, 0.0)

    def _deliver(self, queue: QueueState, message: Stored, visibility: int, request: Request) -> Request:
        message.received += 1
        message.first_ms = message.first_ms or int(self._now() * 1000)
        message.handle = f"{message.message_id}#{next(self._number)}"
        self._hide(queue, message, visibility)
        answer: Request = {
            "MessageId": message.message_id,
            "ReceiptHandle": message.handle,
            "MD5OfBody": message.md5,
            "Body": message.body,
        }
        names = [*request.get("MessageSystemAttributeNames", ()), *request.get("AttributeNames", ())]
        if names:
            known = {
                "ApproximateReceiveCount": str(message.received),
                "SentTimestamp": str(message.sent_ms),
                "ApproximateFirstReceiveTimestamp": str(message.first_ms),
                "SenderId": "AIDACKCEVSQ6C2EXAMPLE",
            }
            answer["Attributes"] = known if "All" in names else {name: known[name] for name in names if name in known}
        if message.attributes and request.get("MessageAttributeNames"):
            answer["MessageAttributes"] = message.attributes
        return answer

    @staticmethod
    def _forget(queue: QueueState, message: Stored) -> None:
        message.deleted = True
        queue.stored.pop(message.message_id, None)

    @staticmethod
    def _by_handle(queue: QueueState, request: Request) -> Stored | None:
        """The message, or None where the handle is an old one."""
        handle = request["ReceiptHandle"]
        if "#" not in handle:
            raise SqsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        message = queue.stored.get(handle.partition("#")[0])
        return message if message is not None and message.handle == handle else None

    def _delete(self, queue: QueueState, request: Request) -> Request:
        message = self._by_handle(queue, request)
        if message is not None:
            self._forget(queue, message)
        return {}

    def _change(self, queue: QueueState, request: Request) -> Request:
        seconds = int(request["VisibilityTimeout"])
        if not 0 <= seconds <= MAX_VISIBILITY:
            raise SqsError("InvalidParameterValue", f"Value {seconds} for parameter VisibilityTimeout is invalid.")
        message = self._by_handle(queue, request)
        if message is None:
            return {}
        if message.visible_at <= self._now():
            raise SqsError("AWS.SimpleQueueService.MessageNotInflight", "The specified message is not in flight.")
        self._hide(queue, message, seconds)
        queue.wake()
        return {}

    def _batch(self, request: Request, one: Callable[[QueueState, Request], Request]) -> Request:
        queue = self._queue(request)
        entries = request.get("Entries", [])
        _check_batch(entries)
        done: list[Request] = []
        failed: list[Request] = []
        for entry in entries:
            try:
                done.append({"Id": entry["Id"]} | one(queue, entry))
            except SqsError as error:
                failed.append({"Id": entry["Id"], "Code": error.code, "Message": str(error), "SenderFault": True})
        return {"Successful": done, "Failed": failed}


def _check_batch(entries: Iterable[Request]) -> None:
    ids = [entry["Id"] for entry in entries]
    if not ids:
        raise SqsError("AWS.SimpleQueueService.EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(ids) > MAX_BATCH:
        raise SqsError("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", f"Maximum number of entries per request are {MAX_BATCH}.")
    if len(set(ids)) < len(ids):
        raise SqsError("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.")
