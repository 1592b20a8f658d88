"""Reads a safetensors file by the format's definition alone and prints its content as JSON.

Output: {"metadata": {...}, "tensors": {name: [dtype, shape, sum of the elements]}}; any fault is a failed assertion.
"""
import json
import struct
import sys

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
if "crc32c" in metadata:
    digits = metadata["crc32c"].encode()
    assert content.count(digits) == 1
    assert int(digits, 16) == crc32c(content.replace(digits, b"00000000")), "check value"

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
