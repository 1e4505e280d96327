"""In which encoding a CSV file was saved: UTF-8, or GB 18030 (with GBK in it), as Chinese spreadsheet programs do."""

import codecs
from pathlib import Path

UTF_8, GB_18030 = "utf-8-sig", "gb18030"
READ_AS_GB_18030 = "the file is not UTF-8; it was read as GB 18030, as Chinese spreadsheet programs write it"
_PART = 1 << 20


def encoding_of(path: Path) -> str:
    """The encoding in which the whole file can be read, UTF-8 first; raises UnicodeDecodeError for neither."""
    try:
        _read_through(path, UTF_8)
    except UnicodeDecodeError as problem:
        try:
            _read_through(path, GB_18030)
        except UnicodeDecodeError:
            raise problem from None
        return GB_18030
    return UTF_8


def _read_through(path: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while part := file.read(_PART):
            decoder.decode(part)
    decoder.decode(b"", final=True)
