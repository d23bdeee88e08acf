#!/usr/bin/env python3
"""Sends one message to Kafka with software that is not ours, whatever is in it: the value is what comes on stdin.

    send_message.py BROKERS TOPIC KEY [--header NAME=VALUE]...

Prints where it was written, once every copy is.
"""

import argparse
import json
import sys

from confluent_kafka import Producer


def header(argument):
    name, equals, value = argument.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{argument!r} is not NAME=VALUE")
    return name, value.encode()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("brokers")
    parser.add_argument("topic")
    parser.add_argument("key")
    parser.add_argument("--header", type=header, action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()

    outcome = []
    producer = Producer({
        "bootstrap.servers": options.brokers,
        "acks": "all",
        "enable.idempotence": True,
        "message.timeout.ms": 30000,
        # What matters of its log is in the outcome.
        "log_level": 2,
    })
    producer.produce(
        options.topic,
        key=options.key.encode(),
        value=sys.stdin.buffer.read(),
        headers=options.header,
        on_delivery=lambda error, message: outcome.append((error, message)),
    )
    producer.flush(60)
    if not outcome or outcome[0][0]:
        print(f"it was not delivered: {outcome[0][0] if outcome else 'no answer'}", file=sys.stderr)
        return 1
    message = outcome[0][1]
    print(json.dumps({"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
