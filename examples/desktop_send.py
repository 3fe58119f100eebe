"""
A desktop script: ask once in the browser, then send.

    python examples/desktop_send.py ada@example.com "Minutes" "They are attached." minutes.pdf
"""

import sys

import mailgrant


def main(to: str, subject: str, text: str, *attachments: str) -> None:
    with mailgrant.connect("gmail.send") as me:
        sent = me.gmail.send(to=to, subject=subject, text=text, attachments=attachments)
        print(f"{me.address} sent {sent.id}")


if __name__ == "__main__":
    main(*sys.argv[1:])
