"""
A Flask page that asks a person for consent, sends a test mail as them, and keeps the grant.

    flask --app examples/flask_page.py run --port 9000 --cert adhoc

The OAuth client is of type Web and has registered https://localhost:9000/oauth2callback. The grant
is kept in the vault, sealed, under the user id of the session; a later visit does not ask again.
"""

import secrets

from flask import Flask, redirect, request, session
from werkzeug.wrappers import Response

import mailgrant

CALLBACK = "https://localhost:9000/oauth2callback"


def create_app(google: mailgrant.Mailgrant | None = None) -> Flask:
    app = Flask(__name__)
    app.secret_key = secrets.token_bytes(32)
    google = google or mailgrant.Mailgrant(client_secrets="client_secret.json")

    @app.get("/")
    def index() -> str | Response:
        user = session.setdefault("user", secrets.token_urlsafe(16))
        try:
            me = google.account(user=user)
            sent = me.gmail.send(to=me.grant().account, subject="A test", text="Sent with your consent.")
        except (mailgrant.ConsentNeeded, mailgrant.errors.GrantNotFound):
            consent = google.consents.begin(scopes="gmail.send", user=user, redirect_uri=CALLBACK)
            session["consent"] = consent.id
            return redirect(consent.url)
        return f"Sent {sent.id} as {me.address}."

    @app.get("/oauth2callback")
    def oauth2callback() -> str | Response:
        try:
            grant = google.consents.complete(request.url, consent=session.pop("consent", ""))
        except mailgrant.errors.ConsentError as error:
            return f"<p>{error.message} <a href='/'>Try again</a></p>"
        return f"<p>Thank you, {grant.account}. <a href='/'>Send a test mail</a></p>"

    return app
