"""A real django-oscar shop for the session: an environment of its own, its tables made once, booted once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PINS = ROOT / "requirements" / "oscar.txt"
CACHE = ROOT / ".test-cache"
STAFF, PASSWORD = "staff", "very-secret-1"
#: What no page or API of the shop can do: its first account, and a country to send goods to.
FIRST_ROWS = f"""
import django
django.setup()
from django.contrib.auth.models import User
from oscar.core.loading import get_model
User.objects.create_superuser("{STAFF}", "staff@example.com", "{PASSWORD}")
get_model("address", "Country").objects.create(
    iso_3166_1_a2="NL", printable_name="Netherlands", is_shipping_country=True)
"""


def installed() -> Path:
    """The folder with the shop's environment and an empty shop.  Skips where it cannot be installed."""
    settings = (HERE / "shop" / "settings.py").read_bytes()
    folder = CACHE / f"oscar-{hashlib.sha256(PINS.read_bytes() + settings).hexdigest()[:16]}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "oscar.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in (
        ["venv", "--quiet", "--python", sys.executable, folder / "venv"],
        ["pip", "install", "--python", _python(folder), "--quiet", "--require-hashes", "-r", PINS],
    ):
        finished = subprocess.run(
            [uv(), *command], capture_output=True, text=True, timeout=300, check=False, env=_index()
        )
        if finished.returncode != 0:
            pytest.skip(f"django-oscar could not be installed: {finished.stderr.strip()[-300:]}")
    empty = folder / "empty"
    empty.mkdir()
    environment = _environment(empty)
    for command in (["-m", "django", "migrate", "--run-syncdb", "-v", "0"], ["-c", FIRST_ROWS]):
        subprocess.run([_python(folder), *command], env=environment, check=True, timeout=300)
    (folder / "complete").touch()


def uv() -> Path:
    """The installer beside this interpreter."""
    found = Path(sys.executable).with_name("uv")
    if not found.exists():
        pytest.skip("There is no uv beside the interpreter.")
    return found


def _index() -> dict[str, str]:
    """The environment with what pip was told about its index, which uv does not read by itself."""
    environment = dict(os.environ)
    for name, key in (("UV_DEFAULT_INDEX", "global.index-url"), ("SSL_CERT_FILE", "global.cert")):
        told = subprocess.run(
            [sys.executable, "-m", "pip", "config", "get", key], capture_output=True, text=True, check=False
        )
        if told.returncode == 0 and told.stdout.strip():
            environment.setdefault(name, told.stdout.strip())
    return environment


def _python(folder: Path) -> Path:
    return folder / "venv" / "bin" / "python"


def _environment(home: Path, *, page_size: int = 0) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "DJANGO_SETTINGS_MODULE": "shop.settings",
        "PYTHONPATH": str(HERE),
        "PYTHONWARNINGS": "ignore",
        "SHOP_HOME": str(home),
        "SHOP_SECRET": secrets.token_hex(20),
        "SHOP_PAGE_SIZE": str(page_size or ""),
    }


@contextmanager
def running_shop(home: Path, *, page_size: int = 0) -> Iterator[str]:
    """The address of a shop, a copy of the empty one unless ``home`` holds one already."""
    folder = installed()
    if not (home / "shop.sqlite3").exists():
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "empty" / "shop.sqlite3", home)
    log = home / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [_python(folder), "-m", "shop.serve"],
            env=_environment(home, page_size=page_size),
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        )
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port, f"The shop did not start: {log.read_text()[-2000:]}"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Shopkeeper:
    """Runs the shop through its own API, as staff and as its customers."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.api = f"{address}/api"
        self.staff = httpx.Client(auth=(STAFF, PASSWORD), timeout=60)

    def set_up(self) -> None:
        """A kind of product and a partner to keep stock with."""
        kind = {"name": "Tea", "slug": "tea", "track_stock": True, "requires_shipping": True}
        self._post("admin/productclasses/", kind | {"attributes": [], "options": []})
        self._post("admin/partners/", {"name": "Main store"})

    def product(self, title: str, *, code: str, price: str, stock: int) -> int:
        """A product on sale; returns its number."""
        record = {
            "partner": f"{self.api}/admin/partners/1/", "partner_sku": code, "price_currency": "EUR",
            "price": price, "num_in_stock": stock,
        }  # fmt: skip
        slug = title.lower().replace(" ", "-")
        product = {
            "product_class": "tea", "title": title, "slug": slug, "structure": "standalone", "upc": f"upc-{code}",
            "is_public": True, "stockrecords": [record], "categories": ["Drinks > Tea"],
        }  # fmt: skip
        return self._post("admin/products/", product)["id"]

    def rename(self, number: int, title: str) -> None:
        """Change a product's title."""
        self._sent("PATCH", f"admin/products/{number}/", {"title": title, "product_class": "tea"})

    def stock(self, number: int, pieces: int) -> None:
        """Count the shelf anew."""
        self._sent("PATCH", f"admin/stockrecords/{number}/", {"num_in_stock": pieces})

    def customer(self, email: str) -> str:
        """Somebody registers; returns the number of the account."""
        form = {"email": email, "password1": PASSWORD, "password2": PASSWORD}
        httpx.post(f"{self.api}/register/", json=form, timeout=60).raise_for_status()
        users = self.staff.get(f"{self.api}/admin/users/").json()
        found = users if isinstance(users, list) else users["results"]
        return next(user["url"].rstrip("/").rsplit("/", 1)[1] for user in found if user["email"] == email)

    def buys(self, email: str, basket: dict[int, int], *, voucher: str = "") -> str:
        """A customer orders; returns the number of the order."""
        with httpx.Client(auth=(email, PASSWORD), timeout=60) as buyer:
            return self._checkout(buyer, basket, {}, voucher=voucher)

    def guest_buys(self, email: str, basket: dict[int, int]) -> str:
        """Somebody without an account orders."""
        with httpx.Client(timeout=60) as buyer:
            return self._checkout(buyer, basket, {"guest_email": email})

    def _checkout(
        self, buyer: httpx.Client, basket: dict[int, int], more: dict[str, str], *, voucher: str = ""
    ) -> str:
        opened = buyer.get(f"{self.api}/basket/").json()
        for number, quantity in basket.items():
            wanted = {"url": f"{self.api}/products/{number}/", "quantity": quantity}
            buyer.post(f"{self.api}/basket/add-product/", json=wanted).raise_for_status()
        if voucher:
            given = buyer.post(f"{self.api}/basket/add-voucher/", json={"vouchercode": voucher})
            assert given.is_success, given.text
        receiver = {
            "country": f"{self.api}/countries/NL/", "first_name": "Rex", "last_name": "Receiver", "line1": "Street 1",
            "line4": "Town", "postcode": "1234 AB", "phone_number": "+31 26 370 4887",
        }  # fmt: skip
        order = {"basket": opened["url"], "shipping_address": receiver} | more
        answer = buyer.post(f"{self.api}/checkout/", json=order)
        assert answer.status_code == 200, answer.text
        return answer.json()["number"]

    def refund(self, order: str, amount: str) -> None:
        """Give money back at the desk."""
        self.staff.post(f"{self.address}/desk/{order}/refund/", json={"amount": amount}).raise_for_status()

    def voucher(self, code: str, amount: str) -> None:
        """Give a voucher out that takes a sum off."""
        self.staff.post(f"{self.address}/desk/{code}/voucher/", json={"amount": amount}).raise_for_status()

    def status(self, order: str, *statuses: str) -> None:
        """Move an order along."""
        for status in statuses:
            form = {"status": status}
            self.staff.post(f"{self.address}/desk/{order}/status/", json=form).raise_for_status()

    def order(self, number: str) -> dict[str, object]:
        """An order as the API shows it."""
        return next(o for o in self.staff.get(f"{self.api}/admin/orders/").json() if o["number"] == number)

    def delete(self, order: str) -> None:
        """Delete an order for good."""
        own = str(self.order(order)["url"])
        self.staff.delete(own).raise_for_status()

    def _post(self, path: str, content: dict[str, object]) -> dict[str, int]:
        return self._sent("POST", path, content)

    def _sent(self, method: str, path: str, content: dict[str, object]) -> dict[str, int]:
        answer = self.staff.request(method, f"{self.api}/{path}", json=content)
        assert answer.is_success, answer.text
        return answer.json()
