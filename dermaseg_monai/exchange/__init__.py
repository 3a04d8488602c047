"""Formats of other programs: what goes out to them and what comes back."""

from dermaseg_monai.exchange.brush import decode_brush, encode_brush

__all__ = ["decode_brush", "encode_brush"]
