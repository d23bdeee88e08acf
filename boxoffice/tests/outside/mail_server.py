#!/usr/bin/env python3
"""A mail server that is not ours (aiosmtpd) and keeps what it takes.

    mail_server.py PORT FOLDER [--refuse N]

Listens on 127.0.0.1, on any free port for PORT 0, and says `listening PORT` on stdout. Each mail becomes FOLDER/<n>.eml
and a line in FOLDER/received.jsonl, both before the sender is told that it was taken; after a restart it counts on. The
first N mails are put off with 451. Stops on SIGTERM.
"""

import argparse
import asyncio
import datetime
import email
import email.policy
import json
import pathlib
import signal

from aiosmtpd.smtp import SMTP

MEGABYTES = 1 << 20


class Mailbox:
    def __init__(self, folder, refuse):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.refuse = refuse
        self.count = max((int(file.stem) for file in folder.glob("*.eml") if file.stem.isdecimal()), default=0)

    async def handle_DATA(self, _server, _session, envelope):
        if self.refuse > 0:
            self.refuse -= 1
            return "451 4.3.0 Not now, try again later"
        self.count += 1
        (self.folder / f"{self.count}.eml").write_bytes(envelope.original_content)
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        received = {
            "message_id": mail["Message-ID"] and str(mail["Message-ID"]).strip(),
            "to": envelope.rcpt_tos,
            "subject": mail["Subject"] and str(mail["Subject"]),
            "at": datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z"),
        }
        with (self.folder / "received.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(received, ensure_ascii=False) + "\n")
        return "250 2.0.0 Taken"


async def serve(options):
    mailbox = Mailbox(options.folder, options.refuse)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(
        lambda: SMTP(mailbox, enable_SMTPUTF8=True, data_size_limit=32 * MEGABYTES, hostname="localhost"),
        "127.0.0.1",
        options.port,
    )
    print(f"listening {server.sockets[0].getsockname()[1]}", flush=True)
    await stop.wait()
    server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--refuse", type=int, default=0, metavar="N", help="put off the first N mails")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
