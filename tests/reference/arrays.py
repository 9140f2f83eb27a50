#!/usr/bin/python3
"""Array files for tests/test_array.c, written by numpy, torch and Python's own zipfile and gzip; and back: what the
library wrote, read by numpy.

    arrays.py write [FOLDER]    the files of tests/reference/arrays (Debian's python3-numpy and python3-torch)
    arrays.py check FOLDER      compare FOLDER/out.npz and out.safetensors bit for bit with FOLDER/NAME.f64, raw doubles,
                                for every line "NAME TYPE SHAPE..." of FOLDER/list (Debian's python3-numpy)

The numbers are closed forms that the tests know: a[i, j, k] = 100 i + 10 j + k, or the ends of each type's range.
"""
import gzip
import json
import pathlib
import struct
import sys

import numpy as np

here = pathlib.Path(__file__).resolve().parent / "arrays"

# Names as in the tests; the order is that of the file.
SPECIAL = {
    "f8": [0.0, -0.0, 1.0, -2.5, 1.7976931348623157e308, 5e-324, np.inf, -np.inf, np.nan],
    "f4": [0.0, -0.0, 1.0, -2.5, 3.4028234663852886e38, 2.0**-149, np.inf, -np.inf, np.nan],
    "f2": [0.0, -0.0, 1.0, -2.5, 65504.0, 2.0**-24, np.inf, -np.inf, np.nan],
    "i8": [0, 1, -1, 2**53, -(2**53)],
    "i4": [0, 1, -1, 2**31 - 1, -(2**31)],
    "i2": [0, 1, -1, 2**15 - 1, -(2**15)],
    "i1": [0, 1, -1, 127, -128],
    "u1": [0, 1, 254, 255],
    "u2": [0, 1, 2**16 - 2, 2**16 - 1],
    "u4": [0, 1, 2**32 - 2, 2**32 - 1],
    "u8": [0, 1, 2**53 - 1, 2**53],
    "b1": [False, True, True, False],
}
BFLOAT = [0.0, -0.0, 1.0, -2.5, 2.0**127 * (2 - 2.0**-7), 2.0**-133, np.inf, -np.inf, np.nan]


def steps(*shape):
    """a[i, j, k] = 100 i + 10 j + k; the last index counts ones."""
    grid = np.indices(shape)
    return sum(g * 10 ** (len(shape) - 1 - i) for i, g in enumerate(grid)).astype(float)


def write_npy(name, array, version=None):
    with open(here / f"{name}.npy", "wb") as f:
        np.lib.format.write_array(f, array, version=version, allow_pickle=False)


def write_npys():
    write_npy("c_order", steps(2, 3, 4))
    write_npy("fortran", np.asfortranarray(steps(2, 3, 4)))
    write_npy("scalar", np.array(42.0))
    write_npy("vector", steps(5).astype("<f4"))
    write_npy("empty", np.zeros((0, 3)))
    write_npy("version2", steps(2, 3), version=(2, 0))
    write_npy("version3", steps(2, 3), version=(3, 0))
    for order in "<>":
        write_npy("little" if order == "<" else "big", np.array(SPECIAL["f8"]).astype(order + "f8"))
    write_npy("too_large", np.array([2**53 + 1], dtype="<i8"))
    write_npy("complex", np.array([1 + 2j]))
    write_npy("text", np.array(["a", "b"]))
    write_npy("records", np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]))
    np.save(here / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)


def write_npzs():
    arrays = {f"{order}{code}": np.array(values).astype(np.dtype(code).newbyteorder(order))
              for code, values in SPECIAL.items() for order in "<>"}
    arrays = {k.replace("<", "little_").replace(">", "big_"): v for k, v in arrays.items()}
    np.savez(here / "types.npz", **arrays)
    np.savez_compressed(here / "deflated.npz", weights=np.asfortranarray(steps(5, 4, 3)), bias=steps(7).astype("f4"))
    np.savez(here / "stored.npz", **{"weights": steps(2, 3), "caf\u00e9": steps(2)})


def write_idxs():
    """The format of MNIST: by hand, numpy has no writer."""
    codes = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}

    def idx(array):
        code = array.dtype.newbyteorder("<").str[1:]
        head = bytes([0, 0, codes[code], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        return head + array.astype(array.dtype.newbyteorder(">")).tobytes()

    for code in codes:
        (here / f"{code}.idx").write_bytes(idx(np.array(SPECIAL[code], dtype=code)))
    images = steps(2, 5, 5).astype("u1")
    (here / "images-idx3-ubyte").write_bytes(idx(images))
    (here / "images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images), mtime=0))


def save_safetensors(path, tensors, metadata=None):
    """The writer of the format's own README, for torch's tensors; Debian has no safetensors package."""
    import torch
    names = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
             torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
             torch.bool: "BOOL"}
    header, body = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, tensor in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])):
        raw = bytes(tensor.contiguous().view(-1).storage().untyped())
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def write_safetensors():
    import torch
    types = {"f8": torch.float64, "f4": torch.float32, "f2": torch.float16, "i8": torch.int64, "i4": torch.int32,
             "i2": torch.int16, "i1": torch.int8, "u1": torch.uint8, "b1": torch.bool}
    tensors = {code: torch.tensor(SPECIAL[code], dtype=types[code]) for code in types}
    tensors["bf16"] = torch.tensor(BFLOAT, dtype=torch.float64).to(torch.bfloat16)
    save_safetensors(here / "types.safetensors", tensors)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_(torch.from_numpy(steps(*p.shape) + 1000 * i))
    save_safetensors(here / "sequential.safetensors", net.state_dict(), {"format": "pt", "seed": "7"})


def read_safetensors(path):
    raw = path.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + length])
    assert raw[8:8 + length].rstrip(b" ").endswith(b"}"), "padding of the header"
    body = raw[8 + length:]
    dtypes = {"F64": "<f8", "F32": "<f4"}
    arrays = {}
    for name, entry in header.items():
        if name == "__metadata__":
            assert entry == {"made by": "gears \u00e9 \"quoted\"", "seed": "7"}, entry
            continue
        begin, end = entry["data_offsets"]
        assert (8 + length + begin) % np.dtype(dtypes[entry["dtype"]]).itemsize == 0, f"{name} is not aligned"
        arrays[name] = np.frombuffer(body[begin:end], dtypes[entry["dtype"]]).reshape(entry["shape"])
    return arrays


def check(folder):
    written = {"npz": dict(np.load(folder / "out.npz", allow_pickle=False)),
               "safetensors": read_safetensors(folder / "out.safetensors")}
    lines = [line.split() for line in (folder / "list").read_text(encoding="utf-8").splitlines()]
    for kind, arrays in written.items():
        assert list(arrays) == [line[0] for line in lines], (kind, list(arrays))
        for name, code, *shape in lines:
            exact = np.fromfile(folder / f"{name}.f64", dtype="<f8").reshape([int(s) for s in shape])
            wanted = exact.astype(code)
            found = arrays[name]
            assert found.dtype == wanted.dtype and found.shape == wanted.shape, (kind, name, found.dtype, found.shape)
            assert found.tobytes() == wanted.tobytes(), (kind, name)
    print(f"{len(lines)} arrays agree bit for bit")


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "check":
        check(pathlib.Path(sys.argv[2]))
    else:
        here = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else here
        here.mkdir(exist_ok=True)
        write_npys()
        write_npzs()
        write_idxs()
        write_safetensors()
