"""Takes posts and reads them with the official Python SDK.

POST /core uses its current API, POST /v1 its older one; GET gives what was read so far.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.v1.http import from_http, from_json

BATCH = "application/cloudevents-batch+json"
NAMES = ["id", "source", "type", "subject", "account", "datacontenttype"]
received = []


def by_core(headers, body):
    # The SDK knows no batches: its structured reader gets each member of one.
    if headers.get("content-type") == BATCH:
        members = [json.dumps(member).encode() for member in json.loads(body)]
        events = [JSONFormat().read(None, member) for member in members]
    else:
        events = [from_http_event(HTTPMessage(headers=headers, body=body))]
    for event in events:
        attributes = event.get_attributes()
        yield attributes, event.get_data(), str(event.get_time())


def by_v1(headers, body):
    if headers.get("content-type") == BATCH:
        events = [from_json(json.dumps(member)) for member in json.loads(body)]
    else:
        events = [from_http(headers, body)]
    for event in events:
        yield event.get_attributes(), event.get_data(), event["time"]


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        read = {"/core": by_core, "/v1": by_v1}[self.path]
        try:
            events = [
                {name: attributes.get(name) for name in NAMES} | {"data": data, "time": time}
                for attributes, data, time in read(headers, body)
            ]
        except Exception as error:
            return self.answer(400, repr(error))
        received.extend(events)
        self.answer(202, "")

    def do_GET(self):
        self.answer(200, json.dumps(received))
        received.clear()

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_address[1], flush=True)
server.serve_forever()
