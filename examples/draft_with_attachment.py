"""
A mail with an attachment that goes out through a draft: it can be looked at before it is sent.

    python examples/draft_with_attachment.py grace@example.com minutes.pdf
"""

import sys

import mailgrant


def main(to: str, path: str) -> None:
    with mailgrant.connect("gmail.compose") as me:
        draft = me.gmail.create_draft(
            to=to,
            subject="Minutes of the meeting",
            text="Dear Grace,\n\nthe minutes are attached.\n\nAda",
            attachments=[path],
        )
        print(f"The draft {draft.id} is in your mailbox.")
        sent = me.gmail.send(draft)
        print(f"It was sent as {sent.id}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
