#!/usr/bin/env python3
"""Reads Kafka topics with software that is not ours: Confluent's client, and the CloudEvents project's own package.

    read_messages.py BROKERS TOPIC[,TOPIC...] [--from-beginning] [--until-idle SECONDS] [--raw]

Prints a line of JSON per message, in the order of arrival. Says `reading` on stderr when it will miss nothing more. It
ends when nothing has come for --until-idle seconds, or on SIGTERM. Exit code 1: a message was no valid CloudEvent, which
stderr names and which is not printed; 2: it could not read.
"""

import argparse
import json
import signal
import sys
import time
import uuid

from cloudevents.core.bindings.kafka import KafkaMessage, from_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Consumer, KafkaError, KafkaException

STRUCTURED = "application/cloudevents+json"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("brokers")
    parser.add_argument("topics", type=lambda text: text.split(","))
    parser.add_argument("--from-beginning", action="store_true", help="also what was there before")
    parser.add_argument("--until-idle", type=float, metavar="SECONDS", help="end when nothing has come for so long")
    parser.add_argument("--raw", action="store_true", help="print `value` as text instead of decoding a CloudEvent")
    return parser.parse_args()


def text(value):
    return None if value is None else value.decode("utf-8", errors="replace")


def decoded(message):
    """What the CloudEvents package makes of a message; raises whatever it raises when it is none."""
    headers = {name.lower(): value or b"" for name, value in message.headers() or []}
    content_type = text(headers.get("content-type", b""))
    if content_type.split(";")[0].strip().lower() != STRUCTURED:
        raise ValueError(f"its content-type is {content_type!r} and not {STRUCTURED}")
    if message.value() is None:
        raise ValueError("it has no value")
    # Without the key, which the package would put over the event's own partitionkey.
    event = from_structured(KafkaMessage(headers, None, message.value()), JSONFormat(), CloudEvent)
    # The package makes up an id and a time where there is none.
    said = json.loads(message.value())
    if not said.get("id"):
        raise ValueError("it has no id")
    happened = event.get_time() if said.get("time") else None
    return {
        "id": event.get_id(),
        "type": event.get_type(),
        "source": event.get_source(),
        "subject": event.get_subject(),
        "time": happened and happened.isoformat().replace("+00:00", "Z"),
        "sequence": event.get_extension("sequence"),
        "partitionkey": event.get_extension("partitionkey"),
        "data": event.get_data(),
    }


def line(message, raw):
    where = {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "key": text(message.key()),
        "headers": {name: text(value) for name, value in message.headers() or []},
    }
    return where | ({"value": text(message.value())} if raw else decoded(message))


def main():
    options = arguments()
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    consumer = Consumer({
        "bootstrap.servers": options.brokers,
        "group.id": f"outside-{uuid.uuid4()}",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest" if options.from_beginning else "latest",
        # A broker that is away for a while is what some tests are about; every try to reach it would be a line.
        "log_level": 2,
    })
    known = consumer.list_topics(timeout=30).topics
    missing = [topic for topic in options.topics if topic not in known]
    if missing:
        print(f"there is no topic {', '.join(missing)}", file=sys.stderr)
        return 2

    status = 0
    # Counted only once there is something to read from: until then silence means nothing.
    last = None

    def assigned(_consumer, partitions):
        nonlocal last
        if not options.from_beginning:
            # Now, and not at the first look into each partition, which may be later than what happens next.
            for partition in partitions:
                partition.offset = consumer.get_watermark_offsets(partition, timeout=30)[1]
        consumer.assign(partitions)
        last = time.monotonic()
        print("reading", file=sys.stderr, flush=True)

    consumer.subscribe(options.topics, on_assign=assigned)
    while not stopping:
        message = consumer.poll(0.1)
        now = time.monotonic()
        if message is None:
            if options.until_idle is not None and last is not None and now - last >= options.until_idle:
                break
            continue
        if message.error():
            if message.error().code() == KafkaError._ALL_BROKERS_DOWN or message.error().retriable():
                continue
            raise KafkaException(message.error())
        last = now
        # The package has many ways to refuse, and all of them mean the same here.
        try:
            read = line(message, options.raw)
        except Exception as reason:
            place = f"{message.topic()} partition {message.partition()} offset {message.offset()}"
            print(f"no valid CloudEvent at {place}: {type(reason).__name__}: {reason}", file=sys.stderr, flush=True)
            status = 1
            continue
        print(json.dumps(read, ensure_ascii=False), flush=True)
    consumer.close()
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KafkaException as reason:
        print(f"cannot read: {reason}", file=sys.stderr)
        sys.exit(2)
