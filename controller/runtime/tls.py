"""TLS settings of config.json as what HTTP clients take for `verify`."""

import ssl

from controller.errors import PermanentError


def verification(
    *, disabled: bool | None, ca_file: str | None, no_system_cas: bool | None
) -> ssl.SSLContext | bool:
    """`True` for the library's own default, `False` for no check, else a context.

    Raises:
        PermanentError: the file of certificate authorities cannot be read.
    """
    if disabled:
        return False
    if not ca_file:
        return True
    try:
        if no_system_cas:
            return ssl.create_default_context(cafile=ca_file)
        context = ssl.create_default_context()
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise PermanentError(
            f"The certificate authorities in {ca_file} cannot be used: {error}.",
            remedy="Check that the TLS Secret exists and holds PEM certificates.",
        ) from error
    return context
