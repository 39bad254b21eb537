"""Draw the board again: schematic by KiCad, harness by WireViz, pin-out from its own SVG (make hw-pictures).

The pictures in hw/pictures/ are committed; each names the source that it was drawn from, which `--check` compares. Whole
SVG sheets and the harness's bill of materials go to build/hw/.
"""

import argparse
import hashlib
import io
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "hw/pictures"
BUILD = ROOT / "build/hw"
_WIDTH = 1700  # pixels of a schematic sheet: letters can be read, and a sheet stays under 100 kB
_COLORS = 24
_TAG = "source"  # the PNG text chunk with the hash of what was drawn


def sources() -> dict[str, Path]:
    """Picture: the text it is drawn from."""
    made = {"harness.png": ROOT / "hw/harness.yml", "pin-out.png": PICTURES / "pin-out.svg"}
    for sheet in sorted((ROOT / "hw/kicad").glob("*.kicad_sch")):
        if sheet.stem != "kinline":  # the root holds nothing but the list of sheets
            made[f"schematic-{sheet.stem}.png"] = sheet
    return made


def stale() -> list[str]:
    """The pictures that are missing, or were drawn from something else than what lies there now."""
    from PIL import Image

    found = []
    for name, source in sources().items():
        picture = PICTURES / name
        if not picture.exists() or Image.open(picture).info.get(_TAG) != _hash(source):
            found.append(name)
    return found


def _hash(source: Path) -> str:
    return hashlib.sha256(source.read_bytes()).hexdigest()


def draw(wanted: list[str]) -> None:
    import cairosvg

    BUILD.mkdir(parents=True, exist_ok=True)
    PICTURES.mkdir(exist_ok=True)
    kicad = ROOT / "build/kicad/kicad-cli"
    _run(str(kicad), "sch", "export", "svg", "--output", str(BUILD / "schematic"), str(ROOT / "hw/kicad/kinline.kicad_sch"))
    _run(str(ROOT / ".venv/bin/wireviz"), "--format", "pst", "--output-dir", str(BUILD), str(ROOT / "hw/harness.yml"))
    for name, source in sources().items():
        if name not in wanted:
            continue
        if name == "harness.png":
            data = (BUILD / "harness.png").read_bytes()
        elif name == "pin-out.png":
            data = cairosvg.svg2png(bytestring=source.read_bytes(), output_width=1620)
        else:
            sheet = next((BUILD / "schematic").glob(f"kinline-{source.stem.replace('-', '?')}.svg"))
            data = cairosvg.svg2png(bytestring=sheet.read_bytes(), output_width=_WIDTH, background_color="white")
        _save(data, PICTURES / name, source)
        print(f"drew hw/pictures/{name}")


def _save(data: bytes, target: Path, source: Path) -> None:
    from PIL import Image, PngImagePlugin

    image = Image.open(io.BytesIO(data)).convert("RGB")
    if image.width > _WIDTH:
        image = image.resize((_WIDTH, image.height * _WIDTH // image.width))
    tag = PngImagePlugin.PngInfo()
    tag.add_text(_TAG, _hash(source))
    image.quantize(_COLORS, dither=Image.Dither.NONE).save(target, optimize=True, pnginfo=tag)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-500:]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="draw nothing, exit 1 when a picture is out of date")
    if not parser.parse_args().check:
        draw(stale())
        return 0
    for name in (late := stale()):
        print(f"hw/pictures/{name} was drawn from something else: run 'make hw-pictures' and commit it", file=sys.stderr)
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
