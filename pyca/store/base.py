"""What all tables are made of."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Double, Integer, Text
from sqlalchemy.orm import DeclarativeBase

Key = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only where the column is a plain INTEGER."""


class Base(DeclarativeBase):
    """Declarative base of all tables."""

    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it from the class
        float: Double,
        str: Text,
        int: BigInteger,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }
