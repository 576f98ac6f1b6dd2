"""Files of users that stand in a config where a name stands: found, hashed, loaded, named.

``{file: my_ansatz.py, function: build}`` is a reference. Once resolved it also holds "hash",
16 hex digits of the SHA-256 of the file's bytes: these bytes are what is run, and the hash,
not the path, is what run ids see. One file is the whole of it: what it imports has to be
installed.
"""

import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

DEFAULT_FUNCTION = "build"
GENERIC = ("build", "generate")  # say nothing of what is built: the file's name does
NAME = re.compile(r"[a-z][a-z0-9_]*")

Source = str | Mapping[str, Any]


def is_own(source: Any) -> bool:
    """Say whether a config names a file of the user's, and no entry of a table."""
    return isinstance(source, Mapping) and "file" in source


def name_of(source: Source) -> str:
    """Return a name as it is, and of a reference its short name: what rows and figures say.

    It is the function's name, or the file's (the folder's) where the function is called
    ``build`` or ``generate`` or is left out.

    Raises:
        ValueError: A short name that is none: file names and wildcards are made of it.
    """
    if isinstance(source, str):
        return source
    function = source.get("function", DEFAULT_FUNCTION)
    name = Path(source["file"]).stem if function in GENERIC else str(function)
    return checked_name(name, f"{function!r} of {source['file']}")


def checked_name(name: str, what: str) -> str:
    """Return a name that can stand in file names, or raise ValueError."""
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r}, the short name of {what}, is not lower-case letters, digits and "
            "underscores, a letter first: rename the file or the function"
        )
    return name


def found(file: str, folders: Iterable[str | Path]) -> Path:
    """Return the path of a file or folder that a config names.

    Args:
        file: As written: absolute, or relative to the folder of the config.
        folders: Where relative paths are looked up, the first that has it wins; none: the
            working directory.

    Raises:
        FileNotFoundError: It is in none of them.
    """
    places = [Path(folder) for folder in folders] or [Path()]
    for place in places:
        path = (place / file).resolve()
        if path.exists():
            return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    raise FileNotFoundError(
        f"No file {file!r} in {' or '.join(str(place.resolve()) for place in places)}: a path is "
        "relative to the folder of the config that names it"
    )


def hash_of(content: bytes) -> str:
    """Return 16 hex digits of the SHA-256 of a file's bytes."""
    return hashlib.sha256(content).hexdigest()[:16]


def resolved(source: Mapping[str, Any], folders: Iterable[str | Path] = ()) -> dict[str, Any]:
    """Return a reference with the path that was found and the hash of what stands there.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A folder, or a short name that is none.
    """
    name_of(source)
    path = found(source["file"], folders)
    if not path.is_file():
        raise ValueError(f"{source['file']!r} is a folder: name a file")
    return {**source, "file": path.as_posix(), "hash": hash_of(path.read_bytes())}


def content_of(source: Mapping[str, Any]) -> bytes:
    """Return the bytes of a reference's file, which are those that its hash is of.

    Raises:
        FileNotFoundError: No such file.
        ValueError: The file has changed since the reference was resolved.
    """
    path = Path(source["file"])
    if not path.is_file():
        raise FileNotFoundError(f"No file at {path.resolve()}, named as {source['file']!r}")
    content = path.read_bytes()
    if hash_of(content) != source.get("hash", hash_of(content)):
        raise ValueError(
            f"{path} has hash {hash_of(content)}, the study began with {source['hash']}: it was "
            "changed meanwhile. Run snakemake again; what used it is computed anew."
        )
    return content


def function_of(source: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the function of a reference to a Python file, after running the file.

    Raises:
        FileNotFoundError: No such file.
        ValueError: No Python, code that fails, no such function, or a changed file.
    """
    made = attribute_of(source, source.get("function", DEFAULT_FUNCTION))
    if not callable(made):
        raise ValueError(f"{source['function']!r} of {source['file']} is no function: {made!r}")
    return made


def attribute_of(source: Mapping[str, Any], name: str, *default: Any) -> Any:
    """Return what a Python file of the user's calls ``name``.

    Raises:
        ValueError: No Python, code that fails, a changed file, or no such name and no default.
    """
    path = Path(source["file"])
    if path.suffix != ".py":
        raise ValueError(f"{path} is no Python file: its name has to end in .py")
    module = _module(path, content_of(source))
    if not hasattr(module, name) and not default:
        known = sorted(key for key, value in vars(module).items() if _is_made_in(value, module))
        raise ValueError(f"{path} has no function {name!r}; it has {known}. Say function: NAME.")
    return getattr(module, name, *default)


@lru_cache(maxsize=64)
def _module(path: Path, content: bytes) -> ModuleType:
    module = ModuleType(f"qnnbench_own_{path.stem}_{hash_of(content)}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(compile(content, str(path), "exec"), vars(module))
    except ModuleNotFoundError as missing:
        beside = path.with_name(f"{missing.name}.py").exists()
        way = "its hash stands for one file: put the code into it" if beside else "install it"
        raise ValueError(
            f"{path} imports {missing.name!r}, which is not installed; {way}"
        ) from None
    except Exception as error:  # whatever the user's code raises is told as it is
        raise ValueError(f"{path} cannot be run: {told(error, path)}") from error
    return module


def _is_made_in(value: Any, module: ModuleType) -> bool:
    return callable(value) and getattr(value, "__module__", "") == module.__name__


def told(error: BaseException, path: str | Path) -> str:
    """Return an exception of a user's code in words, with its last line in the file."""
    line, step = getattr(error, "lineno", None), error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == str(path):
            line = step.tb_lineno
        step = step.tb_next
    where = f" (line {line} of {path})" if line else ""
    return f"{type(error).__name__}: {error}{where}"


def without_paths(content: Any) -> Any:
    """Return a cell or config whose resolved references hold no path: their hash says it all."""
    if isinstance(content, Mapping):
        dropped = {"file"} if "hash" in content else set()
        kept = {k: without_paths(v) for k, v in content.items() if k not in dropped}
        return {"name": name_of(content), **kept} if dropped & set(content) else kept
    return [without_paths(item) for item in content] if isinstance(content, list) else content
