"""A real Kafka broker, orders produced into it, and the Delta table that fills: `python3 examples/kafka_demo.py`.

Needs Java 17, Maven and openssl (tools/broker.py fetches the broker once). The broker is killed and started again in the
middle, which the query takes for what it is."""
import os
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..")
sys.path[:0] = [os.path.join(TOP, "tools"), os.path.join(TOP, "test", "py")]
import broker as broker_tool  # noqa: E402
from kafka_driver import Kafka  # noqa: E402

ORDERS, RATE = 200000, 25000
ROOT = os.path.join(TOP, "build", "kafka-demo")


def say(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def main():
    missing = broker_tool.available()
    if missing:
        print("this example needs a broker: " + missing)
        return 1
    broker = broker_tool.Broker(os.path.join(ROOT, "broker"))
    broker.wipe()
    shutil.rmtree(ROOT, ignore_errors=True)
    say("1. A Kafka broker starts on loopback")
    info = broker.start()
    print(f"  PLAINTEXT {info['plaintext']}, SASL_PLAINTEXT {info['sasl']}, SASL_SSL {info['sasl_ssl']}")
    try:
        kafka = Kafka(bootstrap_servers=info["plaintext"])
        kafka.topic("orders", 4)
        say(f"2. {ORDERS:,} orders are produced into 4 partitions, {RATE:,} a second; weir runs examples/kafka_orders.py")
        feed = threading.Thread(target=lambda: kafka.fill("orders", 0, ORDERS, 4, RATE))
        feed.start()
        weir = subprocess.Popen([os.path.join(TOP, "build", "weir"), "run", "--warehouse", os.path.join(ROOT, "warehouse"),
                                 os.path.join(HERE, "kafka_orders.py"), info["plaintext"], "orders", ROOT, str(ORDERS)],
                                stderr=subprocess.DEVNULL)
        time.sleep(4)
        print("  -- the broker is killed (SIGKILL)", flush=True)
        broker.kill()
        time.sleep(2)
        broker.start()
        print("  -- the broker is back", flush=True)
        code = weir.wait(180)
        feed.join()
        kafka.close()
    finally:
        broker.stop()
    print("every order is in the table once" if code == 0 else "THE QUERY FAILED")
    print(f"table and checkpoint: {os.path.relpath(ROOT)}")
    return code


sys.exit(main())
