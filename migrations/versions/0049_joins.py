"""products that only partners of their programme sell; deals hold names in any alphabet and registered domains"""

import sqlalchemy as sa
from alembic import op

revision = 'joins'
down_revision = 'sells'
branch_labels = None
depends_on = None


# As partners/leads.py spells names and domains from this day on. A lead that two deals would hold so stays as it is.
STROKES = "translate(name_key, 'øłđðħ', 'olddh')"
LATIN = f"translate({STROKES}, 'авекмнорстухіјѕԁԛԝһӏαβεζηικμνορτυχγʏıɑɡ', 'abekmhopctyxijsdqwhlabezhikmnoptyxyyiag')"
LOOK_ALIKE = f"CASE WHEN {LATIN} ~ '^[ -~]*$' THEN {LATIN} ELSE {STROKES} END"
FORMS = 'asa|bhd|doo|ehf|eurl|ev|gesmbh|haftungsbeschrankt|lda|ltda|ood|ou|oyj|private|pvt|rl|sasu|sdn|snc|uab|vof|zrt'
HOSTS = 'azurewebsites.net|blogspot.com|github.io|herokuapp.com|myshopify.com|netlify.app|onmicrosoft.com|pages.dev|sharepoint.com|vercel.app|web.app|wixsite.com|wordpress.com'
BELOW = rf'(^|\.)(({HOSTS.replace(".", chr(92) + ".")})|(ac|co|com|edu|go|gob|gov|gv|ltd|me|mil|ne|net|nom|or|org|plc)\.[a-z]{{2}})$'
NAME = f"regexp_replace({LOOK_ALIKE}, '( ({FORMS}))+$', '')"
DOMAIN = f"coalesce(CASE WHEN domain ~ '{BELOW}' THEN substring(domain from '[^.]+\\.[^.]+\\.[^.]+$') ELSE substring(domain from '[^.]+\\.[^.]+$') END, domain)"


def respell(column: str, fresh: str, beside: str) -> None:
    """Brings a key of the deals that hold one to its new spelling, where nobody else holds that."""
    op.execute(
        f"WITH new AS (SELECT distributor_id, id, {column} AS was, {fresh} AS now, {beside} AS beside FROM deals WHERE {column} <> '' AND state IN ('pending', 'approved')),"  # noqa: S608 our own names
        f" lone AS (SELECT distributor_id, now, beside FROM new GROUP BY distributor_id, now, beside HAVING count(*) = 1 AND min(now) <> min(was))"
        f" UPDATE deals d SET {column} = new.now FROM new JOIN lone USING (distributor_id, now, beside)"
        f" WHERE d.distributor_id = new.distributor_id AND d.id = new.id"
    )


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('products', sa.Column('partners_only', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.create_check_constraint(op.f('ck_products_partners_only'), 'products', 'NOT partners_only OR programme_id IS NOT NULL')
    respell('name_key', NAME, 'country')
    respell('domain', DOMAIN, "''")


def downgrade() -> None:
    """Takes it back."""
    op.drop_constraint(op.f('ck_products_partners_only'), 'products')
    op.drop_column('products', 'partners_only')
