"""Start every part, serve until told to stop, and leave records closed."""

import asyncio
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version

from kinline.config import Firmware, HandsetLink, Settings
from kinline.counters import counters
from kinline.daemon.arrangement import Arrangement, Arrangements
from kinline.daemon.checkpoints import Checkpoints
from kinline.daemon.firmware import Upgrades
from kinline.daemon.keys import Keys
from kinline.daemon.live import Live
from kinline.daemon.port import opened
from kinline.daemon.recordings import Recordings
from kinline.daemon.records import Records
from kinline.daemon.refusals import Refusals
from kinline.daemon.services import Services
from kinline.daemon.station import Station
from kinline.daemon.store_threads import StoreThreads
from kinline.daemon.supervision import kept_up
from kinline.daemon.voices import Voices
from kinline.daemon.warm import warm_up
from kinline.daemon.watch import Watch
from kinline.handsets.updating import Offer
from kinline.logs import configure, log
from kinline.media import Bus, Engine
from kinline.media.clips import Clips
from kinline.media.hub import Hub
from kinline.metrics import serve as serve_metrics
from kinline.prompts import Prompter
from kinline.store.calls import CallInfo
from kinline.store.errors import StoreError
from kinline.store.open import open_store, site_secret
from kinline.store.store import Store
from kinline.switch.dialogs import Dialogs
from kinline.switch.trunk import Trunk
from kinline.technician import bundle
from kinline.technician.trouble import Trouble

PROBE_S = 30.0
OVERDUE_S = 60.0
_log = log(part="daemon")


def run(settings: Settings) -> None:
    """Blocks until SIGTERM or SIGINT. Raises StoreError, RecordingError, SipError or OSError when it cannot start."""
    configure(settings.logging.level, settings.logging.format, sys.stderr)
    store = open_store(settings.database_url, site_secret(settings.storage.secret_file))
    try:
        asyncio.run(_serve(settings, store))
    finally:
        store.close()
        _log.info("daemon stopped", counters=counters.as_json())


async def _serve(settings: Settings, store: Store) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    ours = [link.device_id for link in settings.handset] if store.shared else None
    recovered = store.recover(devices=ours)
    _tell_recovered(recovered)

    bus = Bus()
    engine = Engine(
        bus,
        rtp_bind_ip=str(settings.trunk.media_bind),
        rtp_port=settings.trunk.media_port,
        clean_microphone=settings.audio.clean_microphone,
    )
    refusals = Refusals(engine)
    hub = Hub(bus)
    hub.start(loop)
    trunk = Trunk(bus, hub, settings.trunk, engine.rtp_port, Dialogs(settings.storage.data_dir / "dialogs"))
    trunk.end_left_over()
    keys = Keys(store)
    threads = StoreThreads()
    services = Services(
        engine=engine,
        hub=hub,
        trunk=trunk,
        prompter=Prompter(settings.storage.prompts_cache_dir, settings.storage.site_prompts_dir),
        clips=Clips(engine),
        key_of=keys.of,
        store=threads,
        checkpoints=Checkpoints(lambda marks: threads.records(lambda: store.checkpoint(marks))),
        voices=Voices(settings.voice_check.program, settings.voice_check.seconds),
        upgrades=Upgrades(_offer(settings.firmware), settings.firmware.idle_seconds),
    )
    recordings = Recordings(services, store, settings.storage)
    recordings.look_through(recovered)
    if settings.metrics.port:
        serve_metrics(counters, settings.metrics.port, str(settings.metrics.bind))
    arrangements = Arrangements(settings, store)
    arranged = arrangements.all()
    _tell_unchecked(settings, arranged)
    stations = [_station(link, arranged, services, recordings, store) for link in settings.handset]
    watch = Watch(store, arrangements, stations, keys=keys)
    facilities = {info.device_id: info.facility for info in store.handsets()}
    await threads.records(lambda: warm_up(store, [link.device_id for link in settings.handset]))
    live = Live(settings.storage.live_socket, store, stations, facilities)
    _log.info("daemon ready", version=version("kinline"), handsets=len(stations), rtp_port=engine.rtp_port)
    parts = {"probe": lambda: _probe(trunk), "watch": watch.run, "live": live.run, "refusals": refusals.run}
    if store.shared:
        parts["overdue"] = lambda: _close_overdue(services, store)
    work = [asyncio.create_task(kept_up(part, run)) for part, run in parts.items()]
    work += [asyncio.create_task(kept_up("station", partial(_attend, at), handset=at.handset)) for at in stations]
    try:
        await stop.wait()
    finally:
        for station in stations:
            station.shut()
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        watch.close()
        await services.settle()
        hub.stop(loop)
        trunk.close()
        refusals.count()
        engine.close()
        bus.close()
        threads.close()


def _offer(firmware: Firmware) -> Offer | None:
    """The site's firmware. A bundle that will not do is told, and no reason to serve nobody."""
    if firmware.bundle is None or firmware.signer is None:
        return None
    try:
        sound = bundle.read(firmware.bundle, bytes.fromhex(firmware.signer))
        return Offer(sound.name, firmware.bundle.read_bytes())
    except (Trouble, OSError) as trouble:
        counters.add("firmware_bundle_refused")
        _log.error("the site's firmware is left out", error=str(trouble))
        return None


def _tell_unchecked(settings: Settings, arrangements: Mapping[str, Arrangement]) -> None:
    if settings.voice_check.program:
        return
    for name in sorted({served.profile.name for served in arrangements.values() if served.profile.voice_check}):
        _log.warning(
            "the profile asks for a check of the caller's voice, and nobody compares: identity rests on the PIN",
            profile=name,
            next="name a program in [voice_check]",
        )


def _station(
    link: HandsetLink, arrangements: Mapping[str, Arrangement], services: Services, recordings: Recordings, store: Store
) -> Station:
    arrangement = arrangements.get(link.device_id)
    if arrangement is None:
        raise ValueError(f"handset {link.device_id} in the settings is not enrolled: kinline handset add")
    return Station(link.port, services, recordings, Records(store, link.device_id, arrangement))


async def _attend(station: Station) -> None:
    async with aclosing(opened(station.path)) as ports:
        async for port in ports:
            await station.serve(port.fileno())


async def _close_overdue(services: Services, store: Store) -> None:
    """Close what a host that never came back left open, whichever host's it was."""
    while True:
        try:
            _tell_recovered(await services.store.records(lambda: store.close_overdue(datetime.now(UTC))))
        except StoreError as error:
            _log.error("overdue calls cannot be closed, trying on", error=str(error))
        await asyncio.sleep(OVERDUE_S)


def _tell_recovered(calls: Sequence[CallInfo]) -> None:
    for call in calls:
        counters.add("call_recovered")
        _log.warning(
            "a call record was open",
            call=call.id,
            outcome=call.outcome,
            talk_seconds=call.talk_seconds,
            charged_micros=call.charged_micros,
        )


async def _probe(trunk: Trunk) -> None:
    while True:
        trunk.probe()
        await asyncio.sleep(PROBE_S)
