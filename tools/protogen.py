#!/usr/bin/env python3
"""Makes C code for Spark Connect's messages: protogen.py OUTDIR

The descriptors are read out of the installed client package (and Delta's, when it is there) without importing it.
protoc-c has no proto3 `optional`, so the files are turned into proto2 ones whose scalar fields all carry presence:
the bytes on the wire are the same.
"""
import ast
import importlib.util
import os
import pathlib
import subprocess
import sys

from google.protobuf import descriptor_pb2, descriptor_pool

Field = descriptor_pb2.FieldDescriptorProto
PACKABLE = {
    Field.TYPE_DOUBLE, Field.TYPE_FLOAT, Field.TYPE_INT64, Field.TYPE_UINT64, Field.TYPE_INT32, Field.TYPE_FIXED64,
    Field.TYPE_FIXED32, Field.TYPE_BOOL, Field.TYPE_UINT32, Field.TYPE_ENUM, Field.TYPE_SFIXED32,
    Field.TYPE_SFIXED64, Field.TYPE_SINT32, Field.TYPE_SINT64,
}


def serialized(path):
    """The bytes given to AddSerializedFile in a generated module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "AddSerializedFile":
            return ast.literal_eval(node.args[0])
    return None


def package_dir(name):
    spec = importlib.util.find_spec(name)
    return pathlib.Path(spec.submodule_search_locations[0]) if spec else None


def collect():
    files = {}
    roots = [package_dir("pyspark") / "sql" / "connect" / "proto"]
    delta = package_dir("delta")
    if delta and (delta / "connect" / "proto").is_dir():
        roots.append(delta / "connect" / "proto")
    for root in roots:
        for path in sorted(root.rglob("*_pb2.py")):
            data = serialized(path)
            if data:
                f = descriptor_pb2.FileDescriptorProto.FromString(data)
                files[f.name] = f
    ordered, seen = [], set()

    def visit(name):
        if name in seen:
            return
        seen.add(name)
        if name not in files:
            __import__("google.protobuf." + name.split("/")[-1].replace(".proto", "_pb2"))
            f = descriptor_pb2.FileDescriptorProto()
            descriptor_pool.Default().FindFileByName(name).CopyToProto(f)
            files[name] = f
        for dep in files[name].dependency:
            visit(dep)
        ordered.append(files[name])

    for name in list(files):
        visit(name)
    return ordered


def to_proto2(message):
    synthetic = {f.oneof_index for f in message.field if f.proto3_optional}
    kept = [i for i in range(len(message.oneof_decl)) if i not in synthetic]
    place = {old: new for new, old in enumerate(kept)}
    for f in message.field:
        if f.HasField("oneof_index"):
            if f.oneof_index in synthetic:
                f.ClearField("oneof_index")
            else:
                f.oneof_index = place[f.oneof_index]
        if f.label == Field.LABEL_REPEATED and f.type in PACKABLE and not f.options.HasField("packed"):
            f.options.packed = True
        f.ClearField("proto3_optional")
        f.ClearField("json_name")
    decl = [message.oneof_decl[i] for i in kept]
    del message.oneof_decl[:]
    message.oneof_decl.extend(decl)
    for m in message.nested_type:
        to_proto2(m)


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    fds = descriptor_pb2.FileDescriptorSet()
    for f in collect():
        f.ClearField("source_code_info")
        f.ClearField("syntax")
        for m in f.message_type:
            to_proto2(m)
        fds.file.append(f)
    path = os.path.join(out, "messages.fds")
    with open(path, "wb") as h:
        h.write(fds.SerializeToString())
    subprocess.run(["protoc", "--descriptor_set_in=" + path, "--c_out=" + out] + [f.name for f in fds.file], check=True)


main()
