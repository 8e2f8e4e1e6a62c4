"""Properties of new Delta tables, and what comes of each: the class of the refusal, or the protocol and the properties that are kept."""
import glob
import json
import os
import re

BOOLEANS = """appendOnly autoOptimize autoOptimize.optimizeWrite castIcebergTimeType checkpoint.writeStatsAsJson checkpoint.writeStatsAsStruct
 compatibility.symlinkFormatManifest.enabled enableChangeDataCapture enableChangeDataFeed enableDeletionVectors enableExpiredLogCleanup
 enableFullRetentionRollback enableIcebergCompatV1 enableIcebergCompatV2 enableIcebergCompatV3 enableInCommitTimestamps
 enableMaterializePartitionColumnsFeature enableRowTracking enableTypeWidening enableVariantShredding ignoreIcebergBucketPartition
 ignoreProtocolDefaults randomizeFilePrefixes rowTrackingSuspended universalFormat.iceberg.atomicConversion.supported
 writePartitionColumnsToParquet""".split()
SPANS = ["checkpointRetentionDuration", "deletedFileRetentionDuration", "dropFeatureTruncateHistory.retentionDuration", "logRetentionDuration",
         "sampleRetentionDuration", "setTransactionRetentionDuration"]
FEATURES = """appendOnly invariants checkConstraints changeDataFeed generatedColumns columnMapping identityColumns allowColumnDefaults catalogManaged
 checkpointProtection clustering coordinatedCommits-preview deletionVectors domainMetadata icebergCompatV2 inCommitTimestamp
 materializePartitionColumns rowTracking timestampNtz typeWidening v2Checkpoint vacuumProtocolCheck variantType nonesuch""".split()
OTHERS = {
    "minReaderVersion": ["1", "2", "3", "4", "0", "x"], "minWriterVersion": ["1", "2", "3", "4", "5", "6", "7", "8", "x"],
    "checkpointInterval": ["5", "0", "-1", "x", "2147483648"], "randomPrefixLength": ["3", "0"],
    "dataSkippingNumIndexedCols": ["-1", "0", "3", "-2", "x"], "dataSkippingStringPrefixLength": ["5", "0", "-1", "x"],
    "dataSkippingStatsColumns": ["a", "a,b", "s", "s.x", "S.X", "q", "`a`", "a b", "", "a,a", "s,s.x", "a,,b", "a,", "p", "f", "s.f", "`a", "s.`x`, b"],
    "columnMapping.mode": ["none", "name", "id", "x"], "columnMapping.maxColumnId": ["3"],
    "isolationLevel": ["Serializable", "WriteSerializable", "SnapshotIsolation", "serializable", "x"],
    "checkpointPolicy": ["classic", "v2", "V2", "x"], "autoOptimize.autoCompact": ["true", "false", "x"],
    "parquet.format.version": ["1.0.0", "2.12.0", "2.0.0", "x", "1.0"], "universalFormat.enabledFormats": ["iceberg", "", "x"],
    "inCommitTimestampEnablementVersion": ["1", "x"], "inCommitTimestampEnablementTimestamp": ["1"],
    "requireCheckpointProtectionBeforeVersion": ["0", "5", "-1"], "coordinatedCommits.commitCoordinator-preview": ["x"],
    "redirectReaderWriter-preview": ["{}"], "lastUpdateVersion": ["1"], "universalFormat.config.iceberg.X": ["1"], "foo": ["1"],
    "APPENDONLY": ["true"], "constraints.c": ["a > 0"], "rowTracking.materializedRowIdColumnName": ["x"], "feature.deletionVectors": ["x"],
    "FEATURE.TimestampNTZ": ["supported"]}
TOGETHER = [
    {"delta.minReaderVersion": "2", "delta.minWriterVersion": "5"}, {"delta.minReaderVersion": "3", "delta.minWriterVersion": "7"},
    {"delta.minReaderVersion": "3", "delta.minWriterVersion": "5"}, {"delta.minReaderVersion": "2", "delta.minWriterVersion": "6"},
    {"delta.enableChangeDataFeed": "true", "delta.feature.checkConstraints": "supported"}, {"foo": "bar"}, {"appendOnly": "true"},
    {"delta.ignoreProtocolDefaults": "true", "delta.appendOnly": "true"}, {"delta.ignoreProtocolDefaults": "true", "delta.enableDeletionVectors": "true"},
    {"delta.logRetentionDuration": "interval 5 days", "delta.deletedFileRetentionDuration": "interval 3 days"},
    {"delta.minWriterVersion": "4", "delta.checkpointPolicy": "v2"}]
NTZ = [{}, {"delta.minWriterVersion": "4"}, {"delta.enableChangeDataFeed": "true"}]
COLUMNS = "a int, b string, s struct<x:int,f:boolean>, f boolean, p int"


def tables():
    """Properties and columns of the tables to be made."""
    for k in BOOLEANS:
        for v in ("true", "false", "abc"):
            yield {"delta." + k: v}, COLUMNS
    for v in ("TRUE", "1", "", " true"):
        yield {"delta.appendOnly": v}, COLUMNS
    for k in SPANS:
        for v in ("interval 5 days", "1 week", "interval 1 month", "-1 day", "abc", "", "30 days 2 hours", "INTERVAL 10 DAYS"):
            yield {"delta." + k: v}, COLUMNS
    for k, values in OTHERS.items():
        for v in values:
            yield {"delta." + k: v}, COLUMNS
    for f in FEATURES:
        yield {"delta.feature." + f: "supported"}, COLUMNS
    for props in TOGETHER:
        yield props, COLUMNS
    for props in NTZ:
        yield props, "a timestamp_ntz, p int"


def made(path):
    """The protocol and the properties in a log's first entry."""
    actions = {}
    for line in open(os.path.join(path, "_delta_log", "00000000000000000000.json")):
        actions.update(json.loads(line))
    p = actions["protocol"]
    lists = [sorted(p[k]) for k in ("readerFeatures", "writerFeatures") if k in p]
    return [p["minReaderVersion"], p["minWriterVersion"], *lists, {k: re.sub("[0-9a-f-]{36}", "uuid", v) for k, v in actions["metaData"]["configuration"].items()}]


def outcome(spark, name, path, props, columns):
    said = ", ".join(f"'{k}'='{v}'" for k, v in props.items())
    try:
        spark.sql(f"CREATE TABLE {name} ({columns}) USING delta PARTITIONED BY (p) LOCATION '{path}'" + (f" TBLPROPERTIES ({said})" if said else ""))
    except Exception as e:
        assert not glob.glob(path + "/_delta_log/*.json")
        return getattr(e, "getCondition", lambda: None)() or "refused"
    spark.sql(f"DROP TABLE {name}")
    return made(path)
