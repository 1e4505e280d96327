"""Which samples of a curve to draw: so few that a page stays light, and every extreme among them at its own instant.

MinMaxLTTB keeps the shape with the fewest samples and may leave out one of two opposite peaks that are close to each
other, even the highest value of all; so lowest and highest of each bucket are kept beside it.
"""

import numpy as np
from tsdownsample import MinMaxDownsampler, MinMaxLTTBDownsampler

from plantsafe.frame import F8, I8

_GAP_SCANS = 3  # more scans than this missing: the line is broken (site default)
_shape = MinMaxLTTBDownsampler()  # type: ignore[no-untyped-call]  # the library leaves its constructors untyped
_extremes = MinMaxDownsampler()  # type: ignore[no-untyped-call]  # the same


def drawn(number: I8, value: F8, columns: int) -> tuple[I8, I8]:
    """Rows of samples to draw on `columns` pixels, and those of them that begin a new piece of the line.

    number (n,): of the scans, rising. value (n,): NaN where there is nothing to draw. A line goes on over fewer rows
    without a value than a pixel stands for.
    """
    there = np.flatnonzero(~np.isnan(value))
    if not len(there):
        return there, there
    hidden = -(-int(number[-1] - number[0] + 1) // columns)
    lost = np.cumsum(np.diff(number, prepend=number[:1]) > _GAP_SCANS)[there]
    begins = np.append(0, 1 + np.flatnonzero((np.diff(there) > hidden) | (np.diff(lost) > 0)))
    most = 2 * columns
    if len(there) <= most:
        return there, there[begins]
    x, y = number[there], value[there]
    ends = np.append(begins[1:], len(there)) - 1
    chosen = (_shape.downsample(x, y, n_out=most), _extremes.downsample(x, y, n_out=most), begins, ends)
    return there[np.unique(np.concatenate([rows.astype(np.int64) for rows in chosen]))], there[begins]
