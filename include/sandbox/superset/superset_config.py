"""The configuration of the demo's Superset, which imports it; secrets from the environment."""

import os
from pathlib import Path

import pymysql

# Superset names the types of MySQL's columns by this driver, whichever it connects with.
pymysql.install_as_MySQLdb()  # type: ignore[no-untyped-call, unused-ignore]

HOME = Path(os.environ["SUPERSET_HOME"])

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}"
LANGUAGES = {
    "zh": {"flag": "cn", "name": "简体中文"},
    "en": {"flag": "us", "name": "English"},
}
BABEL_DEFAULT_LOCALE = os.environ.get("SUPERSET_LANGUAGE", "zh")
# Plain HTTP on loopback: a browser would send no cookie that is for HTTPS alone.
TALISMAN_ENABLED = False
SESSION_COOKIE_SAMESITE = "Lax"
# One process with threads: what it would share with others stays in its memory.
RATELIMIT_STORAGE_URI = "memory://"
