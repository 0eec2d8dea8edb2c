"""Files of every kind that people keep among their images, whole and broken."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

RED = (200, 10, 30)
SIZE = (40, 30)


def write_odd_files(folder: Path) -> None:
    """Write one file of each kind; those that can be shown are of one colour."""
    folder.mkdir(parents=True)
    _write_modes(folder)
    _write_sizes(folder)
    _write_animations(folder)
    _write_broken(folder)
    _write_what_is_no_file(folder)


def _write_modes(folder: Path) -> None:
    Image.new("L", SIZE, 77).save(folder / "grey.png")
    Image.new("1", SIZE, 1).save(folder / "one_bit.png")
    Image.new("RGBA", SIZE, (*RED, 255)).save(folder / "opaque.png")
    Image.new("RGBA", SIZE, (0, 0, 0, 51)).save(folder / "alpha.png")
    Image.new("LA", SIZE, (0, 51)).save(folder / "grey_alpha.png")
    palette = Image.new("P", SIZE, 1)
    palette.putpalette([0, 0, 0, *RED])
    palette.save(folder / "palette.png")
    palette.save(folder / "palette_transparent.png", transparency=1)
    palette.save(folder / "palette_half.png", transparency=bytes([255, 51]))
    palette.save(folder / "palette_transparent.gif", transparency=1)
    Image.new("CMYK", SIZE, (255, 0, 0, 0)).save(folder / "cmyk.tif")
    # Adobe stores the complement and says so in a segment, and Pillow writes as Adobe does.
    Image.new("CMYK", SIZE, (255, 0, 0, 0)).save(folder / "cmyk_adobe.jpg", quality=100)
    Image.new("CMYK", SIZE, (0, 255, 255, 255)).save(folder / "cmyk.jpg", quality=100)
    _drop_adobe(folder / "cmyk.jpg")
    wide = np.full(SIZE[::-1], 0x80FF, np.uint16)
    Image.fromarray(wide).save(folder / "grey16.png")
    Image.fromarray(wide).save(folder / "grey16.tif")
    (folder / "rgb16.png").write_bytes(png16((0xC8FF, 0x0AFF, 0x1EFF)))
    (folder / "rgb16.tif").write_bytes(_tiff((0xC8FF, 0x0AFF, 0x1EFF), 16))
    for name, values in (("negative", -5), ("large", 70_000), ("small", 0x80FF)):
        Image.fromarray(np.full(SIZE[::-1], values, np.int32)).save(folder / f"{name}32.tif")
    (folder / "unsigned32.tif").write_bytes(_tiff((3_000_000_000,), 32))
    (folder / "signed16.tif").write_bytes(_tiff((0xFFFF,), 16, signed=True))
    (folder / "signed16_positive.tif").write_bytes(_tiff((0x40FF,), 16, signed=True))
    Image.new("F", SIZE, 0.5).save(folder / "float.tif")
    Image.new("LAB", SIZE, RED).save(folder / "lab.tif")
    Image.new("RGB", SIZE, RED).save(folder / "no_ending", "PNG")
    Image.new("RGB", SIZE, RED).save(folder / "a_png.jpg", "PNG")
    Image.new("RGB", SIZE, RED).save(folder / "red.tga")
    Image.new("RGB", SIZE, RED).save(folder / "red.avif", quality=100, subsampling="4:4:4")


def _drop_adobe(path: Path) -> None:
    content = path.read_bytes()
    start = content.index(b"\xff\xee")
    (length,) = struct.unpack_from(">H", content, start + 2)
    path.write_bytes(content[:start] + content[start + 2 + length :])


def png16(colour: tuple[int, int, int]) -> bytes:
    """Return a PNG of one colour with 16 bits a channel."""
    width, height = SIZE
    rows = (b"\0" + struct.pack(">3H", *colour) * width) * height
    return _png(struct.pack(">2I5B", width, height, 16, 2, 0, 0, 0), zlib.compress(rows))


def _png(head: bytes, data: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _tiff(colour: tuple[int, ...], bits: int, signed: bool = False) -> bytes:
    """Return an uncompressed TIFF of grey or RGB: head, one directory, three depths, pixels."""
    width, height = SIZE
    samples = len(colour)
    pixels = struct.pack(f"<{samples}{'H' if bits == 16 else 'I'}", *colour) * width * height
    entries = 11
    depths = 8 + 2 + entries * 12 + 4
    data = depths + 6
    short, long = 3, 4
    directory = (
        (256, short, 1, width), (257, short, 1, height),
        (258, short, samples, depths if samples == 3 else bits),
        (259, short, 1, 1), (262, short, 1, 2 if samples == 3 else 1), (273, long, 1, data),
        (277, short, 1, samples), (278, short, 1, height), (279, long, 1, len(pixels)),
        (284, short, 1, 1), (339, short, 1, 2 if signed else 1),
    )  # fmt: skip
    packed = b"".join(struct.pack("<2H2I", *entry) for entry in directory)
    head = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", entries)
    return head + packed + bytes(4) + struct.pack("<3H", bits, bits, bits) + pixels


def _write_sizes(folder: Path) -> None:
    for name, size in (("pixel", (1, 1)), ("line", (1, 10_000)), ("lying_line", (10_000, 1))):
        Image.new("RGB", size, RED).save(folder / f"{name}.png")
    for name, side in (("bomb", 12_000), ("big_bomb", 60_000)):
        # A file of a few bytes that states a size of many; no pixel follows.
        head = struct.pack(">2I5B", side, side, 8, 2, 0, 0, 0)
        (folder / f"{name}.png").write_bytes(_png(head, zlib.compress(b"")))


def _write_animations(folder: Path) -> None:
    frames = [Image.new("RGB", SIZE, colour) for colour in (RED, (0, 0, 255), (0, 255, 0))]
    for ending in ("gif", "png", "webp", "tif"):
        path = folder / f"animated.{ending}"
        frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)


def _write_broken(folder: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    for ending in ("jpg", "png", "gif", "bmp", "webp", "tif"):
        whole = folder / f"whole.{ending}"
        noise.save(whole)
        content = whole.read_bytes()
        whole.unlink()
        for share in (10, 50, 95):
            cut = content[: len(content) * share // 100]
            (folder / f"cut_{share}.{ending}").write_bytes(cut)
    whole_avif = (folder / "red.avif").read_bytes()
    (folder / "cut.avif").write_bytes(whole_avif[: len(whole_avif) // 2])
    (folder / "text.png").write_text("not an image at all")
    (folder / "text.tga").write_text("not an image at all")
    for brand in ("heic", "mif1"):
        head = struct.pack(">I", 24) + b"ftyp" + brand.encode() + bytes(4) + b"mif1heic"
        (folder / f"{brand}.heic").write_bytes(head + bytes(100))
    (folder / "stream.jxl").write_bytes(b"\xff\x0a" + bytes(50))
    (folder / "container.jxl").write_bytes(b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(50))
    (folder / "notes.txt").write_text("hello")
    (folder / "empty.jpg").touch()
    (folder / "drawing.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    for name, exif in (("bad_exif", b"Exif\0\0II*\0junk"), ("no_exif", b"Exif\0\0garbage")):
        for ending in ("jpg", "png", "webp"):
            path = folder / f"{name}.{ending}"
            Image.new("RGB", SIZE, RED).save(path, quality=100, lossless=True, exif=exif)


def _write_what_is_no_file(folder: Path) -> None:
    (folder / "folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    (folder / "dangling.jpg").symlink_to(folder / "nowhere.jpg")
