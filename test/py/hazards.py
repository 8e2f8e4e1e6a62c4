"""Damage done to golden checkpoints on purpose, for Spark and weir alike. A damage that changes nothing is a mistake."""
import json
import shutil
import struct
import zlib

from checkpoints import edit_offsets, merge_to_snapshot, newest, pack, payload, records, unpack, write

ROCKS = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
PREFIX = "spark.sql."
SESSION = {"session_shuffle_partitions_7": {PREFIX + "shuffle.partitions": "7"},
           "conf_no_shuffle_partitions_session_7": {PREFIX + "shuffle.partitions": "7"},
           "session_rocksdb_provider_on_hdfs_ckpt": {PREFIX + "streaming.stateStore.providerClass": ROCKS}}
# the golden checkpoint that is damaged, where it is not agg_update_hdfs
CASE = {"session_reencoded_raw": "session_append_hdfs", "only_deltas_as_one_merged_chain": "dedupwm_hdfs"}
MUTATIONS = {}


AS_IT_IS = {"no_crc_files", "session_shuffle_partitions_7", "session_rocksdb_provider_on_hdfs_ckpt"}  # the session differs, or nothing


def mutation(f):
    def mutate(ck):
        def content():
            return {p: p.read_bytes() if p.is_file() else None for p in ck.rglob("*")}
        before = content()
        f(ck)
        assert (content() == before) == (f.__name__ in AS_IT_IS), "nothing was damaged"
    MUTATIONS[f.__name__] = mutate
    return f


def crc_of(path):
    """The sidecar that Hadoop's local file system keeps."""
    data = path.read_bytes()
    sums = b"".join(struct.pack(">I", zlib.crc32(data[i:i + 512])) for i in range(0, len(data), 512))
    (path.parent / f".{path.name}.crc").write_bytes(b"crc\0" + struct.pack(">i", 512) + sums)


def all_files(ck):
    return [p for p in ck.rglob("*") if p.is_file() and not p.name.startswith(".")]


def replace(path, a, b):
    data = path.read_bytes()
    assert a in data
    path.write_bytes(data.replace(a, b))


def set_conf(ck, key, value):
    def change(meta):
        meta["conf"].pop(key, None)
        if value is not None:
            meta["conf"][key] = value
    edit_offsets(ck, change)


@mutation
def baseline(ck):
    for p in all_files(ck):
        crc_of(p)


@mutation
def no_crc_files(ck):
    assert not list(ck.rglob(".*.crc"))


@mutation
def deltas_reencoded_raw_lz4_blocks(ck):
    for p in ck.glob("state/0/*/*.delta"):
        write(p, records(p))


@mutation
def session_reencoded_raw(ck):
    deltas_reencoded_raw_lz4_blocks(ck)


@mutation
def only_snapshot_written_by_us(ck):
    for part in ck.glob("state/0/[0-9]*"):
        merge_to_snapshot(part, newest(ck) + 1)


@mutation
def only_deltas_as_one_merged_chain(ck):
    only_snapshot_written_by_us(ck)


@mutation
def stale_hadoop_crc(ck):
    p = ck / "state/0/1/1.delta"
    crc_of(p)
    write(p, records(p))


@mutation
def all_hadoop_crc_flipped(ck):
    baseline(ck)
    for p in ck.rglob(".*.crc"):
        p.write_bytes(p.read_bytes()[:-1] + b"\x55")


@mutation
def stale_crc_on_offsets(ck):
    p = ck / "offsets" / str(newest(ck))
    crc_of(p)
    replace(p, b'"batchTimestampMs":', b'"batchTimestampMs" :')


@mutation
def corrupt_lz4_checksum(ck):
    p = ck / "state/0/1/1.delta"
    b = bytearray(p.read_bytes())
    b[17] ^= 1
    p.write_bytes(b)


@mutation
def xxhash_unmasked_32bit(ck):
    p = ck / "state/0/1/1.delta"
    p.write_bytes(pack(unpack(p.read_bytes()), high=0x80000000))


@mutation
def no_lz4_end_block(ck):
    p = ck / "state/0/1/1.delta"
    write(p, records(p), end=False)


@mutation
def no_eof_marker_in_delta(ck):
    p = ck / "state/0/1/1.delta"
    p.write_bytes(pack(payload(records(p))[:-4]))


@mutation
def operator_metadata_missing(ck):
    shutil.rmtree(ck / "state/0/_metadata")


@mutation
def schema_file_missing(ck):
    shutil.rmtree(ck / "state/0/0/_metadata")


@mutation
def schema_other_field_names(ck):
    replace(ck / "state/0/0/_metadata/schema", b'"name":"count"', b'"name":"kount"')


@mutation
def schema_type_differs(ck):
    replace(ck / "state/0/0/_metadata/schema", b'"sum","type":"double"', b'"sum","type":"string"')


@mutation
def schema_no_metadata_objects(ck):
    p = ck / "state/0/0/_metadata/schema"
    data, at, out = p.read_bytes(), 4, b"\0\2v2"
    for _ in range(2):
        n = struct.unpack_from(">H", data, at + 4)[0]
        schema = json.loads(data[at + 6:at + 6 + n])
        at += 6 + n
        for f in schema["fields"]:
            f["metadata"] = {}
        text = json.dumps(schema, separators=(",", ":")).encode()
        out += struct.pack(">iH", 1, len(text)) + text
    p.write_bytes(out)


@mutation
def numPartitions_metadata_mismatch(ck):
    replace(ck / "state/0/_metadata/metadata", b'"numPartitions":2', b'"numPartitions":3')


@mutation
def operatorName_differs(ck):
    replace(ck / "state/0/_metadata/metadata", b"stateStoreSave", b"otherStateSave")


@mutation
def conf_empty(ck):
    edit_offsets(ck, lambda m: m.update(conf={}))


@mutation
def conf_only_partitions_and_provider(ck):
    keep = ("shuffle.partitions", "streaming.stateStore.providerClass", "streaming.aggregation.stateFormatVersion")
    edit_offsets(ck, lambda m: m.update(conf={k: v for k, v in m["conf"].items() if k[len(PREFIX):] in keep}))


@mutation
def conf_no_shuffle_partitions_session_7(ck):
    set_conf(ck, PREFIX + "shuffle.partitions", None)


@mutation
def session_shuffle_partitions_7(ck):
    pass


@mutation
def conf_shuffle_partitions_3(ck):
    set_conf(ck, PREFIX + "shuffle.partitions", "3")


@mutation
def session_rocksdb_provider_on_hdfs_ckpt(ck):
    pass


@mutation
def conf_rocksdb_provider_on_hdfs_ckpt(ck):
    set_conf(ck, PREFIX + "streaming.stateStore.providerClass", ROCKS)


@mutation
def conf_unknown_key(ck):
    set_conf(ck, "some.other.key", "1")


@mutation
def metadata_extra_json_field(ck):
    edit_offsets(ck, lambda m: m.update(someField=1))


@mutation
def conf_aggregation_stateFormatVersion_missing(ck):
    set_conf(ck, PREFIX + "streaming.aggregation.stateFormatVersion", None)


@mutation
def commit_empty_json(ck):
    (ck / "commits" / str(newest(ck))).write_text("v1\n{}")


@mutation
def commit_trailing_newline(ck):
    p = ck / "commits" / str(newest(ck))
    p.write_text(p.read_text() + "\n")


@mutation
def offset_trailing_newline(ck):
    p = ck / "offsets" / str(newest(ck))
    p.write_text(p.read_text() + "\n")


@mutation
def metadata_file_missing(ck):
    (ck / "metadata").unlink()


@mutation
def uncommitted_last_batch(ck):
    (ck / "commits" / str(newest(ck))).unlink()


def back_to_batch_2(ck):
    for n in (2, 3):
        (ck / "commits" / str(n)).unlink()
    (ck / "offsets/3").unlink()


@mutation
def uncommitted_data_batch_state_absent(ck):
    back_to_batch_2(ck)
    for part in ck.glob("state/0/[0-9]*"):
        for v in (3, 4):
            (part / f"{v}.delta").unlink()


@mutation
def uncommitted_data_batch_state_garbage(ck):
    back_to_batch_2(ck)
    for part in ck.glob("state/0/[0-9]*"):
        (part / "4.delta").unlink()
        (part / "3.delta").write_bytes(b"garbage")


@mutation
def offset_gap_previous_missing(ck):
    (ck / "offsets" / str(newest(ck) - 1)).unlink()


@mutation
def only_last_two_offsets_and_last_commit(ck):
    last = newest(ck)
    for n in range(last):
        (ck / "commits" / str(n)).unlink()
        if n < last - 1:
            (ck / "offsets" / str(n)).unlink()


@mutation
def sources_log_missing(ck):
    shutil.rmtree(ck / "sources")


@mutation
def zero_length_last_offset(ck):
    (ck / "offsets" / str(newest(ck))).write_bytes(b"")


@mutation
def leftover_tmp_files(ck):
    for d in ("offsets", "commits", "state/0/0"):
        (ck / d / ".4.0a6b3c1e-1111-2222-3333-444444444444.tmp").write_bytes(b"x")


@mutation
def state_version_ahead_of_commit(ck):
    for part in ck.glob("state/0/[0-9]*"):
        shutil.copy(part / "4.delta", part / "5.delta")
