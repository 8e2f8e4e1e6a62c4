"""A token endpoint of OAuth 2: client credentials for a JSON web token that nobody signed."""
import base64
import http.server
import json
import threading
import time
import urllib.parse


def token(sub, seconds=300):
    def part(v):
        return base64.urlsafe_b64encode(json.dumps(v).encode()).rstrip(b"=").decode()
    now = int(time.time())
    return f"{part({'alg': 'none'})}.{part({'sub': sub, 'iat': now, 'exp': now + seconds, 'scope': ['read']})}."


class TokenEndpoint:
    """asked: what came, as (user, password, form). A wrong password is answered with 401."""

    def __init__(self, user, password):
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                head = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
                asked.append((*map(urllib.parse.unquote_plus, head.partition(":")[::2]), form))
                fine = asked[-1][:2] == (user, password)
                text = json.dumps({"access_token": token(user), "token_type": "Bearer", "expires_in": 300} if fine
                                  else {"error": "invalid_client", "error_description": "no such client"}).encode()
                self.send_response(200 if fine else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *a):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/token"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
