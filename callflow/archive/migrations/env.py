"""What Alembic runs: the migrations, on the connection and in the transaction that ``store.upgrade`` hands it."""

from alembic import context

from callflow.archive.store import VERSIONS
from callflow.archive.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSIONS,
)
context.run_migrations()
