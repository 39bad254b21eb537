"""A technician's bench: a blank simulated chip, a bundle for it, and the tool as it is typed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from kinline.cli.main import app
from kinline_sim import esp_image
from kinline_sim.board import Board
from kinline_sim.bundle import Signer, pack
from kinline_sim.chip_faults import ChipFaults
from kinline_sim.compiled import firmware


@dataclass
class Bench:
    """`tech` answers with the exit code and the JSON that was printed."""

    folder: Path
    board: Board

    def tech(self, *words: object) -> tuple[int, dict[str, Any]]:
        environment = {"KINLINE_SHEETS": str(self.folder / "sheets"), "KINLINE_PORT": self.board.path}
        done = CliRunner().invoke(app, ["tech", *map(str, words), "--json"], env=environment)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.output
        return done.exit_code, json.loads(done.stdout)

    def well(self, *words: object) -> dict[str, Any]:
        code, told = self.tech(*words)
        assert code == 0 and told["ok"], told
        return dict(told["data"])

    def ill(self, *words: object) -> tuple[int, str]:
        """Exit code and kind of trouble; the one next step is there."""
        code, told = self.tech(*words)
        assert not told["ok"] and told["what"] and told["next"], told
        return code, told["trouble"]

    def flash_words(self) -> list[object]:
        return [
            "flash", "--bundle", self.folder / "fw.bundle", "--micropython", self.folder / "micropython.bin",
            "--other-micropython", "--signer", Signer.development().public.hex(),
        ]  # fmt: skip

    def device_file(self, device: str = "wall-1", key: bytes = bytes(range(16)), name: str | None = None) -> Path:
        path = self.folder / f"{name or device}.json"
        path.write_text(json.dumps({"device": device, "key": key.hex()}))
        return path


def bench_at(folder: Path, name: str = "chip", **faults: Any) -> Bench:
    """Not started yet: `with bench.board`."""
    bundle = folder / "fw.bundle"
    if not bundle.exists():
        bundle.write_bytes(pack(firmware(), Signer.development()))
        (folder / "micropython.bin").write_bytes(esp_image.whole())
    return Bench(folder, Board(flash=folder / f"{name}.bin", seed=5, chip=ChipFaults(**faults)))
