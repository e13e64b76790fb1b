"""The token: as a bearer header, or once in the address, which sets a cookie."""

import hashlib
import hmac

from aiohttp import web

__all__ = ["COOKIE", "Doorkeeper"]

COOKIE = "tollhouse_page"
_COOKIE_SECONDS = 12 * 3600


class Doorkeeper:
    """Compares in constant time; the cookie holds a key derived from the token, not the token."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._cookie = hmac.digest(self._token, b"tollhouse page cookie", hashlib.sha256).hex()

    def knows(self, request: web.Request) -> bool:
        """Whether the request carries the token as a bearer header, or the cookie."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._is_token(token.strip())
        cookie = request.cookies.get(COOKIE, "")
        return hmac.compare_digest(_bytes(cookie), self._cookie.encode())

    def welcome(self, request: web.Request) -> web.Response | None:
        """Answer an address with a token in it: a cookie, and the same address without it."""
        token = request.query.get("token")
        if token is None:
            return None
        if not self._is_token(token):
            raise self.refused("The token in this address is not the one. ")
        response = web.Response(status=303, headers={"Location": request.path})
        proxied = request.headers.get("X-Forwarded-Proto", "").lower() == "https"
        response.set_cookie(
            COOKIE,
            self._cookie,
            max_age=_COOKIE_SECONDS,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=request.secure or proxied,
        )
        return response

    @staticmethod
    def refused(reason: str = "") -> web.HTTPUnauthorized:
        """The answer to everybody else. A strict cookie needs a click of its own after a link."""
        return web.HTTPUnauthorized(
            text=f"<!doctype html><html lang='en'><title>Tollhouse</title><p>{reason}This page "
            "opens with <code>?token=…</code> or a bearer token. <a href='/'>Open it</a> if you "
            "gave one.",
            content_type="text/html",
            headers={"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"},
        )

    def _is_token(self, token: str) -> bool:
        return hmac.compare_digest(_bytes(token), self._token)


def _bytes(text: str) -> bytes:
    return text.encode(errors="backslashreplace")  # a header may hold what is no UTF-8
