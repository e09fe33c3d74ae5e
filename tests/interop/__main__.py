"""``python -m tests.interop`` from the project's root: a SOGo to try things on, until Ctrl-C."""

import signal
import sys
import time

from . import corpus, samples
from .sogo import SOGoServer


def _main() -> None:
    # Ended by SIGTERM as by Ctrl-C: through the context manager.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with SOGoServer(debug="--debug" in sys.argv) as server:
        with server.imap(server.alice) as mailbox:
            mailbox.append([*corpus.messages().values(), *corpus.many(2000)])
        for sample in samples.CONTACTS + samples.EVENTS + samples.TASKS:
            server.dav(server.alice).put(sample.path, sample.text)
        print(f"http      {server.url}")
        print(f"https     {server.tls_url}")
        print(f"CA file   {server.ca_file}")
        print(f"log       {server.log_file}")
        print(f"IMAP      127.0.0.1:{server.imap_port}")
        for user in server.users.values():
            print(f"user      {user.name}, password {user.password}")
        print("Ctrl-C stops it.", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("stopping")


_main()
