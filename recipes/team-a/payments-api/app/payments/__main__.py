"""`python3 -m payments serve` answers on port 8080; `selftest` checks the sums."""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from payments.ledger import total


class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"total": total([("bread", 250), ("roll", 60)])}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if sys.argv[1:] == ["selftest"]:
    assert total([("bread", 250), ("roll", 60)]) == 310
    print("ok")
else:
    HTTPServer(("", 8080), Api).serve_forever()
