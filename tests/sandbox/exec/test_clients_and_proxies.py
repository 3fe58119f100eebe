"""httplib2 with and without PySocks, and aiohttp whether it asks for proxies or not, reach the sandbox unchanged."""

from __future__ import annotations

import pytest

from .conftest import Led

LABELS = "https://gmail.googleapis.com/gmail/v1/users/me/labels"
WITHOUT_PYSOCKS = "import sys\nsys.modules['socks'] = None\n"


@pytest.mark.parametrize(("start", "has"), [("", True), (WITHOUT_PYSOCKS, False)], ids=["PySocks", "no PySocks"])
def test_httplib2_reaches_it_with_pysocks_and_without(led: Led, start: str, has: bool) -> None:
    printed = led.python(
        f"{start}import httplib2\n"
        "http = httplib2.Http()\n"
        "for _ in range(2):\n"
        f"    answer, body = http.request('{LABELS}', headers={{'Authorization': 'Bearer {led.token()}'}})\n"
        "    print(answer.status, b'INBOX' in body)\n"
        "print(httplib2.socks is not None)\n"
    )

    assert printed.split() == ["200", "True"] * 2 + [str(has)]


@pytest.mark.parametrize("start", ["", WITHOUT_PYSOCKS], ids=["PySocks", "no PySocks"])
def test_googles_client_calls_gmail_and_calendar_with_pysocks_and_without(led: Led, start: str) -> None:
    printed = led.python(
        f"{start}from google.oauth2.credentials import Credentials\n"
        "from googleapiclient.discovery import build\n"
        f"credentials = Credentials.from_authorized_user_file({led.authorized_user()!r})\n"
        "gmail = build('gmail', 'v1', credentials=credentials)\n"
        "diary = build('calendar', 'v3', credentials=credentials)\n"
        "print(gmail.users().getProfile(userId='me').execute()['emailAddress'])\n"
        "print(diary.calendars().get(calendarId='primary').execute()['id'])\n"
    )

    assert printed.split() == ["ada@example.com"] * 2
    assert led.methods == ["oauth2.token", "gmail.users.getProfile", "calendar.calendars.get"]


@pytest.mark.parametrize("start", ["", WITHOUT_PYSOCKS], ids=["PySocks", "no PySocks"])
@pytest.mark.parametrize("google", [True, False], ids=["to Google", "to this machine"])
def test_httplib2_asks_by_plain_http_too(led: Led, start: str, google: bool) -> None:
    origin = "http://www.googleapis.com" if google else led.entrance.url
    printed = led.python(
        f"{start}import httplib2\nprint(httplib2.Http().request('{origin}/oauth2/v3/certs')[0].status)\n"
    )

    assert printed.split() == ["200"]


@pytest.mark.parametrize("trusting", [False, True], ids=["by the hook", "by the proxy"])
def test_aiohttp_reaches_it(led: Led, trusting: bool) -> None:
    printed = led.python(
        f"""
        import asyncio, aiohttp

        async def ask() -> None:
            headers = {{"Authorization": "Bearer {led.token()}"}}
            async with aiohttp.ClientSession(trust_env={trusting}, headers=headers) as session:
                for _ in range(2):
                    async with session.get("{LABELS}") as answer:
                        print(answer.status, "INBOX" in await answer.text())

        asyncio.run(ask())
        """
    )

    assert printed.split() == ["200", "True"] * 2


def test_aiohttp_that_asks_for_proxies_is_refused_another_host(led: Led) -> None:
    printed = led.python(
        """
        import asyncio, aiohttp

        async def ask() -> None:
            async with aiohttp.ClientSession(trust_env=True) as session:
                try:
                    await session.get("https://example.com/")
                except aiohttp.ClientHttpProxyError as error:
                    print(error.status)

        asyncio.run(ask())
        """
    )

    assert printed.split() == ["403"]
