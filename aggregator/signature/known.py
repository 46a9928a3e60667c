"""Names that were known when version s1 of the signature shipped: the standard library's, and those of frameworks.

Written out, because what `sys` says differs between versions of Python, and a signature must not.
"""

# Top-level modules that appear in stacks; asked only for frames without a file.
STANDARD = frozenset(
    """
    abc argparse ast asyncio asyncore base64 bdb builtins bz2 calendar cmd code codecs codeop collections
    compileall concurrent configparser contextlib contextvars copy copyreg cProfile csv ctypes curses dataclasses
    datetime dbm decimal difflib dis distutils doctest email encodings ensurepip enum faulthandler filecmp
    fileinput fnmatch fractions ftplib functools gc getopt getpass gettext glob graphlib gzip hashlib heapq hmac
    html http imaplib imp importlib inspect io ipaddress itertools json linecache locale logging lzma mailbox
    marshal mimetypes mmap multiprocessing netrc ntpath numbers opcode operator optparse os pathlib pdb pickle
    pkgutil platform plistlib poplib posixpath pprint profile pstats py_compile queue quopri random re reprlib
    runpy sched secrets select selectors shelve shlex shutil signal site smtplib socket socketserver sqlite3 ssl
    stat statistics string struct subprocess symtable sys sysconfig tarfile telnetlib tempfile textwrap threading
    timeit tkinter token tokenize tomllib trace traceback tracemalloc tty types typing unicodedata unittest urllib
    uuid venv warnings wave weakref webbrowser wsgiref xml xmlrpc zipapp zipfile zipimport zlib zoneinfo
    _bootstrap _bootstrap_external _collections_abc _pydecimal _strptime _threading_local _weakrefset
    """.split()  # noqa: SIM905
)

# Packages that call the program rather than being called by it: servers, runners, task queues, middleware, tracing.
FRAMEWORKS = frozenset(
    """
    _pytest aiohttp airflow anyio apscheduler arq asgiref backoff bottle celery channels cherrypy click
    cloudpickle concurrent coverage daphne dask datadog ddtrace debugpy decorator distributed django dramatiq
    elasticapm eventlet exceptiongroup falcon fastapi fire flask flask_cors flask_login flask_sqlalchemy gevent
    greenlet grpc gunicorn huey hypercorn ipykernel ipython jinja2 joblib kombu luigi mod_wsgi mypyc newrelic
    opentelemetry outcome pluggy prefect pyramid pytest quart ray redis_rq rest_framework rq sanic scrapy
    sentry_sdk sniffio starlette starlette_context structlog tenacity tornado traitlets trio trio_typing twisted
    typer uvicorn uvloop waitress werkzeug wrapt express koa next react vue
    """.split()  # noqa: SIM905
)
