"""A visitor without scripts: keeps cookies, follows no redirect unasked, finds the token that a page's forms carry."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
from fastapi import FastAPI

TOKEN = re.compile(r'name="token" value="([^"]+)"')


class Visitor:
    """Asks an application in memory, as a browser on its own site would."""

    def __init__(self, app: FastAPI, *, name: str = "", language: str = "") -> None:
        self.app = app
        self.cookies = httpx.Cookies()
        if name:
            self.cookies.set("clairvoie-name", name)
        if language:
            self.cookies.set("clairvoie-language", language)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request; the cookies it sets are kept."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://desk", cookies=self.cookies) as client:
                answer = await client.request(method, path, **options)
                self.cookies = client.cookies
                return answer

        return asyncio.run(send())

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Open a page."""
        return self.ask("GET", path, **options)

    def post(self, path: str, *, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
        """Send a form of a page that this visitor has open: with its token."""
        if "token" not in fields:
            found = TOKEN.search(self.get("/").text)
            assert found is not None
            fields["token"] = found[1]
        return self.ask("POST", path, data=fields, headers=headers)
