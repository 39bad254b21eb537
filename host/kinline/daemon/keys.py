"""The keys of the handsets in service, as they were last read."""

from kinline.store.store import Store


class Keys:
    """Read at the start, and again by the watch: what staff revoke holds within seconds, without a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys: dict[str, bytes] = {}
        self.renew()

    def of(self, device: str) -> bytes | None:
        return self._keys.get(device)

    def renew(self) -> bool:
        """Whether anything changed. Asks the database."""
        before = self._keys
        self._keys = {info.device_id: info.psk for info in self._store.handsets() if info.enabled}
        return self._keys != before
