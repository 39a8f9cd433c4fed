# SPDX-License-Identifier: Apache-2.0
"""Writes the pictures of this folder with programs that are not maskmill: pypng 0.20220715, Pillow 13.0.0 and NumPy 2.4.6.

    python3 -m venv v && v/bin/pip install pypng==0.20220715 Pillow==13.0.0 numpy==2.4.6 && v/bin/python make.py
"""
import struct
import zlib
from pathlib import Path

import numpy
import png
from PIL import Image

HERE = Path(__file__).parent
WIDTH, HEIGHT = 13, 9  # no multiple of 8, so that packed rows and interlacing passes end in the middle of a byte


def value(x, y, bits):
    return (x * 5003 + y * 2017) % 2**16 if bits == 16 else (x * 7 + y * 31) % 2**bits


def colour(x, y):
    return x * 19, y * 28, (x + y) * 11


def write(name, rows, **kind):
    with open(HERE / name, "wb") as file:
        png.Writer(WIDTH, HEIGHT, **kind).write(file, rows)


def insert_before_idat(name, source, kind, data):
    bytes_ = (HERE / source).read_bytes()
    at = bytes_.index(b"IDAT") - 4
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    (HERE / name).write_bytes(bytes_[:at] + chunk + bytes_[at:])


def pngs():
    for bits in 1, 2, 4, 8, 16:
        rows = [[value(x, y, bits) for x in range(WIDTH)] for y in range(HEIGHT)]
        for interlace in False, True:
            suffix = "_interlaced" if interlace else ""
            write(f"gray{bits}{suffix}.png", rows, greyscale=True, bitdepth=bits, interlace=interlace)
            if bits <= 8:
                palette = [((37 * i) % 256, (91 * i + 5) % 256, 255 - i) for i in range(2**bits)]
                write(f"palette{bits}{suffix}.png", rows, palette=palette, bitdepth=bits, interlace=interlace)
    write("palette4_transparent.png", [[value(x, y, 4) for x in range(WIDTH)] for y in range(HEIGHT)], bitdepth=4,
          palette=[((37 * i) % 256, (91 * i + 5) % 256, 255 - i, 255 - 16 * i) for i in range(16)])
    write("gray8_transparent.png", [[value(x, y, 8) for x in range(WIDTH)] for y in range(HEIGHT)], greyscale=True,
          bitdepth=8, transparent=31)
    cells = [[(x, y) for x in range(WIDTH)] for y in range(HEIGHT)]
    flat = lambda row: [sample for pixel in row for sample in pixel]
    write("gray_alpha.png", [flat((value(x, y, 8), 255 - 9 * x) for x, y in row) for row in cells], greyscale=True,
          alpha=True, bitdepth=8)
    for interlace in False, True:
        suffix = "_interlaced" if interlace else ""
        write(f"rgb{suffix}.png", [flat(colour(x, y) for x, y in row) for row in cells], greyscale=False, bitdepth=8,
              interlace=interlace)
    write("rgba.png", [flat(colour(x, y) + (255 - 9 * x,) for x, y in row) for row in cells], greyscale=False,
          alpha=True, bitdepth=8)
    write("rgb16.png", [flat((256 * r + 255 - r, 256 * g + 3, 256 * b) for r, g, b in (colour(x, y) for x, y in row))
                        for row in cells], greyscale=False, bitdepth=16)
    exif = Image.Exif()
    exif[274] = 6
    insert_before_idat("orientation6.png", "rgb.png", b"eXIf", exif.tobytes()[6:])
    header = struct.pack(">IIBBBBB", 65536, 65536, 8, 0, 0, 0, 0)
    (HERE / "too_large.png").write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header +
                                         struct.pack(">I", zlib.crc32(b"IHDR" + header)))


def arrays():
    masks = {bits: numpy.array([[value(x, y, bits) for x in range(WIDTH)] for y in range(HEIGHT)]) for bits in (1, 8, 16)}
    stored = {"bool": masks[1].astype("?"), "uint8": masks[8].astype("u1"), "uint16": masks[16].astype("<u2"),
              "uint16_big": masks[16].astype(">u2"), "int32": masks[16].astype("<i4"), "int64": masks[8].astype("<i8"),
              "int64_columns": numpy.asfortranarray(masks[8].astype("<i8")), "float64": masks[8].astype("<f8"),
              "one_channel": masks[8].astype("u1")[:, :, None], "negative": masks[8].astype("<i2") - 200,
              "fractions": masks[8] / 255, "one_dimension": masks[8].astype("u1")[0],
              "rgb": numpy.array([[colour(x, y) for x in range(WIDTH)] for y in range(HEIGHT)], "u1")}
    for name, array in stored.items():
        numpy.save(HERE / f"{name}.npy", array)
    with open(HERE / "version2.npy", "wb") as file:
        numpy.lib.format.write_array(file, masks[8].astype("u1"), version=(2, 0))
    numpy.savez(HERE / "stored.npz", mask=masks[8].astype("u1"))
    numpy.savez_compressed(HERE / "deflated.npz", masks[16].astype("<i4"))
    numpy.savez_compressed(HERE / "two_arrays.npz", mask=masks[8].astype("u1"), image=stored["rgb"])


def blocks(mode, columns, rows):
    """Blocks of 8 x 8 pixels of one colour each, which JPEG keeps apart exactly."""
    image = Image.new(mode, (8 * columns, 8 * rows))
    for y in range(rows):
        for x in range(columns):
            shade = 40 + 30 * x + 90 * y
            inks = {"L": shade, "RGB": (shade, 220 - 60 * x, 30 + 150 * y), "CMYK": (shade, 60 * x, 200 - 90 * y, 20 * x)}
            image.paste(inks[mode], (8 * x, 8 * y, 8 * x + 8, 8 * y + 8))
    return image


def jpegs():
    shown = blocks("RGB", 3, 2)
    transpose = Image.Transpose
    stored = {1: None, 2: transpose.FLIP_LEFT_RIGHT, 3: transpose.ROTATE_180, 4: transpose.FLIP_TOP_BOTTOM,
              5: transpose.TRANSPOSE, 6: transpose.ROTATE_90, 7: transpose.TRANSVERSE, 8: transpose.ROTATE_270}
    for orientation, operation in stored.items():
        exif = Image.Exif()
        exif[274] = orientation
        picture = shown if operation is None else shown.transpose(operation)
        picture.save(HERE / f"orientation{orientation}.jpg", quality=100, subsampling=0, exif=exif)
    blocks("L", 3, 2).save(HERE / "gray.jpg", quality=100)
    blocks("CMYK", 3, 2).save(HERE / "cmyk.jpg", quality=100, subsampling=0)
    for name in "cmyk", "ycck":  # what Pillow makes of them
        Image.open(HERE / f"{name}.jpg").convert("RGB").save(HERE / f"{name}_as_rgb.png")
    ramp = Image.new("RGB", (37, 23))
    ramp.putdata([(x * 6, y * 11, 128) for y in range(23) for x in range(37)])
    ramp.save(HERE / "ramp.jpg", quality=75)
    ramp.save(HERE / "ramp_progressive.jpg", quality=75, progressive=True)


def others():
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    picture.putdata([colour(x, y) for y in range(HEIGHT) for x in range(WIDTH)])
    gray = Image.new("L", (WIDTH, HEIGHT))
    gray.putdata([value(x, y, 8) for y in range(HEIGHT) for x in range(WIDTH)])
    picture.save(HERE / "rgb.bmp")
    gray.save(HERE / "gray8.bmp")
    picture.quantize(8).save(HERE / "palette8.bmp")
    gray.convert("1").save(HERE / "gray1.bmp")
    picture.save(HERE / "rgb.tif", compression="tiff_lzw")
    gray.save(HERE / "gray8.tif")
    gray.save(HERE / "gray8_orientation6.tif", tiffinfo={274: 6})
    inverted = gray.point(lambda v: 255 - v)
    inverted.save(HERE / "white_is_zero.tif", tiffinfo={262: 0})
    picture.convert("RGBA").save(HERE / "rgba.tif", compression="tiff_lzw")
    deep = Image.new("I;16", (WIDTH, HEIGHT))
    deep.putdata([value(x, y, 16) for y in range(HEIGHT) for x in range(WIDTH)])
    deep.save(HERE / "gray16.tif")
    picture.quantize(8).save(HERE / "palette8.tif", compression="tiff_lzw")
    picture.save(HERE / "rgb.webp", lossless=True)
    exif = Image.Exif()
    exif[274] = 8
    picture.save(HERE / "orientation8.webp", lossless=True, exif=exif)
    picture.save(HERE / "animated.webp", save_all=True, append_images=[picture.rotate(180)], lossless=True)
    picture.save(HERE / "lossy.webp")
    picture.save(HERE / "rgb.gif")


pngs()
arrays()
jpegs()
others()
