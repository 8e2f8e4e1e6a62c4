#!/usr/bin/env bash
# Installs what is missing to build and run weir on Debian: system packages (root or sudo), then a virtual environment
# in .venv with the PySpark client. Does nothing, and needs no network, when all is there. Arguments: more packages.
set -euo pipefail
cd "$(dirname "$0")/.."
packages=(gcc g++ make pkg-config python3 python3-venv protobuf-c-compiler protobuf-compiler libprotobuf-c-dev
    libnghttp2-dev libssl-dev libzstd-dev libsqlite3-dev libpcre2-dev zlib1g-dev libxxhash-dev liblz4-dev libsnappy-dev libbz2-dev
    tzdata librdkafka-dev libexpat1-dev
    libcmocka-dev "$@")
missing=()
for p in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo=sudo
    echo "installing: ${missing[*]}"
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
python=""
for p in python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
    if command -v $p >/dev/null && $p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$p
        break
    fi
done
[ -n "$python" ] || { echo "weir needs python 3.11 or newer with the venv module" >&2; exit 1; }
wanted="pyspark-client==4.2.0 delta-spark==4.4.1 confluent-kafka==2.16.1 1"
if [ "$(cat .venv/stamp 2>/dev/null)" != "$wanted" ]; then
    echo "making .venv"
    [ -x .venv/bin/python ] || $python -m venv .venv
    .venv/bin/pip install -q pyspark-client==4.2.0 'pyarrow>=26,<27' 'pandas<3' grpcio grpcio-status \
        googleapis-common-protos requests pytest
    # of confluent-kafka the build takes librdkafka
    .venv/bin/pip install -q --no-deps delta-spark==4.4.1 confluent-kafka==2.16.1
    echo "$wanted" > .venv/stamp
fi
touch .venv/stamp
