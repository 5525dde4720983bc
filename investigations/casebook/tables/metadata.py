"""The list of all tables of a casebook, to which each module of tables adds its own."""

import sqlalchemy as sa

METADATA = sa.MetaData()
