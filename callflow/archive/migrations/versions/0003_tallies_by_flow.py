"""Rules are counted by flow, and the calls that they went wrong in, too. What was counted before is counted again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COUNTS = ("met", "missed", "violated", "not_assessed", "disputed", "wrong", "judged", "touched")


def upgrade() -> None:
    op.drop_table("tallies")
    op.create_table(
        "tallies",
        sa.Column("start", sa.DateTime(), nullable=False),
        sa.Column("team_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("queue", sa.String(length=200), nullable=False),
        sa.Column("flow_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.String(length=200), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.PrimaryKeyConstraint("start", "team_id", "queue", "flow_id", "rule"),
    )
    op.execute("DELETE FROM tallied")
