"""The file in which Google says which application asks: read, found beside a script, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mailgrant.client_file import client_in_folder, read_client, read_client_or_key
from mailgrant.errors import SettingsError
from mailgrant.oauth.client_secrets import ClientSecrets
from mailgrant.oauth.realm import Realm

LUNCH: dict[str, Any] = {
    "installed": {
        "client_id": "lunch.apps.googleusercontent.com",
        "client_secret": "GOCSPX-lunch",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "redirect_uris": ["http://localhost"],
    }
}
GOOGLE = Realm.google()


def written(path: Path, value: dict[str, Any], mode: int = 0o600) -> Path:
    path.write_text(json.dumps(value))
    path.chmod(mode)
    return path


def test_a_path_and_what_stands_in_the_file_are_the_same_client(tmp_path: Path) -> None:
    path = written(tmp_path / "client_secret.json", LUNCH)

    assert read_client(path, GOOGLE) == read_client(LUNCH, GOOGLE) == read_client_or_key(str(path), GOOGLE)


def test_a_content_that_is_no_client_is_named_by_the_argument_it_came_in() -> None:
    with pytest.raises(SettingsError, match="client_secrets"):
        read_client({"lunch": {}}, GOOGLE)


def test_a_file_that_is_not_there_says_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_client(tmp_path / "client_secret.json", GOOGLE)

    assert "Google Cloud console" in caught.value.hint


def test_a_service_accounts_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "key.json", {"type": "service_account"}, mode=0o644)

    with pytest.raises(SettingsError, match="others on this machine may read it"):
        read_client_or_key(path, GOOGLE)


def test_the_file_beside_the_script_is_used_and_told(tmp_path: Path) -> None:
    said: list[str] = []
    written(tmp_path / "client_secret_lunch.json", LUNCH)

    found = client_in_folder(tmp_path, GOOGLE, say=said.append)

    assert isinstance(found, ClientSecrets)
    assert said == ["using the client secrets in client_secret_lunch.json; from now on they are in the vault."]


def test_a_file_that_others_may_write_does_not_choose_the_application(tmp_path: Path) -> None:
    said: list[str] = []
    written(tmp_path / "credentials.json", LUNCH, mode=0o666)

    assert client_in_folder(tmp_path, GOOGLE, say=said.append) is None
    assert said == ["credentials.json is left alone: others may write it, or it belongs to somebody else."]
