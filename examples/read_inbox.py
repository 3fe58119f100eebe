"""
A read-only inbox helper for a script that used to keep a token.json.

    python examples/read_inbox.py client_credentials.json token.json

The token.json is taken into the vault once; delete it afterwards.
"""

import sys
from pathlib import Path

import mailgrant


def gmail_connect(client_credentials_file: str, token_file: str) -> mailgrant.Account:
    """Return the account of token_file, or of whoever consents when there is none yet."""
    import_file = token_file if Path(token_file).exists() else None
    return mailgrant.connect("gmail.readonly", client_secrets=client_credentials_file, import_file=import_file)


def main(client_credentials_file: str, token_file: str) -> None:
    with gmail_connect(client_credentials_file, token_file) as me:
        for message in me.gmail.search("in:inbox", limit=10):
            print(f"{message.date:%Y-%m-%d %H:%M}  {message.from_}  {message.subject}")


if __name__ == "__main__":
    main(*sys.argv[1:])
