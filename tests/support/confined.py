"""Commands of skills run where the kernel can confine them; elsewhere the runtime offers none."""

import pytest

from controller.runtime.skills import confine

MISSING = confine.unavailable()
CONFINED = pytest.mark.skipif(bool(MISSING), reason=f"commands are not run here: {MISSING}")
