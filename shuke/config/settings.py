"""Django settings.  Everything an installation may change comes from ``SHUKE_*`` in the environment."""

import os
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from shuke.platform.crypto import load_keyring
from shuke.platform.observability.logs import configure_structlog, logging_config

PACKAGE = Path(__file__).resolve().parent.parent
SHUKE_HOME = Path(os.environ.get("SHUKE_HOME", "var")).resolve()
SHUKE_PUBLIC_URL = os.environ.get("SHUKE_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
#: Where senders reach the collector; empty: the console's name and its next port.
SHUKE_COLLECTOR_URL = os.environ.get("SHUKE_COLLECTOR_URL", "").rstrip("/")
SHUKE_HOME.mkdir(parents=True, exist_ok=True)

KEYRING = load_keyring(SHUKE_HOME / "keyring.json")
SECRET_KEY = KEYRING.signing_key
DEBUG = os.environ.get("SHUKE_DEBUG", "") == "1"
ALLOWED_HOSTS = os.environ.get("SHUKE_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [SHUKE_PUBLIC_URL]

LAKE_ROOT = os.environ.get("SHUKE_LAKE", str(SHUKE_HOME / "lake"))
#: Where what recommendations serve lies, one directory for each bundle.
BUNDLE_ROOT = SHUKE_HOME / "recommendations"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "shuke.platform.accounts",
    "shuke.platform.audit",
    "shuke.platform.jobs",
    "shuke.platform.outbox",
    "shuke.platform.public_data",
    "shuke.platform.retailer",
    "shuke.web",
    "shuke.apps.connections",
    "shuke.apps.members",
    "shuke.apps.collector",
    "shuke.apps.compliance",
    "shuke.apps.identity",
    "shuke.apps.commerce",
    "shuke.apps.quality",
    "shuke.apps.experiments",
    "shuke.apps.measurement",
    "shuke.apps.insights",
    "shuke.apps.audiences",
    "shuke.apps.promotions",
    "shuke.apps.loyalty",
    "shuke.apps.recommendations",
    "shuke.apps.channels",
    "shuke.apps.campaigns",
    "shuke.config",
]

MIDDLEWARE = [
    "shuke.platform.observability.middleware.RequestLog",
    "shuke.web.problems.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "shuke.web.localisation.LocalisationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "shuke.web.refusals.RefusalMiddleware",
]

ROOT_URLCONF = "shuke.config.urls"
WSGI_APPLICATION = "shuke.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shuke.config.navigation.navigation",
            ]
        },
    }
]

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("SHUKE_DATABASE_URL", f"sqlite:///{SHUKE_HOME / 'db.sqlite3'}"),
        conn_max_age=60,
        conn_health_checks=True,
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # One writer at a time, taken at BEGIN; FULL because acknowledged points must survive a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
        # What is erased is overwritten, not only let go of.
        "PRAGMA cache_size=-32000; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=ON;",
    }
# Jobs: rows with a lease on SQLite, procrastinate on PostgreSQL (docs/decisions/0030).  The queues are those of
# shuke/platform/jobs/queues.py: a task for another would wait for ever, and is refused.
_JOBS = "sqlite"
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    _JOBS = "procrastinate"
    INSTALLED_APPS.insert(0, "procrastinate.contrib.django")
    # Only statements of cursors that bind on the server: the ledger's two, which the server then plans once.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("prepare_threshold", 0)
TASKS = {"default": {"BACKEND": f"shuke.platform.jobs.{_JOBS}.Backend", "QUEUES": ["default", "long"]}}
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = None

LOGGING = logging_config(level=os.environ.get("SHUKE_LOG_LEVEL", "INFO"))
configure_structlog()
METRICS_TOKEN = os.environ.get("SHUKE_METRICS_TOKEN", "")

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CSRF_FAILURE_VIEW = "shuke.web.pages.errors.csrf_failure"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = SHUKE_HOME / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Served straight from the packages: nothing to collect, and one command is enough.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = SHUKE_HOME / "media"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-src": [SELF],
        "frame-ancestors": [SELF],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SHUKE_PUBLIC_URL.startswith("https://")
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
