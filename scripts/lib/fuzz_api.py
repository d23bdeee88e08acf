"""Makes a running boxoffice ready for scripts/fuzz-api: people, a theatre, a show, a booking.

    fuzz_api.py API DOCUMENT FOLDER

Writes to FOLDER: `customer.token`, `owner.token` and `leaver.token`, what each calls the API with; `openapi.json`, the
document with the ids of what there is in place of the form of an id, so that requests find something.
"""

import datetime
import json
import pathlib
import sys
import urllib.request
import uuid

HALL = """\
section stalls, category standard
A 1-20, gap 10, premium
B 1-20, gap 10, accessible 1 20
C 1-20, gap 10
section floor, 100 places, category standing
"""


class Api:
    def __init__(self, address):
        self.address = address

    def call(self, method, path, body=None, token=None, key=None):
        headers = {"Content-Type": "text/plain" if isinstance(body, str) else "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        request = urllib.request.Request(f"{self.address}/api/v1{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def register(self):
        email = f"{uuid.uuid4().hex}@example.org"
        body = {"name": "Ada Lovelace", "email": email, "password": "a stage in the old town"}
        return self.call("POST", "/accounts", body)


def token(entered):
    return entered["access"]["accessToken"]


def put_on(api, owner):
    """Has somebody put a show on; gives the ids of everything by what they are of, and who may call."""
    partner = api.call("POST", "/partners", {"name": "The Old Stage"}, token(owner))["id"]
    # Only the next token says that they sell.
    renewed = api.call("POST", "/sessions/renew", {"sessionToken": owner["sessionToken"]})["accessToken"]
    venue = {
        "name": "The Old Stage",
        "address": "1 High Street",
        "city": "Wien",
        "country": "AT",
        "timeZone": "Europe/Vienna",
    }
    venue = api.call("POST", f"/partners/{partner}/venues", venue, renewed)["id"]
    hall = api.call("POST", f"/venues/{venue}/halls", {"name": "Main"}, renewed)["id"]
    api.call("PUT", f"/halls/{hall}/seat-map", HALL, renewed)
    event = {"kind": "play", "titles": {"en": "Hamlet"}, "languages": ["en"], "durationMinutes": 180}
    event = api.call("POST", f"/partners/{partner}/events", event, renewed)["id"]
    starts_at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
    categories = ["standard", "premium", "standing"]
    show = {
        "eventId": event,
        "hallId": hall,
        "currency": "EUR",
        "startsAt": starts_at.isoformat(),
        "prices": [{"category": category, "minor": 2000} for category in categories],
    }
    show = api.call("POST", f"/partners/{partner}/shows", show, renewed)["id"]
    offer = {"name": "Third ticket", "nth": 3, "percent": 50}
    offer = api.call("POST", f"/partners/{partner}/offers", offer, renewed)["id"]
    ids = {"partners": partner, "venues": venue, "halls": hall, "events": event, "shows": show, "offers": offer}
    return ids, renewed


def with_ids(document, ids, seats):
    """Puts the ids of what there is into the document, where a request names something."""

    def one_of(*values):
        return {"type": "string", "enum": list(values)}

    queries = {"showId": ids["shows"], "eventId": ids["events"], "booking": ids["bookings"]}
    for path, operations in document["paths"].items():
        # `/api/v1/shows/{id}/seats` names a show.
        kind = path.split("/{id}")[0].rsplit("/", 1)[-1]
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path" and parameter["name"] == "id" and kind in ids:
                    parameter["schema"] = one_of(ids[kind])
                elif parameter["in"] == "query" and parameter["name"] in queries:
                    parameter["schema"] = one_of(queries[parameter["name"]])
    schemas = document["components"]["schemas"]
    for name in ("NewBooking", "QuoteWish"):
        schemas[name]["properties"]["showId"] = one_of(ids["shows"])
        schemas[name]["properties"]["seatIds"]["items"] = one_of(*seats)
    schemas["Allocation"]["properties"]["seatIds"]["items"] = one_of(*seats)
    schemas["ShowWish"]["properties"]["eventId"] = one_of(ids["events"])
    schemas["ShowWish"]["properties"]["hallId"] = one_of(ids["halls"])
    schemas["PriceWish"]["properties"]["category"] = one_of("standard", "premium", "standing")
    return document


def main():
    address, document, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    api = Api(address.rstrip("/"))
    customer, leaver, owner = (api.register() for _ in range(3))
    ids, owner_token = put_on(api, owner)
    seats = [seat["seatId"] for seat in api.call("GET", f"/shows/{ids['shows']}/seats")["items"]]
    wish = {"showId": ids["shows"], "seatIds": seats[:2]}
    ids["bookings"] = api.call("POST", "/bookings", wish, token(customer), key=uuid.uuid4().hex)["id"]
    for name, text in (("customer", token(customer)), ("owner", owner_token), ("leaver", token(leaver))):
        (folder / f"{name}.token").write_text(text)
    named = with_ids(json.loads(document.read_text()), ids, seats[2:32])
    (folder / "openapi.json").write_text(json.dumps(named))


if __name__ == "__main__":
    main()
