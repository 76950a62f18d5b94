"""A client that reads in a given order and keeps what it got: enough to try the ground truth with."""

from __future__ import annotations

import time
import uuid

import httpx
from support.adversarial import PREFIX

from jobctl.exchange import Exchange, Path

_WAYS = {"D": Path.DIRECT, "P": Path.PLAIN, "B": Path.BUSTED, "V": Path.VALIDATOR}


class ScriptedClient:
    """`read("DPB")` makes three reads; `exchanges` has them all."""

    def __init__(self, job, direct, proxied, clock=time.monotonic):
        self._job, self._direct, self._proxied, self._clock = job, direct, proxied, clock
        self._http = httpx.Client(trust_env=False, timeout=10)
        self.exchanges = []

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self._http.close()

    def read(self, letters, etag=None):
        for letter in letters:
            self._one(_WAYS[letter], etag)
        return self.exchanges[-1]

    def _one(self, path, etag):
        nonce = uuid.uuid4().hex
        query = f"?_t={nonce}" if path is Path.BUSTED else ""
        url = (self._direct if path is Path.DIRECT else self._proxied) + PREFIX + self._job.id + query
        headers = {"X-Request-Id": nonce}
        if path is Path.VALIDATOR:
            headers["If-None-Match"] = etag
        sent = self._clock()
        answer = self._http.get(url, headers=headers)
        got = tuple(answer.headers.multi_items())
        self.exchanges.append(
            Exchange(
                number=len(self.exchanges) + 1,
                path=path,
                method="GET",
                url=url,
                request_headers=tuple(headers.items()),
                status=answer.status_code,
                headers=got,
                body=answer.content,
                sent=sent,
                received=self._clock(),
                nonce=nonce,
            )
        )
