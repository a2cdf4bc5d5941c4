"""What was said is indexed anew: the end of a line and the beginning of the next are no neighbours any more."""

from alembic import op
from sqlalchemy.orm import Session

from callflow.archive import said

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with Session(op.get_bind(), join_transaction_mode="rollback_only") as session:
        said.index_again(session)
