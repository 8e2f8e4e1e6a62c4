#!/usr/bin/env python3
"""A real Kafka broker on loopback, for `make interop`, benchmarks and the example. Needs Java 17, Maven and openssl.

    tools/broker.py start  [--dir build/broker] [--plaintext PORT] [--sasl PORT] [--sasl-ssl PORT]   free ports unless given
    tools/broker.py stop | kill | pause | resume | status | wipe  [--dir ...]
    tools/broker.py install                                                                          only fetches the jars

One KRaft node with these listeners, printed by `start` and `status` as JSON:
    plaintext  PLAINTEXT
    sasl       SASL_PLAINTEXT, PLAIN, SCRAM-SHA-256/512 and OAUTHBEARER (tokens that nobody signed)
    sasl_ssl   SASL_SSL, the same users
    ssl        SSL, asks for a client certificate
    expired    SASL_SSL with a server certificate that has expired
The user is weir-key, its password weir-secret. Certificates lie in DIR/tls: ca.pem, client.pem with client.key (password
changeit), client.p12 and trust.p12 (changeit). start after kill goes on with the same ports and data. WEIR_BROKER_KAFKA is
the broker's version.
"""
import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KAFKA, SLF4J = os.environ.get("WEIR_BROKER_KAFKA", "4.4.0"), "1.7.36"
JARS = os.environ.get("WEIR_BROKER_JARS", os.path.join(ROOT, "build", "broker-jars", KAFKA))
USER, PASSWORD, STORE_PASSWORD = "weir-key", "weir-secret", "changeit"
LISTENERS = {"plaintext": "PLAINTEXT", "sasl": "SASL_PLAINTEXT", "sasl_ssl": "SASL_SSL", "ssl": "SSL", "expired": "SASL_SSL",
             "controller": "PLAINTEXT"}
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>weir</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>{SLF4J}</version></dependency>
</dependencies></project>
"""
CA_CONF = """[ca]
default_ca = c
[c]
dir = {0}
database = {0}/index
new_certs_dir = {0}
serial = {0}/serial
default_md = sha256
policy = p
unique_subject = no
[p]
commonName = supplied
"""
SAN = "subjectAltName=DNS:localhost,IP:127.0.0.1\n"


def available():
    """None when a broker can run here, else what is missing."""
    if os.path.exists(os.path.join(JARS, f"kafka_2.13-{KAFKA}.jar")):
        wanted = ("java", "openssl")
    else:
        wanted = ("java", "openssl", "mvn")
    return next((f"{w} is not installed" for w in wanted if not shutil.which(w)), None)


def install():
    if os.path.exists(os.path.join(JARS, f"kafka_2.13-{KAFKA}.jar")):
        return
    os.makedirs(JARS, exist_ok=True)
    with open(os.path.join(JARS, "pom.xml"), "w") as f:
        f.write(POM)
    subprocess.run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=."],
                   cwd=JARS, check=True, stdout=sys.stderr)


def free_ports(n):
    socks = [socket.socket() for _ in range(n)]
    for s in socks:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in socks]
    for s in socks:
        s.close()
    return ports


class Broker:
    def __init__(self, folder=None):
        self.dir = os.path.abspath(folder or os.path.join(ROOT, "build", "broker"))
        self.state = os.path.join(self.dir, "broker.json")

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def info(self):
        with open(self.state) as f:
            return json.load(f)

    def server(self, listener="plaintext"):
        return self.info()[listener]

    def pid(self):
        """Of the running broker, or None. The command line is looked at: pids are used again."""
        try:
            with open(self.path("pid")) as f:
                pid = int(f.read())
            with open(f"/proc/{pid}/cmdline") as f:
                return pid if self.path("server.properties") in f.read() else None
        except (OSError, ValueError):
            return None

    # ---- setting up ----

    def certificates(self):
        tls = self.path("tls")
        if os.path.exists(os.path.join(tls, "trust.p12")):
            return
        os.makedirs(tls, exist_ok=True)

        def write(name, text):
            with open(os.path.join(tls, name), "w") as f:
                f.write(text)

        def run(*argv):
            p = subprocess.run(argv, cwd=tls, capture_output=True, text=True)
            if p.returncode:
                raise SystemExit(f"{' '.join(argv[:3])}: {p.stderr.strip()[-400:]}")

        write("san", SAN)
        write("ca.conf", CA_CONF.format(tls))
        write("index", "")
        write("serial", "1000\n")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=weir test authority",
            "-keyout", "ca.key", "-out", "ca.pem")
        day = 86400
        for name, first, last in (("server", -day, 3650 * day), ("expired", -20 * day, -10 * day), ("client", -day, 3650 * day)):
            stamp = [time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + s)) for s in (first, last)]
            run("openssl", "req", "-newkey", "rsa:2048", "-passout", "pass:" + STORE_PASSWORD, "-subj",
                "/CN=" + ("weir-client" if name == "client" else "localhost"), "-keyout", name + ".key", "-out", name + ".csr")
            run("openssl", "ca", "-batch", "-notext", "-config", "ca.conf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", name + ".csr",
                "-out", name + ".pem", "-startdate", stamp[0], "-enddate", stamp[1], "-extfile", "san")
            run("openssl", "pkcs12", "-export", "-in", name + ".pem", "-inkey", name + ".key", "-passin", "pass:" + STORE_PASSWORD,
                "-certfile", "ca.pem", "-name", name, "-passout", "pass:" + STORE_PASSWORD, "-out", name + ".p12")
        run("keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", "ca.pem", "-storetype", "PKCS12", "-keystore", "trust.p12",
            "-storepass", STORE_PASSWORD)

    def configuration(self, at):
        plain = (f'org.apache.kafka.common.security.plain.PlainLoginModule required username="{USER}" password="{PASSWORD}" '
                 f'user_{USER}="{PASSWORD}";')
        bearer = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";'
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        lines = {
            "process.roles": "broker,controller", "node.id": 1, "controller.quorum.voters": "1@" + at["controller"],
            "listeners": ",".join(f"{n.upper()}://{at[n]}" for n in LISTENERS),
            "advertised.listeners": ",".join(f"{n.upper()}://{at[n]}" for n in LISTENERS if n != "controller"),
            "listener.security.protocol.map": ",".join(f"{n.upper()}:{p}" for n, p in LISTENERS.items()),
            "controller.listener.names": "CONTROLLER", "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
            "ssl.keystore.type": "PKCS12", "ssl.keystore.location": self.path("tls", "server.p12"),
            "ssl.keystore.password": STORE_PASSWORD, "ssl.key.password": STORE_PASSWORD,
            "ssl.truststore.type": "PKCS12", "ssl.truststore.location": self.path("tls", "trust.p12"),
            "ssl.truststore.password": STORE_PASSWORD,
            "listener.name.ssl.ssl.client.auth": "required",
            "listener.name.expired.ssl.keystore.location": self.path("tls", "expired.p12"),
            "listener.name.expired.ssl.keystore.type": "PKCS12",
            "listener.name.expired.ssl.keystore.password": STORE_PASSWORD,
            "listener.name.expired.ssl.key.password": STORE_PASSWORD,
            "log.dirs": self.path("data"), "num.partitions": 2, "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 2, "transaction.state.log.replication.factor": 1, "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 2, "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1, "group.initial.rebalance.delay.ms": 0, "auto.create.topics.enable": "false",
            "log.retention.check.interval.ms": 1000, "log.segment.delete.delay.ms": 100,
        }
        for n in ("sasl", "sasl_ssl", "expired"):
            lines[f"listener.name.{n}.plain.sasl.jaas.config"] = plain
            lines[f"listener.name.{n}.oauthbearer.sasl.jaas.config"] = bearer
            for bits in (256, 512):
                lines[f"listener.name.{n}.scram-sha-{bits}.sasl.jaas.config"] = scram
        return "".join(f"{k}={v}\n" for k, v in lines.items())

    def java(self, *args, **kw):
        argv = ["java", "-Xmx512m", "-Xms128m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info", "-Dorg.slf4j.simpleLogger.showDateTime=true",
                "-cp", os.path.join(JARS, "*"), *args]
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True, **kw)

    def prepare(self, wanted):
        """The first start: ports, certificates, an empty log."""
        os.makedirs(self.dir, exist_ok=True)
        names = [n for n in LISTENERS if not wanted.get(n)]
        ports = dict(wanted, **dict(zip(names, free_ports(len(names)))))
        at = {n: f"127.0.0.1:{ports[n]}" for n in LISTENERS}
        self.certificates()
        with open(self.path("server.properties"), "w") as f:
            f.write(self.configuration(at))
        users = [a for bits in (256, 512) for a in ("--add-scram", f"SCRAM-SHA-{bits}=[name={USER},password={PASSWORD}]")]
        with open(self.path("format.log"), "w") as log:
            p = self.java("kafka.tools.StorageTool", "format", "-t", "d2VpcndlaXJ3ZWlyd2VpcQ", "-c", self.path("server.properties"),
                          *users, stdout=log, stderr=log)
        if p.wait(120):
            raise SystemExit("the broker's log folder was not made; see " + self.path("format.log"))
        with open(self.state, "w") as f:
            json.dump(dict(at, tls=self.path("tls"), user=USER, password=PASSWORD), f)

    # ---- running ----

    def start(self, timeout_s=120, **ports):
        if self.pid():
            return self.info()
        install()
        if not os.path.exists(self.state):
            self.prepare(ports)
        log = self.path("log")
        with open(log, "ab") as f:
            mark = f.tell()
            p = self.java("kafka.Kafka", self.path("server.properties"), stdout=f, stderr=f)
        with open(self.path("pid"), "w") as f:
            f.write(str(p.pid))
        end = time.time() + timeout_s
        while time.time() < end:
            with open(log, errors="replace") as f:
                f.seek(mark)
                if "Kafka Server started" in f.read():
                    return self.info()
            if p.poll() is not None:
                break
            time.sleep(0.1)
        with open(log, errors="replace") as f:
            raise SystemExit("the broker did not start:\n" + f.read()[-2000:])

    def signal(self, number):
        pid = self.pid()
        if pid:
            os.kill(pid, number)
        return pid

    def wait_gone(self, pid, timeout_s=60):
        """What a child ended by, None of another's; an error if it does not end."""
        end = time.time() + timeout_s
        while time.time() < end:
            try:
                got, status = os.waitpid(pid, os.WNOHANG)
                if got:
                    return os.waitstatus_to_exitcode(status)
            except ChildProcessError:
                if not self.pid():
                    return None
            time.sleep(0.02)
        raise RuntimeError(f"the broker {pid} does not end within {timeout_s} s")

    def end(self, number, timeout_s=60):
        """By this signal, if it runs."""
        pid = self.signal(number)
        return self.wait_gone(pid, timeout_s) if pid else 0

    def stop(self):
        self.resume()
        try:
            self.end(signal.SIGTERM, 30)
        except RuntimeError:
            self.end(signal.SIGKILL)

    def kill(self):
        """An error if it did not run, or was dead by something else."""
        code = self.end(signal.SIGKILL)
        if code not in (None, -signal.SIGKILL):
            raise RuntimeError(f"the broker was not killed: {f'it ended with {code}' if code else 'it did not run'}")

    def pause(self):
        if not self.signal(signal.SIGSTOP):
            raise RuntimeError("the broker does not run")

    def resume(self):
        self.signal(signal.SIGCONT)

    def wipe(self):
        """Stops it and removes its folder."""
        self.end(signal.SIGKILL)
        if os.path.exists(self.state):
            shutil.rmtree(self.dir)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("command", choices=["install", "start", "stop", "kill", "pause", "resume", "status", "wipe"])
    a.add_argument("--dir")
    for n in LISTENERS:
        a.add_argument("--" + n.replace("_", "-"), type=int, metavar="PORT")
    o = a.parse_args()
    broker = Broker(o.dir)
    if o.command in ("install", "start") and available():
        print("no broker can run here: " + available(), file=sys.stderr)
        return 1
    if o.command == "install":
        install()
    elif o.command == "start":
        print(json.dumps(broker.start(**{n: getattr(o, n) for n in LISTENERS if getattr(o, n)}), indent=1))
    elif o.command == "status":
        print(json.dumps(dict(broker.info() if os.path.exists(broker.state) else {}, pid=broker.pid()), indent=1))
        return 0 if broker.pid() else 1
    else:
        getattr(broker, o.command)()
    return 0


if __name__ == "__main__":
    sys.exit(main())
