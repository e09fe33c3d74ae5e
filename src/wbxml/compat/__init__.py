"""Drop-in modules for those who come from other WBXML codecs in Python: docs/compat.md says how to change over.

    wbxml.compat.pyactivesync   pyactivesync._wbxml
    wbxml.compat.aswbxml        ASWBXML and ASCommandResponse of PyWBXMLDecoder, and of mitmproxy's copy of it

Each is imported by its own name; nothing here is loaded with wbxml.
"""
