# The C module is checked by cffi against its headers when it is built; here it is opaque.
from typing import Any

ffi: Any
lib: Any
