"""Reads a safetensors file by the format's definition alone and prints its content as JSON.

Output: {"metadata": {...}, "tensors": {name: [dtype, shape, sum of the elements]}}; any fault is a failed assertion.
"""
import json
import struct
import sys

CHECKS = ("checksum", "crc32c", "crc32c.content")
CODES = {"F16": "e", "F32": "f", "F64": "d", "U8": "B", "I32": "i", "I64": "q"}


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def no_duplicates(pairs):
    assert len(dict(pairs)) == len(pairs), "duplicate key"
    return dict(pairs)


content = open(sys.argv[1], "rb").read()
length = struct.unpack_from("<Q", content)[0]
text, data = content[8 : 8 + length], content[8 + length :]
assert text[:1] == b"{" and length % 8 == 0
header = json.loads(text.decode("utf-8"), object_pairs_hook=no_duplicates)
metadata = header.pop("__metadata__", {})
assert all(isinstance(value, str) for value in metadata.values())
zeroed = content
for digits in (metadata[key].encode() for key in ("crc32c", "crc32c.content") if key in metadata):
    assert content.count(digits) == 1
    zeroed = zeroed.replace(digits, b"00000000")
if "crc32c" in metadata:
    assert int(metadata["crc32c"], 16) == crc32c(zeroed), "check value"
if "crc32c.content" in metadata:
    parts = [f"{key}\0{value}".encode() for key, value in metadata.items() if key not in CHECKS]
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        shape = ",".join(str(dimension) for dimension in tensor["shape"])
        parts.append(f"{name}\0{tensor['dtype']}\0{shape}\0".encode() + data[begin:end])
    assert int(metadata["crc32c.content"], 16) == sum(map(crc32c, parts)) % 2**32, "check value of the content"
metadata = {key: value for key, value in metadata.items() if key not in CHECKS}

tensors, end = {}, 0
for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    assert tensor.keys() == {"dtype", "shape", "data_offsets"}
    begin, count = tensor["data_offsets"][0], 1
    assert begin == end, "gap or overlap"
    for dimension in tensor["shape"]:
        count *= dimension
    code = "<%d%s" % (count, CODES[tensor["dtype"]])
    end = begin + struct.calcsize(code)
    assert end == tensor["data_offsets"][1]
    assert count == 0 or begin % (struct.calcsize(code) // count) == 0, "not aligned"
    tensors[name] = [tensor["dtype"], tensor["shape"], sum(struct.unpack_from(code, data, begin))]
assert end == len(data), "data left over"
print(json.dumps({"metadata": metadata, "tensors": tensors}))
